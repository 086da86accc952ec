"""The same seed makes the same world, event by event, in every process and in every Python."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from alerting_core.sim.world import World
from tests.support.install.place import CHECKOUT
from tests.support.install.pyodide import NODE, pyodide_folder
from tests.support.install.unavailable import Unavailable

SEEDS: Final = (1, 4, 11, 127)
HERE: Final = Path(__file__).parent


@pytest.fixture(scope="module")
def digests() -> list[str]:
    return [World(seed).run().digest for seed in SEEDS]


def test_a_world_run_twice_is_the_same_event_by_event(digests: list[str]) -> None:
    assert [World(seed).run().digest for seed in SEEDS] == digests
    assert len(set(digests)) == len(SEEDS)


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_the_order_of_hashes_changes_nothing(digests: list[str], hash_seed: str) -> None:
    command = [sys.executable, str(HERE / "digests.py"), *map(str, SEEDS)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    assert subprocess.check_output(command, env=environment, text=True).split() == digests


def test_the_browsers_python_makes_the_same_worlds(digests: list[str]) -> None:
    try:
        command = [*NODE, HERE / "run_worlds.mjs", pyodide_folder(), CHECKOUT / "core" / "src"]
    except Unavailable as error:
        pytest.skip(f"no Pyodide: {error}")
    assert subprocess.check_output([*command, *map(str, SEEDS)], text=True).split() == digests


def test_a_world_can_be_watched_in_steps(digests: list[str]) -> None:
    world = World(SEEDS[0])
    world.start()
    steps = 0
    while (next_at_ms := world.loop.next_at_ms()) is not None and next_at_ms < world.quiet_at_ms:
        assert world.step()
        steps += 1
    world.run_until(world.quiet_at_ms)
    assert steps > 100
    world.end_faults()
    world.settle()
    assert world.finish().digest == digests[0]
