"""Aggregators, resolvers, dispatchers and senders stop and die between any two calls of a port, in any order.

When all have come to rest, each target was told at most once that the alert fires and at most once that it is over, in
that order, and of the end if and only if of the firing.
"""

from collections import Counter
from collections.abc import Callable, Coroutine, Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias, TypeVar, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from alerting_core.codec.records import MESSAGE_HEADERS, encode_match
from alerting_core.delivery.ends import hold_for_firing
from alerting_core.delivery.retry import skip
from alerting_core.domain.alert import Match
from alerting_core.domain.claim import Claim, Outcome
from alerting_core.domain.delivery import DeliveryStatus, Reason
from alerting_core.domain.episode import Episode, firing_record, record_of
from alerting_core.domain.episode_report import apply
from alerting_core.domain.notification import NotificationKind, NotificationStatus
from alerting_core.domain.rule import Rule
from alerting_core.memory.clients import add_endpoint, add_rule, remove_rule
from alerting_core.memory.database import MemoryClock, MemoryDatabase
from alerting_core.memory.deliveries import MemoryDeliveryStore
from alerting_core.memory.episodes import MemoryEpisodeStore
from alerting_core.memory.log import MemoryLog
from alerting_core.memory.notifications import MemoryNotificationStore
from alerting_core.memory.stream import MemorySink, MemoryStream
from alerting_core.ports.episodes import PutResult
from alerting_core.ports.stream import ALERTS_MATCHED, ALERTS_NEW, NOTIFICATIONS_READY, Outgoing, Stream, alert_record
from alerting_core.stages.consumers import Aggregator, Dispatcher, Resolver
from alerting_core.stages.ends import EndTelling
from alerting_core.stages.loop import Wakeup
from tests.support.catalog import NOW_MS, make_client, make_endpoint, make_rule
from tests.support.episodes import make_episode, resolved
from tests.support.pipeline import LEASE_MS, accepted, given_up, to_retry

T = TypeVar("T")

MINUTE_MS: Final = 60_000
TARGETS: Final = ("takes", "fails once", "is dead")
"""What an endpoint does; all of one rule."""

Work: TypeAlias = Coroutine[Any, Any, object]


class _Turn:
    """A place where somebody may stop, for ever or until others have gone on."""

    def __await__(self) -> Generator[None]:
        yield


def stopping(port: T) -> T:
    """Return *port*, before each call of which there is such a place."""
    return cast("T", _Stopping(port))


class _Stopping:
    def __init__(self, port: Any) -> None:
        self._port = port

    def __getattr__(self, method: str) -> Callable[..., Work]:
        async def call(*args: Any, **options: Any) -> object:
            await _Turn()
            return await getattr(self._port, method)(*args, **options)

        return call


@dataclass
class World:
    """One client with one rule, which one alert meets that fires and is resolved; and all who work on that.

    Attributes:
        told: (target, kind) of each message that was taken, in their order.
        resolutions: How often the end was published.
    """

    clock: MemoryClock = field(default_factory=lambda: MemoryClock(NOW_MS))
    database: MemoryDatabase = field(default_factory=MemoryDatabase)
    told: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    tries: Counter[str] = field(default_factory=Counter[str])
    claims: int = 0
    edits: int = 0
    resolutions: int = 0

    def __post_init__(self) -> None:
        self.log = MemoryLog(clock=self.clock, partitions=1)
        self.notifications = stopping(MemoryNotificationStore(self.database))
        self.deliveries = stopping(MemoryDeliveryStore(self.database))
        self.episodes = stopping(MemoryEpisodeStore(self.database))
        self.sink = stopping(MemorySink(self.log))
        self.database.clients["acme"] = make_client()
        self.rule = make_rule()
        self.add_rule(self.rule)
        self.episode = make_episode(now_ms=NOW_MS, published_phase=1)
        self.database.episodes[self.episode.key] = self.episode
        firing = firing_record(self.episode)
        value = encode_match(Match(firing, "acme", (self.rule.rule_id,)))
        self.log.append([alert_record(firing), Outgoing(ALERTS_MATCHED, b"acme", value, MESSAGE_HEADERS)])

    def add_rule(self, rule: Rule) -> None:
        """Store a rule with an endpoint of each sort."""
        add_rule(self.database, rule)
        for target in TARGETS:
            add_endpoint(self.database, make_endpoint(rule, value=f"https://hooks.acme.io/{target}"))

    def stream(self, topic: str, group: str) -> Stream:
        return stopping(MemoryStream(self.log, topic=topic, group=group, member="m"))

    def workers(self) -> Sequence[Callable[[], Work]]:
        """Return those who do a step of their work over and over; of dispatchers two, who both do all of it."""
        telling = EndTelling(self.notifications, self.sink, self.clock)
        stages = (
            Aggregator(
                self.stream(ALERTS_MATCHED, "a"), self.notifications, self.episodes, self.clock, telling, wait_ms=0
            ),
            Resolver(self.stream(ALERTS_NEW, "r"), telling, wait_ms=0),
            *(
                Dispatcher(
                    self.stream(NOTIFICATIONS_READY, name),
                    self.notifications,
                    self.deliveries,
                    self.clock,
                    Wakeup(),
                    records_max=1,
                    wait_ms=0,
                )
                for name in ("d", "e")
            ),
        )
        return [*(stage.step for stage in stages), self.send, self.resolve, self.edit]

    async def send(self) -> None:
        """Claim one delivery, send it, and record what came of it."""
        self.claims += 1
        claims = await self.deliveries.claim_due(
            owner=str(self.claims),
            now_ms=self.clock.now_ms(),
            lease_ms=LEASE_MS,
            limit=1,
            per_host_max=1,
            hosts_excluded=(),
        )
        for claim in claims:
            outcome = skip(claim) or hold_for_firing(claim, now_ms=self.clock.now_ms()) or self._answer(claim)
            await self.deliveries.record_outcomes([outcome], now_ms=self.clock.now_ms())

    def _answer(self, claim: Claim) -> Outcome:
        target = claim.delivery.target.rpartition("/")[2]
        self.tries[claim.delivery.delivery_id] += 1
        if target == "is dead":
            return given_up(claim)
        if target == "fails once" and self.tries[claim.delivery.delivery_id] == 1:
            return to_retry(claim, at_ms=self.clock.now_ms() + MINUTE_MS)
        self.told.append((target, "both" if says_both(claim) else str(claim.notification.kind)))
        return accepted(claim)

    async def resolve(self) -> None:
        """Close the episode and publish its end; then the same alert fires anew, and nobody hears of it here."""
        stored = (await self.episodes.load([self.episode.key]))[self.episode.key]
        if stored.episode_id != self.episode.episode_id:
            return
        if stored.is_open:
            closed = apply(stored, resolved(), now_ms=self.clock.now_ms()).episode
            assert closed is not None
            if list(await self.episodes.put([closed])) != [PutResult.STORED]:
                return
            stored = closed
        await self.sink.publish([alert_record(record_of(stored))])
        self.resolutions += 1
        await self.episodes.put([_next(stored)])

    async def edit(self) -> None:
        """Give the rule an endpoint more, and in the end delete it."""
        await _Turn()
        self.edits += 1
        if self.edits == 1:
            add_endpoint(self.database, make_endpoint(self.rule, value="https://hooks.acme.io/takes late"))
        elif self.edits == 2:
            remove_rule(self.database, self.rule)

    def is_at_rest(self) -> bool:
        """Whether nothing is left to do."""
        groups = {"a": ALERTS_MATCHED, "r": ALERTS_NEW, "d": NOTIFICATIONS_READY, "e": NOTIFICATIONS_READY}
        behind = any(self.log.committed(g, t)[0] < self.log.end_offsets(t)[0] for g, t in groups.items())
        return not behind and not self.database.notifications.received and self.resolutions > 0


