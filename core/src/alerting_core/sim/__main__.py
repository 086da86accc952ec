"""Simulate worlds: `python -m alerting_core.sim --seed 81723 --trace`, or `--seeds 20000 --jobs 2`."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Final

from alerting_core.sim.report import RunReport
from alerting_core.sim.world import World

REPORTS_SHOWN_MAX: Final = 5
"""Broken worlds that are shown in full: one is enough to begin with."""

SEEDS_PER_TASK: Final = 20
"""Enough that handing work to a process costs nothing beside it."""


def run_seed(seed: int) -> RunReport:
    """Run the world of one seed."""
    return World(seed).run()


def main(arguments: Sequence[str]) -> int:
    """Do what the command line asks for; return the exit code: 1 when a promise was broken."""
    asked = _parse(arguments)
    if asked.seed is not None:
        return _one(asked.seed, trace=asked.trace)
    return _many(range(asked.start, asked.start + asked.seeds), jobs=asked.jobs)


def _parse(arguments: Sequence[str]) -> Namespace:
    parser = ArgumentParser(prog="python -m alerting_core.sim", description="Simulate the platform with faults.")
    parser.add_argument("--seed", type=int, help="run the world of this seed and say what happened")
    parser.add_argument("--trace", action="store_true", help="with --seed: print every event")
    parser.add_argument("--seeds", type=int, default=500, help="how many worlds to run (500)")
    parser.add_argument("--start", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes to use (1)")
    return parser.parse_args(arguments)


def _one(seed: int, *, trace: bool) -> int:
    world = World(seed, trace_lines_max=None)
    report = world.run()
    if trace:
        _explain("\n".join(world.trace_lines()))
    if not report.is_good:
        _explain(report.failure())
        return 1
    happened = "\n".join(f"{count:>7}  {what}" for what, count in sorted(report.counts.items()))
    _explain(f"{happened}\nseed {seed}: every promise was kept in {report.virtual_ms / 1_000:.0f} virtual seconds")
    _explain(f"trace {report.digest}")
    return 0


def _many(seeds: range, *, jobs: int) -> int:
    broken: list[int] = []
    for number, report in enumerate(_reports(seeds, jobs=jobs), start=1):
        if not report.is_good:
            broken.append(report.seed)
            if len(broken) <= REPORTS_SHOWN_MAX:
                _explain(f"\r{report.failure()}\n")
        if number % SEEDS_PER_TASK == 0 or number == len(seeds):
            sys.stdout.write(f"\r{number:>7} of {len(seeds)} worlds, {len(broken)} broken")
            sys.stdout.flush()
    _explain("")
    if broken:
        _explain(f"broken: {' '.join(map(str, broken))}")
        _explain("keep them: add each to tests/simulation/seeds.txt, one a line")
    return 1 if broken else 0


def _reports(seeds: Iterable[int], *, jobs: int) -> Iterator[RunReport]:
    if jobs <= 1:
        yield from map(run_seed, seeds)
        return
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        yield from pool.map(run_seed, seeds, chunksize=SEEDS_PER_TASK)


def _explain(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
