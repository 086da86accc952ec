"""Two processes of every kind share the work; more come and some go while alerts come in."""

import signal
from collections import Counter
from collections.abc import Callable

import pytest

from tests.support.distributed import NAMES, DistributedPlatform, PlatformPart
from tests.support.loader import Loader
from tests.support.patience import END_SECONDS_MAX
from tests.support.receiver import Receiver
from tests.support.stored_apart import StoredApart
from tests.support.varied_world import VariedWorld
from tests.support.verdict import differences

pytestmark = [pytest.mark.integration, pytest.mark.slow]

WEBHOOKS_BETWEEN = 500


@pytest.mark.timeout(400)
def test_workers_that_are_added_and_removed_under_load_lose_nothing_and_tell_nothing_twice(
    platform: DistributedPlatform,
    stored: StoredApart,
    world: VariedWorld,
    receiver: Receiver,
    new_loader: Callable[[], Loader],
) -> None:
    platform.start()
    loader = new_loader()
    loader.start()

    def go_on() -> None:
        enough = receiver.arrived + WEBHOOKS_BETWEEN
        receiver.wait_for(lambda: receiver.arrived >= enough, what="more webhooks")

    go_on()
    workers = [name for name in NAMES if name != "api"]
    second = [platform.add(name) for name in workers]
    for part in second:
        part.wait_until_ready()
    receiver.wait_for(lambda: _all_have_worked(second), what="the new ones to take a share")
    go_on()
    first = [platform.of(name) for name in workers]
    for part in first:
        part.interrupt(signal.SIGTERM)
    for part in first:
        assert part.wait(seconds_max=END_SECONDS_MAX) == 0, part.output()[-4_000:]
    go_on()
    loader.finish()
    stored.wait_until_settled(is_running=platform.are_running)

    expected = world.expected_of(loader.accepted, over_at_once=stored.over_at_once())
    assert differences(stored, loader.accepted, expected) == []
    extra = receiver.counts() - Counter(expected.told)
    assert receiver.counts() == Counter(expected.told), "each arrived once and once only"
    print(f"\n{len(loader.accepted):,} alerts, {len(expected.told):,} webhooks, {extra.total()} sent again")


def _all_have_worked(parts: list[PlatformPart]) -> bool:
    """Tell whether each has done something, apart from those that have nothing to do while nobody edits rules."""
    idle = {"rule-updater", "relay"}
    return all(part.events("batch_committed") for part in parts if part.name not in idle)