def says_both(claim: Claim) -> bool:
    return claim.notification.kind is NotificationKind.FIRING and claim.notification.ends_at is not None


def _next(closed: Episode) -> Episode:
    return replace(closed, episode_id="another", number=2, phase=1, version=closed.version + 1)


WORKERS: Final = 7
schedules = st.lists(st.tuples(st.integers(0, WORKERS - 1), st.integers(1, 6), st.booleans()), max_size=60)
"""Who goes on, through how many calls, and whether that one then dies."""


def run(schedule: Sequence[tuple[int, int, bool]]) -> World:
    """Let everybody work as *schedule* says, then all in turn until nothing is left to do."""
    world = World()
    workers = list(world.workers())
    under_way: dict[int, Work] = {}

    def go_on(who: int) -> None:
        if who not in under_way:
            under_way[who] = workers[who]()
        try:
            under_way[who].send(None)
        except StopIteration:
            del under_way[who]

    for who, calls, dies in schedule:
        for _ in range(calls):
            go_on(who)
        if dies and who in under_way:
            under_way.pop(who).close()
        world.clock.advance(7_000)
    rounds = 0
    while not world.is_at_rest():
        rounds += 1
        assert rounds < 2_000, "it never comes to rest"
        for who in range(WORKERS - 1):
            go_on(who)
        world.clock.advance(1_000)
    for work in under_way.values():
        work.close()
    return world


@given(schedules)
@settings(max_examples=100, deadline=None)
def test_each_target_is_told_of_the_end_if_and_only_if_of_the_firing(schedule: list[tuple[int, int, bool]]) -> None:
    world = run(schedule)
    of_target: dict[str, list[str]] = {}
    for target, kind in world.told:
        # A sender that died before it recorded the answer makes another send the same again.
        if kind not in of_target.setdefault(target, []):
            of_target[target].append(kind)
    rows = world.database.deliveries
    arrived = {row.delivery.target: row for row in rows.values() if row.delivery.status is DeliveryStatus.DELIVERED}
    for target, told in of_target.items():
        # Where the sender died, and nobody sent it again since the rule was gone, nobody knows that it had arrived.
        is_known = f"https://hooks.acme.io/{target}" in arrived
        assert told in (["FIRING", "RESOLVED"], ["both"]) if is_known else told in (["FIRING"], ["both"])
    for row in rows.values():
        if row.delivery.follows is None:
            continue
        followed = rows[row.delivery.follows].delivery
        if followed.status is DeliveryStatus.DELIVERED:
            assert row.delivery.status is DeliveryStatus.DELIVERED, row.delivery.reason
        else:
            assert row.delivery.reason in {Reason.FIRING_NOT_TOLD, Reason.ENDPOINT_DELETED}
    assert all(one.status is not NotificationStatus.RECEIVED for one in world.database.notifications.values())


def test_left_alone_everybody_who_can_be_told_is_told_of_both() -> None:
    world = run([(0, 9, False), (2, 9, False), (4, 40, False)])
    assert world.told.count(("takes", "FIRING")) == world.told.count(("takes", "RESOLVED")) == 1
    assert {target for target, _ in world.told} == {"takes", "fails once"}
