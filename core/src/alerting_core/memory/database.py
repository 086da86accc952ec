"""The tables that all memory adapters share, how pages are taken of them, and time and ids that are set by hand."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from dataclasses import dataclass, field
from heapq import nlargest, nsmallest
from random import Random
from typing import TypeVar
from uuid import UUID

from alerting_core.domain.alert import AlertKey
from alerting_core.domain.client import ApiKey, Client
from alerting_core.domain.delivery import Attempt, Delivery, DeliveryStatus
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.episode import Episode, EpisodeKey
from alerting_core.domain.notification import Notification, NotificationKind, NotificationStatus
from alerting_core.domain.rule import Rule
from alerting_core.memory.due import ClientHost, DueIndex
from alerting_core.ports import catalog
from alerting_core.ports.history import StoredAlert
from alerting_core.ports.idempotency import Answer


class MemoryClock:
    """A clock that stands still until somebody moves it, in either direction."""

    def __init__(self, now_ms: int = 0) -> None:
        self._now_ms = now_ms
        self._monotonic_ms = 0.0

    def now_ms(self) -> int:
        """Return the present time in unix milliseconds."""
        return self._now_ms

    def monotonic_ms(self) -> float:
        """Return the milliseconds by which the clock was advanced so far; jumps do not count."""
        return self._monotonic_ms

    def set(self, now_ms: int) -> None:
        """Let the wall clock jump to *now_ms*."""
        self._now_ms = now_ms

    def advance(self, ms: int) -> None:
        """Let *ms* pass; when negative, let the wall clock jump back by as much."""
        self._now_ms += ms
        self._monotonic_ms += max(0, ms)


class SeededIds:
    """Source of identity that is as unguessable as its seed: for worlds that nobody attacks."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def new_uuid(self) -> str:
        """Return a fresh UUID, version 4."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def new_bytes(self, count: int) -> bytes:
        """Return *count* bytes."""
        return self._random.randbytes(count)


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery with its lease. `due_at_ms` is None once it is final; a lease moves it to the lease's end."""

    delivery: Delivery
    due_at_ms: int | None
    lease_owner: str | None = None


