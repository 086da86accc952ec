"""Edits of rules reach every evaluator process, and none ever works with a part of the rules."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import count

import pytest
from redis.asyncio import Redis

from alerting_backend.adapters.kafka.topics import PARTITIONS_DEFAULT
from alerting_backend.adapters.postgres.catalog.rule_distribution import PgRuleSource
from alerting_backend.adapters.postgres.catalog.rules import PgBulkLoader, PgRuleStore
from alerting_backend.adapters.postgres.connection import open_pools
from alerting_core.domain.alert import Alert, Severity
from alerting_core.domain.rule import Rule
from alerting_core.matching.reference import match_by_nested_loop
from tests.support.catalog import make_client
from tests.support.distributed import API, DistributedPlatform, PlatformPart, Servers
from tests.support.patience import END_SECONDS_MAX
from tests.support.rule_edits import CLIENTS, NAMES, SOURCE, Editor, kept_rules, open_editor, what_is_wrong
from tests.support.rule_effect import EDITS, follow_edits, rule_that_always_matches
from tests.support.rule_probe import Probe, open_probe

pytestmark = [pytest.mark.integration, pytest.mark.slow]

SEED = 20_260_103
FLUSHES = 10
RESTARTS = (2, 5)
"""After which of them an evaluator is started anew, while there is nothing in Redis."""

BETWEEN_SECONDS_MAX = 3.0
ROUND_SECONDS = 0.04
"""Between two rounds of alerts, one for each partition."""

IN_STEP_SECONDS_MAX = 90.0


@pytest.fixture
async def kept(platform: DistributedPlatform) -> Sequence[Rule]:
    """Load clients with rules that nobody edits."""
    rules = kept_rules()
    async with open_pools(platform.database, size_max=1) as pools:
        await PgBulkLoader(pools).load([make_client(client_id) for client_id in CLIENTS], rules, ())
    return rules


class Flow:
    """Alerts for every partition, again and again, like those that rules are edited for."""

    def __init__(self, probe: Probe, editor: Editor | None, dice: random.Random) -> None:
        self.sent: list[Alert] = []
        self._probe, self._editor, self._dice = probe, editor, dice
        self._numbers: Iterator[int] = count(1)

    async def round(self) -> None:
        """Send one alert to each partition, and read what has come out so far."""
        edited = [name for _, _, name in self._editor.questions[-6:]] if self._editor else []
        alerts = {
            partition: [
                Alert(
                    f"alert-{next(self._numbers)}",
                    self._dice.choice(list(Severity)),
                    SOURCE,
                    self._dice.choice([*NAMES, *edited]),
                    event_ts=int(time.time()),
                )
            ]
            for partition in range(PARTITIONS_DEFAULT)
        }
        await self._probe.put(alerts)
        self.sent += [alert for (alert,) in alerts.values()]
        await self._probe.read()

    async def until_all_came_out(self) -> None:
        """Wait until every alert has led to a match of each client."""
        missing = {(alert.alert_id, client_id) for alert in self.sent for client_id in CLIENTS}
        missing -= {(one.match.alert.alert_id, one.match.client_id) for one in self._probe.seen}
        async with asyncio.timeout(IN_STEP_SECONDS_MAX):
            while missing:
                missing -= {(one.match.alert.alert_id, one.match.client_id) for one in await self._probe.read()}


@asynccontextmanager
async def going_on(*steps: Callable[[], Awaitable[None]], pause_seconds: float) -> AsyncIterator[None]:
    """Run steps again and again meanwhile, each in a task of its own."""
    stop = asyncio.Event()

    async def run(step: Callable[[], Awaitable[None]]) -> None:
        while not stop.is_set():
            await step()
            await asyncio.sleep(pause_seconds)

    async with asyncio.TaskGroup() as tasks:
        for step in steps:
            tasks.create_task(run(step))
        try:
            yield
        finally:
            stop.set()


async def restart(evaluator: PlatformPart) -> None:
    """Let an evaluator leave, and begin anew."""
    assert await asyncio.to_thread(partial(evaluator.stop, signal.SIGTERM, seconds_max=END_SECONDS_MAX)) == 0
    evaluator.spawn()


async def rules_in_postgres(platform: DistributedPlatform) -> Sequence[Rule]:
    """Return all enabled rules."""
    async with open_pools(platform.database, size_max=1) as pools:
        return (await PgRuleSource(pools.worker).snapshot()).rules


def reloads(evaluator: PlatformPart) -> int:
    """Return how often a process has loaded all rules since it was started."""
    return sum(event.get("rules_reloaded", 0) for event in evaluator.events("batch_committed"))


def has_loaded_again(evaluator: PlatformPart, before: int) -> bool:
    """Tell whether a process has loaded all rules once more than *before*."""
    return reloads(evaluator) > before


@pytest.mark.timeout(300)
async def test_every_edit_through_the_api_counts_in_every_evaluator(
    platform: DistributedPlatform, kept: Sequence[Rule]
) -> None:
    client_id = CLIENTS[0]
    always = rule_that_always_matches(client_id)
    async with open_pools(platform.database, size_max=1) as pools:
        await PgRuleStore(pools).create(always)
    await asyncio.to_thread(platform.start, "rule-updater", "relay", API, "evaluator", "evaluator")
    async with open_probe(platform.kafka) as probe, open_editor(platform.of(API), seed=SEED) as editor:
        done = [effect for number in range(3) async for effect in follow_edits(editor.http, probe, client_id, number)]
    assert [effect.edit for effect in done] == [*EDITS] * 3
    assert await rules_in_postgres(platform) != []
    # By deltas: nothing was loaded as a whole but at the start.
    assert [reloads(evaluator) for evaluator in platform.parts["evaluator"]] == [1, 1]
    print(f"\n{[f'{effect.edit} {effect.took_ms:.0f} ms' for effect in done]}")


@pytest.mark.timeout(300)
async def test_no_evaluator_ever_works_with_a_part_of_the_rules_while_redis_is_emptied_and_rules_are_edited(
    platform: DistributedPlatform, three_servers: Servers, kept: Sequence[Rule]
) -> None:
    await asyncio.to_thread(platform.start, "rule-updater", "relay", API, "evaluator", "evaluator")
    evaluators = platform.parts["evaluator"]
    dice = random.Random(SEED)
    async with (
        open_probe(platform.kafka) as probe,
        open_editor(platform.of(API), seed=SEED) as editor,
        Redis.from_url(three_servers.redis.url) as redis,
    ):
        flow = Flow(probe, editor, dice)
        async with going_on(flow.round, editor.step, pause_seconds=ROUND_SECONDS):
            for flushed in range(FLUSHES):
                await asyncio.sleep(dice.uniform(0, BETWEEN_SECONDS_MAX))
                await redis.flushall()
                if flushed in RESTARTS:
                    await restart(evaluators[RESTARTS.index(flushed)])
            for evaluator in evaluators:
                await asyncio.to_thread(evaluator.wait_until_ready)
            loaded = [reloads(evaluator) for evaluator in evaluators]
            await redis.flushall()
            for evaluator, before in zip(evaluators, loaded, strict=True):
                has_loaded = partial(has_loaded_again, evaluator, before)
                await asyncio.to_thread(evaluator.wait_until, has_loaded, what="to load all rules anew")
        await flow.until_all_came_out()
        wrong = [why for one in probe.seen if (why := what_is_wrong(one, kept, editor.history))]
        assert wrong == []
        await see_in_step(platform, probe, editor)
        again = Counter((one.match.alert.alert_id, one.match.client_id) for one in probe.seen)
        print(
            f"\n{len(flow.sent):,} alerts, {editor.edits:,} edits of {len(editor.history):,} rules, {FLUSHES + 1} times"
            f" emptied; {sum(number - 1 for number in again.values()):,} matches written again; loaded anew"
            f" {[reloads(evaluator) for evaluator in evaluators]} times since the last start"
        )


async def see_in_step(platform: DistributedPlatform, probe: Probe, editor: Editor) -> None:
    """See that both evaluators come to have exactly the rules that Postgres has, by alerts like every edited rule."""
    rules = await rules_in_postgres(platform)
    edited: Mapping[str, str] = {rule.rule_id: rule.client_id for rule in rules if rule.rule_id in editor.history}
    assert edited, "some were left"
    deadline = time.monotonic() + IN_STEP_SECONDS_MAX
    while True:
        different = 0
        for client_id in CLIENTS:
            answers = await probe.ask(editor.questions, client_id)
            wanted = {q: match_by_nested_loop(rules, *q).get(client_id, ()) for q in editor.questions}
            different += sum(answer != wanted for answer in answers)
        if not different:
            return
        assert time.monotonic() < deadline, f"{different} partitions are not in step"


@pytest.mark.timeout(300)
async def test_an_evaluator_that_starts_without_redis_or_without_rules_waits_and_meets_no_alert(
    platform: DistributedPlatform, three_servers: Servers, kept: Sequence[Rule]
) -> None:
    await asyncio.to_thread(platform.start, "rule-updater", "evaluator", "evaluator")
    first, second = platform.parts["evaluator"]
    rule_updater = platform.of("rule-updater")
    async with open_probe(platform.kafka) as probe:
        flow = Flow(probe, None, random.Random(SEED))
        await flow.round()
        await flow.until_all_came_out()
        # From now on there is nothing in Redis, and nobody to mend that.
        assert await asyncio.to_thread(rule_updater.stop, signal.SIGTERM) == 0
        async with Redis.from_url(three_servers.redis.url) as redis:
            await redis.flushall()
        await asyncio.to_thread(three_servers.redis.stop)
        await restart(second)
        await asyncio.to_thread(second.wait_until, partial(waits_for_redis, second), what="to wait for Redis")
        # The other one has its rules, and does the work of both.
        await flow.round()
        await flow.until_all_came_out()

        await restart(first)
        await asyncio.to_thread(first.wait_until, partial(waits_for_redis, first), what="to wait for Redis")
        evaluated = len(probe.seen)
        await flow.round()
        await asyncio.to_thread(three_servers.redis.start)
        for evaluator in (first, second):
            await asyncio.to_thread(evaluator.wait_until, partial(waits_for_rules, evaluator), what="to wait for rules")
            assert evaluator.ready_code() == 503
        await flow.round()
        assert len(probe.seen) == evaluated, "nobody has rules, so nobody has matched an alert"
        rule_updater.spawn()
        # None was taken for an alert that meets nothing: all are matched now, against all rules.
        await flow.until_all_came_out()
        assert [why for one in probe.seen if (why := what_is_wrong(one, kept, {}))] == []
        for evaluator in (first, second):
            await asyncio.to_thread(evaluator.wait_until_ready)


def waits_for_redis(part: PlatformPart) -> bool:
    """Tell whether a process has said so."""
    return any(event["dependency"] == "redis" for event in part.events("dependency_waiting"))


def waits_for_rules(part: PlatformPart) -> bool:
    """Tell whether a process has said so."""
    return any("rules snapshot is missing" in event["reason"] for event in part.events("stage_waiting"))
