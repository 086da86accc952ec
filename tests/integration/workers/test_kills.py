"""Processes are killed while they work, and their work goes on.

Why the check of what arrives again is sound: see `tests/e2e/test_ends.py`.

Each worker has a name in its Kafka group that it has again after its restart, as where processes are restarted in their
place. How long others wait for a member that does not come back is for `tests/integration/kafka/test_killed_consumers`.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from statistics import median

import pytest

from alerting_core.domain.alert import Alert
from alerting_core.generator.alerts import generate_alerts
from alerting_core.generator.config import GeneratorConfig
from alerting_core.stages.batch import WorkerKind
from tests.support.distributed import API, NAMES, DistributedPlatform
from tests.support.loader import Loader, as_json
from tests.support.patience import ACCEPT_SECONDS_MAX, SETTLE_WITHIN_LEASE_SECONDS_MAX
from tests.support.receiver import Receiver
from tests.support.rule_churn import RuleChurn
from tests.support.stored_apart import StoredApart
from tests.support.thorough import amount
from tests.support.varied_world import VariedWorld
from tests.support.verdict import again, amiss, differences

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.alone]

SEED = 20_260_102
KILLS_OF_EACH = amount(4, thorough=10)
TOGETHER_MAX = 3
APART_SECONDS_MAX = 0.5

WORKS_AGAIN_SECONDS_MAX = 10.0
"""The promise: from a kill on, to the moment that the process works again and that new alerts reach their receivers."""

BARE_START_SECONDS = 2.0
"""What a command takes that starts and ends, on a machine that is fast enough for the promise: where it takes longer,
because others work there too, a worker may take longer in proportion."""

UNDER_WAY_MAX = 300
"""Webhooks that wait ahead of a new alert: it is the platform that is timed, not its backlog."""


@dataclass(frozen=True)
class Kill:
    """One kill -9, so long after the one before."""

    name: str
    after_seconds: float


def plan_rounds(seed: int) -> Iterator[Sequence[Kill]]:
    """Yield rounds of kills that follow each other closely, in all `KILLS_OF_EACH` of each process."""
    dice = random.Random(seed)
    left = Counter(dict.fromkeys(NAMES, KILLS_OF_EACH))
    while left := +left:
        # Those that are behind come first, so that there are several to choose from up to the end.
        behind = sorted(left, key=lambda name: (-left[name], dice.random()))
        names = behind[: dice.randint(1, TOGETHER_MAX)]
        left.subtract(names)
        yield [Kill(name, dice.uniform(0, APART_SECONDS_MAX)) for name in names]


class Sentinel:
    """Alerts of the test's own, each of which has to reach a receiver."""

    def __init__(self, platform: DistributedPlatform, world: VariedWorld, receiver: Receiver) -> None:
        self.accepted: list[Alert] = []
        self._platform, self._world, self._receiver = platform, world, receiver
        self._alerts = self._made()

    def send(self) -> None:
        """Have an alert accepted that somebody wants to be told of, and wait until somebody was."""
        alert = next(self._alerts)
        told = self._world.expected_of([alert]).told
        with self._platform.http() as http:
            answer = http.post("/api/v1/alerts", json=[as_json(alert)])
        assert answer.status_code == 202, answer.text
        self.accepted.append(alert)
        self._receiver.wait_for(
            lambda: not told.isdisjoint(self._receiver.told), what="a new alert", seconds_max=ACCEPT_SECONDS_MAX
        )

    def _made(self) -> Iterator[Alert]:
        for number in count():
            config = GeneratorConfig(burst=10, seed=SEED + 1 + number)
            for alert in generate_alerts(config, started_at_ms=time.time_ns() // 1_000_000):
                if self._world.expected_of([alert]).told:
                    yield alert
                    break


def bare_start_seconds(platform: DistributedPlatform) -> float:
    """Return how long a command takes that starts and ends, while everything works."""
    begun_at = time.monotonic()
    platform.run("--help").check_returncode()
    return time.monotonic() - begun_at


def ready_at(platform: DistributedPlatform, name: str) -> datetime:
    """Wait until a process that was killed works again; return since when."""
    platform.of(name).wait_until_ready()
    (ready,) = platform.of(name).events("api_ready" if name == API else "worker_ready")
    return datetime.fromisoformat(ready["timestamp"])


@pytest.mark.timeout(500)
def test_kill_9_of_any_process_at_any_moment_loses_nothing_and_work_goes_on_within_ten_seconds(
    platform: DistributedPlatform,
    stored: StoredApart,
    world: VariedWorld,
    receiver: Receiver,
    new_loader: Callable[..., Loader],
) -> None:
    for name in NAMES:
        platform.add(name, ALERTING_KAFKA_INSTANCE_ID=f"the-{name}")
    for name in NAMES:
        platform.of(name).wait_until_ready()
    sentinel, loader = Sentinel(platform, world, receiver), new_loader(under_way_max=UNDER_WAY_MAX)
    loader.start()
    sentinel.send()
    away, on_its_way, bare_starts, kills = dict[str, list[float]](), list[float](), list[float](), 0
    with RuleChurn(platform.database) as churn:
        for round_ in plan_rounds(SEED):
            killed_at: dict[str, datetime] = {}
            for kill in round_:
                time.sleep(kill.after_seconds)
                part = platform.of(kill.name)
                assert part.is_running, f"it ended by itself:\n{part.output()[-4_000:]}"
                part.kill()
                killed_at[kill.name] = datetime.now(UTC)
                part.spawn(ALERTING_KAFKA_INSTANCE_ID=f"the-{kill.name}")
            for name, at in killed_at.items():
                away.setdefault(name, []).append((ready_at(platform, name) - at).total_seconds())
            sentinel.send()
            on_its_way.append((datetime.now(UTC) - max(killed_at.values())).total_seconds())
            kills += len(round_)
            if len(on_its_way) % 4 == 1:
                bare_starts.append(bare_start_seconds(platform))
        arrived_meanwhile = receiver.arrived
    loader.finish()
    stored.wait_until_settled(seconds_max=SETTLE_WITHIN_LEASE_SECONDS_MAX, is_running=platform.are_running)

    accepted = [*loader.accepted, *sentinel.accepted]
    expected = world.expected_of(accepted, over_at_once=stored.over_at_once())
    assert differences(stored, accepted, expected) == []
    assert amiss(receiver, stored, expected) == []
    extra, interrupted = again(receiver, expected), stored.interrupted()
    assert expected.follows, "there were ends to be told"
    assert interrupted, "a kill met a sender at work"
    print(
        f"\n{kills} kills; {len(accepted):,} alerts accepted, {loader.posts_without_answer} posts unanswered,"
        f" {len(expected.rules_of):,} notifications, {len(expected.told):,} webhooks, {arrived_meanwhile:,} of them"
        f" between the kills, {len(expected.follows):,} that an alert is over;"
        f" {extra.total():,} sent again, {interrupted.total():,} attempts interrupted;"
        f" {churn.edits:,} edits of rules.\nWorks again after (s), median and longest of each:"
        f" {', '.join(f'{name} {median(each):.1f} {max(each):.1f}' for name, each in sorted(away.items()))};"
        f" a new alert is told of {median(on_its_way):.1f} and {max(on_its_way):.1f} after the last kill of a round;"
        f" a bare start takes {median(bare_starts):.1f}"
    )
    assert {name: len(seconds) for name, seconds in away.items()} == dict.fromkeys(NAMES, KILLS_OF_EACH)
    assert churn.edits > kills, "there was work for the relay and the rule-updater"
    churn.wait_until_evaluated(platform, stored)
    # The median of ten kills, so that one hiccup of the machine is not taken for the platform's.
    seconds_max = WORKS_AGAIN_SECONDS_MAX * max(1.0, median(bare_starts) / BARE_START_SECONDS)
    assert {name: each for name, each in away.items() if median(each) > seconds_max} == {}
    assert median(on_its_way) <= seconds_max


def test_each_worker_is_killed_as_often_as_promised() -> None:
    assert set(WorkerKind) <= set(NAMES)
    planned = Counter(kill.name for round_ in plan_rounds(SEED) for kill in round_)
    assert planned == Counter(dict.fromkeys(NAMES, KILLS_OF_EACH))