class NotificationTable(MutableMapping[str, Notification]):
    """Notifications by id, in the order in which they were first stored.

    Attributes:
        received: Ids of those that are RECEIVED.
        firing: Alert with a life → ids of the FIRING ones that it led to.
        by_status: How many each client has of each status.
    """

    def __init__(self) -> None:
        self._rows: dict[str, Notification] = {}
        self.received: dict[str, None] = {}
        self.firing: dict[AlertKey, dict[str, None]] = {}
        self.by_status = Counter[tuple[str, NotificationStatus]]()

    def __getitem__(self, notification_id: str) -> Notification:
        return self._rows[notification_id]

    def __setitem__(self, notification_id: str, row: Notification) -> None:
        if (old := self._rows.get(notification_id)) is not None:
            self.by_status[old.client_id, old.status] -= 1
        self._rows[notification_id] = row
        self.by_status[row.client_id, row.status] += 1
        if row.status is NotificationStatus.RECEIVED:
            self.received[notification_id] = None
        else:
            self.received.pop(notification_id, None)
        if row.has_life and row.kind is NotificationKind.FIRING:
            self.firing.setdefault(row.alert_key, {})[notification_id] = None

    def __delitem__(self, notification_id: str) -> None:
        row = self._rows.pop(notification_id)
        self.by_status[row.client_id, row.status] -= 1
        self.received.pop(notification_id, None)
        of_alert = self.firing.get(row.alert_key, {})
        of_alert.pop(notification_id, None)
        if not of_alert:
            self.firing.pop(row.alert_key, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


class DeliveryTable(MutableMapping[str, DeliveryRow]):
    """Deliveries by id, in the order in which they were first stored.

    Attributes:
        open: How many are not final.
        due: The order in which those that are not final come up.
        leased: Ids of those that somebody holds, or held until the lease ran out.
        by_status: How many each client has of each status.
    """

    def __init__(self) -> None:
        self._rows: dict[str, DeliveryRow] = {}
        self.open = 0
        self.leased: dict[str, None] = {}
        self.by_status = Counter[tuple[str, DeliveryStatus]]()
        self.due = DueIndex(self._place_of)

    def __getitem__(self, delivery_id: str) -> DeliveryRow:
        return self._rows[delivery_id]

    def __setitem__(self, delivery_id: str, row: DeliveryRow) -> None:
        assert (row.due_at_ms is None) == row.delivery.status.is_final, "a delivery is due until it is final"
        old = self._rows.get(delivery_id)
        old_due_at_ms = None if old is None else old.due_at_ms
        if old is not None:
            self.by_status[old.delivery.client_id, old.delivery.status] -= 1
        self._rows[delivery_id] = row
        self.by_status[row.delivery.client_id, row.delivery.status] += 1
        self.open += (row.due_at_ms is not None) - (old_due_at_ms is not None)
        if row.lease_owner is None:
            self.leased.pop(delivery_id, None)
        else:
            self.leased[delivery_id] = None
        if row.due_at_ms is not None and row.due_at_ms != old_due_at_ms:
            self.due.put(delivery_id, row.due_at_ms)
        self.due.shrink(self.open)

    def __delitem__(self, delivery_id: str) -> None:
        row = self._rows.pop(delivery_id)
        self.leased.pop(delivery_id, None)
        self.by_status[row.delivery.client_id, row.delivery.status] -= 1
        self.open -= row.due_at_ms is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def _place_of(self, delivery_id: str) -> ClientHost | None:
        row = self._rows.get(delivery_id)
        return None if row is None else (row.due_at_ms, row.delivery.client_id, row.delivery.host)


class EpisodeTable(MutableMapping[EpisodeKey, Episode]):
    """The latest episode of each identity, in the order in which identities were first stored.

    Attributes:
        open: Keys of those that are open.
        unpublished: Keys of those with records that the log lacks.
    """

    def __init__(self) -> None:
        self._rows: dict[EpisodeKey, Episode] = {}
        self.open: dict[EpisodeKey, None] = {}
        self.unpublished: dict[EpisodeKey, None] = {}

    def __getitem__(self, key: EpisodeKey) -> Episode:
        return self._rows[key]

    def __setitem__(self, key: EpisodeKey, row: Episode) -> None:
        self._rows[key] = row
        for keys, holds in ((self.open, row.is_open), (self.unpublished, not row.is_published)):
            if holds:
                keys[key] = None
            else:
                keys.pop(key, None)

    def __delitem__(self, key: EpisodeKey) -> None:
        del self._rows[key]
        self.open.pop(key, None)
        self.unpublished.pop(key, None)

    def __iter__(self) -> Iterator[EpisodeKey]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


T = TypeVar("T")


def newest_first(
    listed: str, items: Iterable[T], key_of: Callable[[T], catalog.TimeKey], page: catalog.PageRequest
) -> catalog.Page[T]:
    """Return the page of *items* in falling order of their keys."""
    after = None if page.cursor is None else catalog.decode_time_cursor(listed, page.cursor)
    rest = (item for item in items if after is None or key_of(item) < after)
    return _latest(rest, key_of, page, lambda last: catalog.encode_time_cursor(listed, last))


def newest_first_of_owners(
    listed: str, items: Iterable[T], key_of: Callable[[T], catalog.OwnedKey], page: catalog.PageRequest
) -> catalog.Page[T]:
    """Return the page of *items*, whose ids are in the name spaces of owners, in falling order of their keys."""
    after = None if page.cursor is None else catalog.decode_owned_cursor(listed, page.cursor)
    rest = (item for item in items if after is None or key_of(item) < after)
    return _latest(rest, key_of, page, lambda last: catalog.encode_owned_cursor(listed, last))


KeyT = TypeVar("KeyT", catalog.TimeKey, catalog.OwnedKey)


def _latest(
    items: Iterable[T], key_of: Callable[[T], KeyT], page: catalog.PageRequest, encode: Callable[[KeyT], str]
) -> catalog.Page[T]:
    chosen = nlargest(page.limit + 1, items, key=key_of)
    items_of_page = chosen[: page.limit]
    return catalog.Page(items_of_page, encode(key_of(items_of_page[-1])) if len(chosen) > page.limit else None)


def in_text_order(
    listed: str, items: Iterable[T], key_of: Callable[[T], str], page: catalog.PageRequest
) -> catalog.Page[T]:
    """Return the page of *items* in the order of their keys' code points."""
    after = None if page.cursor is None else catalog.decode_text_cursor(listed, page.cursor)
    rest = (item for item in items if after is None or key_of(item) > after)
    chosen = nsmallest(page.limit + 1, rest, key=key_of)
    items_of_page = chosen[: page.limit]
    more = len(chosen) > page.limit
    return catalog.Page(items_of_page, catalog.encode_text_cursor(listed, key_of(items_of_page[-1])) if more else None)


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One row of the outbox: rule *rule_id* of *client_id* changed; versions count from 1 without gaps.

    Attributes:
        rule_updated_at_ms: Of the rule as it is now; of a deleted one, as it last was.
    """

    version: int
    client_id: str
    rule_id: str
    action: int
    rule_version: int
    rule_updated_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What is kept by an Idempotency-Key; without an answer, the request is under way."""

    request_hash: bytes
    begun_at_ms: int
    answer: Answer | None = None


@dataclass(slots=True)
class MemoryDatabase:
    """All tables, each keyed by its id. Adapters keep the `*_of_*` look-ups in step with the tables.

    Rows are frozen: a change is the assignment of a new row, by which the tables keep their own indexes.
    """

    clients: dict[str, Client] = field(default_factory=dict[str, Client])
    keys: dict[str, ApiKey] = field(default_factory=dict[str, ApiKey])
    rules: dict[str, Rule] = field(default_factory=dict[str, Rule])
    rules_of_client: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])
    endpoints: dict[str, Endpoint] = field(default_factory=dict[str, Endpoint])
    endpoints_of_rule: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])
    retired_endpoints: dict[str, Endpoint] = field(default_factory=dict[str, Endpoint])
    notifications: NotificationTable = field(default_factory=NotificationTable)
    deliveries: DeliveryTable = field(default_factory=DeliveryTable)
    deliveries_of_notification: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])
    attempts_of_delivery: dict[str, dict[str, Attempt]] = field(default_factory=dict[str, dict[str, Attempt]])
    senders_present: set[str] = field(default_factory=set[str])
    outbox: list[RuleChange] = field(default_factory=list[RuleChange])
    outbox_published: set[int] = field(default_factory=set[int])
    episodes: EpisodeTable = field(default_factory=EpisodeTable)
    alerts: dict[AlertKey, StoredAlert] = field(default_factory=dict[AlertKey, StoredAlert])
    answers: dict[tuple[str, str], KeptAnswer] = field(default_factory=dict[tuple[str, str], KeptAnswer])
