"""What clients and operators edit: clients, rules, endpoints, API keys. All that is given here has been checked."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from alerting_core.domain.client import ApiKey, Client
from alerting_core.domain.endpoint import Endpoint, EndpointType
from alerting_core.domain.rule import Rule
from alerting_core.ports.paging import Page, PageRequest, Scope


@dataclass(frozen=True, slots=True)
class RuleFilter:
    """Narrows a list of rules; None leaves a field open. `text` is found in source or name, case-insensitively."""

    client_id: str | None = None
    severity: str | None = None
    enabled: bool | None = None
    text: str | None = None


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


class RuleStore(Protocol):
    """Rules, newest first (created_at, then rule_id)."""

    async def create(self, rule: Rule) -> Rule:
        """Store a new rule. Raises Conflict for a second rule with the same fields, NotFound without its client,
        LimitExceeded beyond `limits.RULES_PER_CLIENT_MAX`."""
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

    async def replace(self, scope: Scope, rule: Rule, *, expected_version: int | None) -> Rule:
        """Store *rule* in the place of the one with its id, its version raised, and return what is stored now.

        The fields named in `domain.rule.KEPT_FIELDS` stay as they are stored.
        None for *expected_version* takes whatever version is stored. Raises NotFound, VersionConflict, Conflict.
        """
        ...

    async def delete(self, scope: Scope, rule_id: str, *, expected_version: int | None, now_ms: int) -> None:
        """Delete the rule and its endpoints. Raises NotFound, VersionConflict."""
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

        The fields named in `domain.endpoint.KEPT_FIELDS` stay as they are stored.

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
