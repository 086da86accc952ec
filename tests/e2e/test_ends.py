"""The central promise: the process, and at times its database server with it, is killed while it works.

Why the checks are sound. A delivery is claimed with a lease before it is sent, and the lease is given back together
with its recorded outcome. So at a kill the only messages that may have left without a record are those of leased
deliveries, at most one each; and who takes over a lease records the attempt as interrupted. So each message that
arrives again is explained by an interrupted attempt of that very delivery, for everybody to see.
"""

import itertools
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pytest

from tests.support.load import make_load
from tests.support.loader import Loader
from tests.support.patience import END_SECONDS_MAX, SETTLE_WITHIN_LEASE_SECONDS_MAX
from tests.support.platform_process import PlatformProcess
from tests.support.receiver import Receiver
from tests.support.stored import Stored
from tests.support.thorough import amount
from tests.support.varied_world import VariedWorld
from tests.support.verdict import again, amiss, differences, out_of_order

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.alone]

KILLS = amount(9, thorough=21)
SEED = 20_260_102
READY_SECONDS_MAX = 30.0

UNDER_WAY_MAX = 3_000
"""Webhooks that the loader lets wait: there is always something to kill, and the rest is told within seconds."""


@dataclass(frozen=True)
class Kill:
    """One kill -9: how long after the process is ready, or after it was started; and of what."""

    after_seconds: float
    during_start: bool
    database_too: bool


def plan_kills(seed: int) -> Iterator[Kill]:
    """Yield the kills: every third of the database server too, every seventh while the process starts."""
    dice = random.Random(seed)
    for number in range(1, KILLS + 1):
        during_start = number % 7 == 0
        after_seconds = dice.uniform(0, 1.0 if during_start else 1.5)
        yield Kill(after_seconds, during_start, database_too=number % 3 == 0)


@pytest.fixture
def world(process: PlatformProcess, stored: Stored, receiver: Receiver) -> VariedWorld:
    """Return the varied test data, in a platform that runs."""
    process.start()
    world = VariedWorld.at(receiver)
    world.load_into(stored.address())
    return world


@pytest.fixture
def loader(process: PlatformProcess, world: VariedWorld, receiver: Receiver) -> Loader:
    """Return a loader that has begun, and has been told of."""
    loader = make_load(process, world, receiver, seed=SEED, under_way_max=UNDER_WAY_MAX, with_lives=True)
    loader.start()
    receiver.wait_for(lambda: receiver.arrived > 0, what="the first webhook", seconds_max=30)
    return loader


@pytest.mark.timeout(400)
def test_kill_9_at_any_moment_loses_nothing_and_stores_nothing_twice(
    process: PlatformProcess, stored: Stored, receiver: Receiver, world: VariedWorld, loader: Loader
) -> None:
    kills, ready_seconds = list(plan_kills(SEED)), list[float]()
    for kill, following in itertools.zip_longest(kills, kills[1:]):
        time.sleep(kill.after_seconds)
        assert process.is_running, f"it ended by itself:\n{process.output()[-4_000:]}"
        process.kill(database_too=kill.database_too)
        process.spawn()
        if following is None or not following.during_start:
            process.wait_until_ready(seconds_max=READY_SECONDS_MAX)
            ready_seconds.append(process.seconds_to_ready)
    arrived_meanwhile = receiver.arrived
    loader.finish()
    stored.wait_until_settled(seconds_max=SETTLE_WITHIN_LEASE_SECONDS_MAX, is_running=lambda: process.is_running)

    expected = world.expected_of(loader.accepted, over_at_once=stored.over_at_once())
    assert differences(stored, loader.accepted, expected) == []
    assert amiss(receiver, stored, expected) == []
    extra, interrupted = again(receiver, expected), stored.interrupted()
    assert expected.follows, "there were ends to be told"
    assert interrupted, "the kills met a platform at work"
    print(
        f"\n{KILLS} kills;"
        f" {len(loader.accepted):,} alerts accepted, {loader.posts_without_answer} posts unanswered;"
        f" {len(expected.rules_of):,} notifications,"
        f" {len(expected.told):,} webhooks, {arrived_meanwhile:,} of them between the kills,"
        f" {len(expected.follows):,} that an alert is over, {len(stored.over_at_once()):,} notifications that say both;"
        f" {extra.total():,} sent again, {interrupted.total():,} attempts interrupted."
        f"\nReady again after {', '.join(f'{seconds:.1f}' for seconds in ready_seconds)} s"
    )


@pytest.mark.timeout(240)
def test_sigterm_under_load_ends_well_within_ten_seconds_and_nothing_is_lost_or_sent_again(
    process: PlatformProcess, stored: Stored, receiver: Receiver, world: VariedWorld, loader: Loader
) -> None:
    for _ in range(3):
        enough = receiver.arrived + 200
        receiver.wait_for(partial(_has_taken, receiver, enough), what="more webhooks", seconds_max=60)
        assert process.stop(signal.SIGTERM, seconds_max=END_SECONDS_MAX) == 0
        assert process.database_processes() == []
        process.start(ready_seconds_max=READY_SECONDS_MAX)
    loader.finish()
    stored.wait_until_settled(seconds_max=SETTLE_WITHIN_LEASE_SECONDS_MAX, is_running=lambda: process.is_running)

    expected = world.expected_of(loader.accepted, over_at_once=stored.over_at_once())
    assert differences(stored, loader.accepted, expected) == []
    assert receiver.counts() == Counter(expected.told), "each arrived once and once only"
    assert out_of_order(receiver, expected) == []


def _has_taken(receiver: Receiver, enough: int) -> bool:
    return receiver.arrived >= enough
