"""What clients and operators edit: clients, rules, endpoints, API keys; and the pages in which it is listed.

A page says who is asking and how much, and has an opaque cursor where the next one begins. All that is given to a store
has been checked.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

from alerting_core import limits
from alerting_core.codec.records import is_uuid
from alerting_core.domain.client import ApiKey, Client
from alerting_core.domain.endpoint import Endpoint, EndpointType
from alerting_core.domain.rule import Catches, Pattern, Rule
from alerting_core.domain.text import is_storable
from alerting_core.errors import InvalidInput, Problem, ProblemCode

T = TypeVar("T")

Scope: TypeAlias = str | None
"""The client on whose behalf a call is made; None: an operator, who sees all clients. Another client's objects do not
exist for a scope: they are not listed, and asking for one is `NotFound`."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list: at most `limit` items after the opaque `cursor` of the page before."""

    limit: int
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items in a stable order; `next_cursor` is None on the last page.

    Walking the pages visits every item that existed throughout exactly once, whatever is added or removed meanwhile.
    """

    items: Sequence[T]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class TimeKey:
    """Sort key of the lists that run newest first: creation, then id (a UUID)."""

    at_ms: int
    id: str


@dataclass(frozen=True, slots=True, order=True)
class OwnedKey:
    """Sort key of a list that runs newest first, of what has its id in the name space of an owner: creation, then id.

    Attributes:
        owner: client_id; empty for what is shared.
    """

    at_ms: int
    id: str
    owner: str


PARTITIONS_END: Final = 1 << 31
OFFSETS_END: Final = 1 << 63
"""What no partition and no offset reaches: the widths that Kafka and Postgres give them."""


@dataclass(frozen=True, slots=True, order=True)
class PlaceKey:
    """Sort key of records of several topics, newest first: time, then place."""

    at_ms: int
    topic: str
    partition: int
    offset: int


def encode_time_cursor(listed: str, key: TimeKey) -> str:
    """Return the cursor that continues the list *listed* (`rules`, `endpoints`, …) after *key*."""
    return _encode_cursor([listed, key.at_ms, key.id])


def decode_time_cursor(listed: str, cursor: str) -> TimeKey:
    """Return where *cursor* continues the list *listed*. Raises InvalidInput for anything not made for it."""
    match _decode_cursor(cursor):
        case [str(name), int(at_ms), str(item_id)] if (
            name == listed and 0 <= at_ms <= limits.TIME_MS_MAX and is_uuid(item_id)
        ):
            return TimeKey(at_ms, item_id)
        case _:
            raise _invalid_cursor()


def encode_owned_cursor(listed: str, key: OwnedKey) -> str:
    """Return the cursor that continues the list *listed* after *key*."""
    return _encode_cursor([listed, key.at_ms, key.id, key.owner])


def decode_owned_cursor(listed: str, cursor: str) -> OwnedKey:
    """Return where *cursor* continues a list by owned keys. Raises InvalidInput like `decode_time_cursor`."""
    match _decode_cursor(cursor):
        case [str(name), int(at_ms), str(item_id), str(owner)] if (
            name == listed
            and 0 <= at_ms <= limits.TIME_MS_MAX
            and max(len(item_id), len(owner)) <= limits.ID_CHARS_MAX
            and is_storable(item_id + owner)
        ):
            return OwnedKey(at_ms, item_id, owner)
        case _:
            raise _invalid_cursor()


def encode_place_cursor(listed: str, key: PlaceKey) -> str:
    """Return the cursor that continues the list *listed* of records after *key*."""
    return _encode_cursor([listed, key.at_ms, key.topic, key.partition, key.offset])


def decode_place_cursor(listed: str, cursor: str) -> PlaceKey:
    """Return after which record *cursor* continues the list. Raises InvalidInput like `decode_time_cursor`."""
    match _decode_cursor(cursor):
        case [str(name), int(at_ms), str(topic), int(partition), int(offset)] if (
            name == listed
            and 0 <= at_ms <= limits.TIME_MS_MAX
            and is_storable(topic)
            and 0 <= partition < PARTITIONS_END
            and 0 <= offset < OFFSETS_END
        ):
            return PlaceKey(at_ms, topic, partition, offset)
        case _:
            raise _invalid_cursor()


def encode_text_cursor(listed: str, key: str) -> str:
    """Return the cursor that continues a list in text order after *key*."""
    return _encode_cursor([listed, key])


def decode_text_cursor(listed: str, cursor: str) -> str:
    """Return after which text *cursor* continues the list *listed*. Raises InvalidInput like `decode_time_cursor`."""
    match _decode_cursor(cursor):
        case [str(name), str(key)] if name == listed and len(key) <= limits.ID_CHARS_MAX and is_storable(key):
            return key
        case _:
            raise _invalid_cursor()


_CHECKSUM_BYTES: Final = 6


def _encode_cursor(parts: list[str | int]) -> str:
    payload = json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()
    return urlsafe_b64encode(_checksum(payload) + payload).rstrip(b"=").decode()


def _decode_cursor(cursor: str) -> object:
    if not cursor.isascii() or len(cursor) > limits.CURSOR_CHARS_MAX:
        raise _invalid_cursor()
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError as error:
        raise _invalid_cursor() from error
    # Decoding skips foreign characters and loose bits; only what encodes to the same text again was made here.
    if urlsafe_b64encode(raw).rstrip(b"=").decode() != cursor or raw[:_CHECKSUM_BYTES] != _checksum(
        raw[_CHECKSUM_BYTES:]
    ):
        raise _invalid_cursor()
    try:
        return json.loads(raw[_CHECKSUM_BYTES:])
    except ValueError as error:
        raise _invalid_cursor() from error


def _checksum(payload: bytes) -> bytes:
    return blake2b(payload, digest_size=_CHECKSUM_BYTES, person=b"cursor").digest()


def _invalid_cursor() -> InvalidInput:
    detail = "is not a cursor of this list: pass next_cursor of the page before as it is, or none for the first page"
    return InvalidInput([Problem("cursor", ProblemCode.UNKNOWN_VALUE, detail)])


@dataclass(frozen=True, slots=True)
class RuleFilter:
    """Narrows a list of rules; None leaves a field open. `text` is found in source or name, case-insensitively."""

    client_id: str | None = None
    severity: str | None = None
    enabled: bool | None = None
    text: str | None = None
    catches: Catches | None = None


@dataclass(frozen=True, slots=True)
class EndpointFilter:
    """Narrows a list of endpoints; None leaves a field open."""

    client_id: str | None = None
    rule_id: str | None = None
    type: EndpointType | None = None
    enabled: bool | None = None


class ClientStore(Protocol):
    """Clients, in client_id order."""

    async def create(self, client: Client) -> Client:
        """Store a new client. Raises Conflict when the client_id is taken."""
        ...

    async def get(self, scope: Scope, client_id: str) -> Client:
        """Return one client. Raises NotFound."""
        ...

    async def list(self, scope: Scope, page: PageRequest, *, text: str | None = None) -> Page[Client]:
        """Return a page of clients; `text` is found in client_id or name, case-insensitively."""
        ...

    async def rename(self, client_id: str, name: str, *, now_ms: int) -> Client:
        """Change the name. Raises NotFound."""
        ...

    async def delete(self, client_id: str, *, now_ms: int) -> None:
        """Delete the client with all that it owns; its rules match no more. Raises NotFound."""
        ...


CATCH_ALLS_EXCEEDED: Final = (
    f"there are {limits.CATCH_ALL_RULES_MAX} rules that catch everything or what is unmatched already, "
    "as many as the platform has for all clients together: each of them notifies of every alert that it meets"
)
"""What the stores say with a `LimitExceeded`."""


class RuleStore(Protocol):
    """Rules, newest first (created_at, then rule_id)."""

    async def create(self, rule: Rule, *, by_operator: bool = False) -> Rule:
        """Store a new rule; one that catches more than its pattern for an operator alone.

        Raises Conflict for a second rule with the same fields, NotFound without its client, LimitExceeded beyond
        `limits.RULES_PER_CLIENT_MAX`, and `limits.CATCH_ALL_RULES_MAX` for all clients together.
        """
        ...

    async def get(self, scope: Scope, rule_id: str) -> Rule:
        """Return one rule. Raises NotFound."""
        ...

    async def list(self, scope: Scope, page: PageRequest, where: RuleFilter) -> Page[Rule]:
        """Return a page of rules."""
        ...

    async def all_of(self, client_id: str) -> Sequence[Rule]:
        """Return every rule of one client, disabled ones included (at most `limits.RULES_PER_CLIENT_MAX`)."""
        ...

    async def having(self, patterns: Collection[Pattern]) -> Mapping[Pattern, Rule]:
        """Return, of the ordinary rules of all clients, for each of *patterns* one enabled rule with just this pattern.

        A pattern that no rule has is left out. For operators: it looks beyond any client.
        """
        ...

    async def replace(self, scope: Scope, rule: Rule, *, expected_version: int | None) -> Rule:
        """Store *rule* in the place of the one with its id, its version raised, and return what is stored now.

        The fields named in `domain.rule.KEPT_OF_RULE` stay as they are stored.
        None for *expected_version* takes whatever version is stored. Raises NotFound, VersionConflict, Conflict,
        LimitExceeded for one rule too many that catches more than its pattern.
        """
        ...

    async def delete(self, scope: Scope, rule_id: str, *, expected_version: int | None, now_ms: int) -> None:
        """Delete the rule and its endpoints. Raises NotFound, VersionConflict.

        What senders need of an endpoint to tell the end of an alert that was told through it is kept until that is
        done, for `limits.RETIRED_ENDPOINT_KEPT_MS` at most; people do not see it any more.
        """
        ...


class EndpointStore(Protocol):
    """Endpoints, newest first (created_at, then endpoint_id)."""

    async def create(self, scope: Scope, endpoint: Endpoint) -> Endpoint:
        """Store a new endpoint. Raises NotFound without its rule, Conflict for the same type and value on one rule,
        LimitExceeded beyond `limits.ENDPOINTS_PER_RULE_MAX`."""
        ...

    async def get(self, scope: Scope, endpoint_id: str) -> Endpoint:
        """Return one endpoint with its secret. Raises NotFound."""
        ...

    async def list(self, scope: Scope, page: PageRequest, where: EndpointFilter) -> Page[Endpoint]:
        """Return a page of endpoints."""
        ...

    async def replace(self, scope: Scope, endpoint: Endpoint, *, expected_version: int | None) -> Endpoint:
        """Store *endpoint* in the place of the one with its id, its version raised, and return what is stored now.

        The fields named in `domain.endpoint.KEPT_OF_ENDPOINT` stay as they are stored.

        Raises NotFound, VersionConflict, Conflict.
        """
        ...

    async def delete(self, scope: Scope, endpoint_id: str, *, expected_version: int | None) -> None:
        """Delete the endpoint. Raises NotFound, VersionConflict."""
        ...


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a bulk load stored; what was there already is not counted."""

    clients: int
    rules: int
    endpoints: int


