"""The unit of isolation, and its API keys: 256 random bits that are shown once and stored as a hash."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Final

from alerting_core import limits
from alerting_core.domain.text import check_id, check_text
from alerting_core.errors import Problem, ProblemCode

_STEPS_OF_A_PATH: Final = frozenset({".", ".."})
"""What RFC 3986, section 5.2.4 takes out of an address, escaped or not: browsers never ask for such a client."""


@dataclass(frozen=True, slots=True)
class Client:
    """One tenant.

    Attributes:
        client_id: Chosen by the operator, 1 to 255 characters, never changes.
        name: For people.
    """

    client_id: str
    name: str
    created_at_ms: int
    updated_at_ms: int


def check_client(client_id: object, name: object) -> tuple[Problem, ...]:
    """Return all that is wrong with a new client; empty when it can be stored."""
    return (
        *check_new_client_id("client_id", client_id),
        *check_text("name", name, chars_max=limits.ID_CHARS_MAX),
    )


def check_new_client_id(path: str, client_id: object) -> Iterator[Problem]:
    """Yield what keeps *client_id* from being the id of a new client.

    Stricter than what streams take for the id of a client: one that is there already stays as it is.
    """
    yield from check_id(path, client_id, chars_max=limits.ID_CHARS_MAX)
    if isinstance(client_id, str) and client_id in _STEPS_OF_A_PATH:
        detail = "must not be . or .. alone: in an address these are steps, so that no browser could open the client"
        yield Problem(path, ProblemCode.RESERVED, detail)


KEY_PREFIX: Final = "alk_"
"""Marks a key, so that secret scanners and people recognise one."""

KEY_USE_MS: Final = 60_000
"""How exactly it is known when a key was last used: one write a minute, however busy it is."""


class KeyScope(StrEnum):
    """What a key allows. `admin` allows everything; without a client it does so for all clients."""

    ALERTS_WRITE = "alerts:write"
    ALERTS_READ = "alerts:read"
    """Shared alerts that did not notify the client; its own, and those that did, its other keys that read see too."""
    RULES_READ = "rules:read"
    RULES_WRITE = "rules:write"
    NOTIFICATIONS_READ = "notifications:read"
    NOTIFICATIONS_RESEND = "notifications:resend"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key as it is kept: everything but the key itself.

    Attributes:
        client_id: The client that the key is for; None for an operator's key, which sees all clients.
        prefix: The first `limits.KEY_SHOWN_CHARS` characters after `alk_`, so that people can tell keys apart.
        hash: SHA-256 of the key's text.
        last_used_at_ms: When it last opened something, to within `KEY_USE_MS`; None: never.
    """

    key_id: str
    client_id: str | None
    name: str
    prefix: str
    hash: bytes = field(repr=False)
    scopes: frozenset[KeyScope]
    created_at_ms: int
    expires_at_ms: int | None = None
    revoked_at_ms: int | None = None
    last_used_at_ms: int | None = None

    def is_valid(self, *, now_ms: int) -> bool:
        """Whether the key opens anything at *now_ms*: neither revoked nor expired."""
        return self.revoked_at_ms is None and (self.expires_at_ms is None or now_ms < self.expires_at_ms)

    def is_use_news(self, *, now_ms: int) -> bool:
        """Whether a use at *now_ms* is worth recording. Never one before the use that is recorded."""
        return self.last_used_at_ms is None or now_ms - self.last_used_at_ms >= KEY_USE_MS

    def allows(self, scope: KeyScope) -> bool:
        """Whether the key may be used for *scope*."""
        return KeyScope.ADMIN in self.scopes or scope in self.scopes


def format_key(random_bytes: bytes) -> str:
    """Return the text of the key that *random_bytes* (`limits.KEY_BYTES` of them) make."""
    assert len(random_bytes) == limits.KEY_BYTES, "a key is made of 256 bits"
    return KEY_PREFIX + urlsafe_b64encode(random_bytes).rstrip(b"=").decode()


def hash_key(text: str) -> bytes:
    """Return what is stored of a key. A plain hash is enough for 256 random bits: there is nothing to guess."""
    return sha256(text.encode(errors="surrogatepass")).digest()


def shown_prefix(text: str) -> str:
    """Return the part of a key that lists may show."""
    return text.removeprefix(KEY_PREFIX)[: limits.KEY_SHOWN_CHARS]


def check_given_key(text: str) -> Iterator[Problem]:
    """Yield what keeps *text* from being an operator's key that was chosen by hand."""
    if not limits.GIVEN_KEY_CHARS_MIN <= len(text) <= limits.ID_CHARS_MAX:
        detail = f"must have {limits.GIVEN_KEY_CHARS_MIN} to {limits.ID_CHARS_MAX} characters"
        yield Problem("", ProblemCode.OUT_OF_RANGE, detail)
    if any(not 0x21 <= ord(c) <= 0x7E for c in text):
        yield Problem("", ProblemCode.CONTROL_CHARACTER, "must be visible ASCII characters without blanks")


def check_key(name: object, scopes: object, *, expires_at_ms: int | None, now_ms: int) -> tuple[Problem, ...]:
    """Return all that is wrong with a new key; empty when it can be made."""
    return tuple(_problems(name, scopes, expires_at_ms, now_ms))


def _problems(name: object, scopes: object, expires_at_ms: int | None, now_ms: int) -> Iterator[Problem]:
    yield from check_text("name", name, chars_max=limits.ID_CHARS_MAX)
    allowed = ", ".join(KeyScope)
    if not isinstance(scopes, (list, tuple, set, frozenset)):
        yield Problem("scopes", ProblemCode.WRONG_TYPE, f"expected a list of {allowed}")
        return
    listed: list[object] = list(scopes)  # pyright: ignore[reportUnknownArgumentType]
    if not listed:
        yield Problem("scopes", ProblemCode.EMPTY, f"name at least one of {allowed}")
    for index, scope in enumerate(listed):
        if scope not in tuple(KeyScope):
            yield Problem(f"scopes[{index}]", ProblemCode.UNKNOWN_VALUE, f"must be one of {allowed}")
    if expires_at_ms is not None and not now_ms < expires_at_ms <= limits.TIME_MS_MAX:
        yield Problem("expires_at", ProblemCode.OUT_OF_RANGE, "must be in the future and before the year 10000")
