"""Processes are killed while they work, and their work goes on.

Why the check of what arrives again is sound: see `tests/e2e/test_ends.py`. There is one sender, so that what is leased
after its kill is what the kill caught.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from alerting_backend.workers.kind import Kind
from alerting_core import limits
from tests.support.caught import Caught
from tests.support.distributed import API, NAMES, DistributedPlatform
from tests.support.loader import Loader
from tests.support.receiver import Receiver
from tests.support.stored_apart import StoredApart
from tests.support.varied_world import VariedWorld
from tests.support.verdict import differences, lost_or_unknown

pytestmark = [pytest.mark.integration, pytest.mark.slow]

SEED = 20_260_102
ROUNDS = 3
READY_SECONDS_MAX = 30.0
ACCEPT_SECONDS_MAX = 60.0
SETTLE_SECONDS_MAX = limits.LEASE_MS / 1_000 + 60.0
"""What the last kill of the sender caught is due again when its lease has run out."""


@dataclass(frozen=True)
class Kill:
    """One kill -9, so long after the one before."""

    name: str
    after_seconds: float


def plan_kills(seed: int) -> Iterator[Kill]:
    """Yield three kills of the API and of each kind of worker, in an order that the dice choose."""
    dice = random.Random(seed)
    for _ in range(ROUNDS):
        names = list(NAMES)
        dice.shuffle(names)
        for name in names:
            yield Kill(name, dice.uniform(0, 2.0))


@pytest.mark.timeout(400)
def test_kill_9_of_any_process_at_any_moment_loses_nothing_and_stores_nothing_twice(
    platform: DistributedPlatform,
    stored: StoredApart,
    world: VariedWorld,
    receiver: Receiver,
    new_loader: Callable[[], Loader],
) -> None:
    platform.start()
    loader = new_loader()
    loader.start()
    receiver.wait_for(lambda: receiver.arrived > 0, what="the first webhook", seconds_max=30)
    caught, killed, away = Caught(), dict[str, datetime](), list[tuple[str, float]]()

    def see_back(name: str) -> None:
        """Wait until the process that was killed works again, and note how long its work was left undone."""
        if (killed_at := killed.pop(name, None)) is not None:
            platform.of(name).wait_until_ready(seconds_max=READY_SECONDS_MAX)
            (ready,) = platform.of(name).events("api_ready" if name == API else "worker_ready")
            away.append((name, (datetime.fromisoformat(ready["timestamp"]) - killed_at).total_seconds()))

    kills = list(plan_kills(SEED))
    for kill in kills:
        time.sleep(kill.after_seconds)
        see_back(kill.name)
        part = platform.of(kill.name)
        assert part.is_running, f"it ended by itself:\n{part.output()[-4_000:]}"
        part.kill()
        killed[kill.name] = datetime.now(UTC)
        if kill.name == Kind.SENDER:
            caught.is_due = True
            caught.look(stored)
        part.spawn()
    arrived_meanwhile = receiver.arrived
    for name in NAMES:
        see_back(name)
    loader.finish(seconds_max=ACCEPT_SECONDS_MAX)
    stored.wait_until_settled(seconds_max=SETTLE_SECONDS_MAX, is_running=platform.are_running)

    expected = world.expected_of(loader.accepted)
    assert differences(stored, loader.accepted, expected) == []
    arrivals = receiver.counts()
    assert lost_or_unknown(arrivals, expected) == []
    assert not receiver.refused
    extra = arrivals - Counter(expected.told)
    assert not extra - caught.times(), "what came again was under way when the sender was killed"
    assert caught.at_work > 0, "a kill met a sender at work"
    print(
        f"\n{len(kills)} kills; {len(loader.accepted):,} alerts accepted, {loader.posts_without_answer} posts"
        f" unanswered, {len(expected.rules_of):,} notifications,"
        f" {len(expected.told):,} webhooks, {arrived_meanwhile:,} of them between the kills; {extra.total():,} sent"
        f" again, of {len(caught.leases):,} under way at a kill.\nAt work again after (s):"
        f" {', '.join(f'{name} {seconds:.1f}' for name, seconds in sorted(away))}"
    )