Progress: TypeAlias = Callable[[Loaded], None]
"""Told what has been stored so far, after each part of a bulk load."""


class BulkLoader(Protocol):
    """Test data by the hundred thousand. Everything given here has been checked before, also against the limits."""

    async def load(
        self,
        clients: Iterable[Client],
        rules: Iterable[Rule],
        endpoints: Iterable[Endpoint],
        *,
        beside_other_data: bool = False,
        progress: Progress | None = None,
    ) -> Loaded:
        """Store what is not stored yet, clients first, `limits.BULK_ROWS_MAX` rows at a time.

        Evaluators learn of the new rules as of any other change. Loading the same again stores nothing, so that a load
        that was cut off is finished by repeating it. Raises Conflict, before anything is stored, when there are clients
        that are not among *clients*, unless *beside_other_data*.
        """
        ...


class KeyStore(Protocol):
    """Keys by their hash; the key itself is never stored."""

    async def create(self, key: ApiKey) -> ApiKey:
        """Store a new key. Raises Conflict when its hash is stored already, NotFound without its client."""
        ...

    async def list(self, scope: Scope, page: PageRequest) -> Page[ApiKey]:
        """Return a page of keys, newest first (created_at, then key_id), revoked ones included."""
        ...

    async def revoke(self, scope: Scope, key_id: str, *, now_ms: int) -> ApiKey:
        """Mark the key revoked; a key revoked before keeps its first time. Raises NotFound."""
        ...

    async def find_by_hash(self, key_hash: bytes) -> ApiKey | None:
        """Return the key with this hash, revoked or expired ones too; None when there is none."""
        ...

    async def note_use(self, key_id: str, *, now_ms: int) -> None:
        """Record that the key was used, where that is news (`ApiKey.is_use_news`); pass over a key that is gone."""
        ...

    async def operators(self) -> Sequence[ApiKey]:
        """Return the keys without a client that have the scope `admin` and are not revoked."""
        ...
