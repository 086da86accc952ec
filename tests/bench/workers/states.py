"""The whole pipeline on databases that differ in what is stored already: is any run slower than the others, and why."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Final

from alerting_backend.adapters.postgres.connection import Address, owner_connection
from alerting_core.generator.testdata import Size
from tests.bench.endpoint import serve_endpoint
from tests.bench.workers.ground import LOGGED_MS_MIN, Backlog, Ground, open_ground
from tests.bench.workers.measures import Measures
from tests.bench.workers.rule_sets import LARGE, SIZE, RuleSet, varied
from tests.support.distributed import distributed
from tests.support.postgres.table_states import add_finished

FINISHED: Final = 1_000_000

_LOGGED: Final = re.compile(
    r"^alerting_\w+ .*?duration: ([\d.]+) ms\s+(?:execute|statement|bind|parse)[^:]*:\s*(.*)$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class State:
    """What is there before the first run, beside clients and their rules."""

    name: str
    size: Size = SIZE
    finished: int = 0


STATES: Final = (
    State("a fresh database"),
    State("1,000,000 finished", finished=FINISHED),
    State("288,000 rules", LARGE),
)


@dataclass(frozen=True, slots=True)
class Runs:
    """What the runs on one state came to.

    Attributes:
        per_second: Deliveries, of each run.
        longest_ms: The longest statement of the platform in any run; 0 when none took `LOGGED_MS_MIN`.
        longest: How it begins.
        commit_ms: The longest commit, which waits for the disk.
    """

    name: str
    per_second: Sequence[float]
    longest_ms: float
    longest: str
    commit_ms: float


def measure_states(*, rounds: int, deliveries: int, on_progress: Callable[[str], None]) -> Iterator[Runs]:
    """Yield the runs on each state; each state has a database and servers of its own."""
    for state in STATES:
        with serve_endpoint() as endpoint, open_ground() as ground:
            on_progress(f"loading: {state.name}")
            rules = varied(endpoint.url, state.size)
            with _platform(ground, rules, state) as backlog:
                measures = Measures(backlog, rules, endpoint)
                running = measures.start_all(on_empty_tables=False)
                begun = ground.postgres.log.stat().st_size
                rates: list[float] = []
                for _ in range(rounds):
                    done = measures.whole(running, deliveries, on_empty_tables=False)
                    rates.append(done.timed.per_second)
                    on_progress(f"  {rates[-1]:,.0f}/s, others busy on {done.timed.others:.1f} processors")
                measures.stop_all(running)
                yield Runs(state.name, rates, *_longest(ground, begun))


def show_states(states: Iterator[Runs]) -> None:
    """Print a line for each state as soon as it was measured."""
    print(f"{'deliveries/s':<22}{'median':>8}{'slowest':>9}{'of it':>7}{'commit':>10}  longest statement")
    for runs in states:
        middle, slowest = median(runs.per_second), min(runs.per_second)
        commit, longest = (
            f"{ms:,.0f} ms" if ms else f"< {LOGGED_MS_MIN} ms" for ms in (runs.commit_ms, runs.longest_ms)
        )
        print(
            f"{runs.name:<22}{middle:>8,.0f}{slowest:>9,.0f}{slowest / middle:>7.2f}{commit:>10}"
            f"  {longest} {runs.longest}",
            flush=True,
        )


@contextmanager
def _platform(ground: Ground, rules: RuleSet, state: State) -> Iterator[Backlog]:
    with distributed(ground.servers) as platform:
        backlog = Backlog(ground, platform)
        try:
            backlog.load(rules)
            if state.finished:
                ground.run(add_finished(platform.database, state.finished, now_ms=time.time_ns() // 1_000_000))
            ground.run(_tidy(platform.database))
            yield backlog
        finally:
            backlog.close()


async def _tidy(database: Address) -> None:
    """Do what a server does in the minute after a bulk load: it would fall into the first run alone."""
    async with owner_connection(database) as connection:
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")


def _longest(ground: Ground, begun: int) -> tuple[float, str, float]:
    """Return the longest statement that was logged since the log was *begun* bytes long, and the longest commit."""
    logged = ground.postgres.log.read_bytes()[begun:].decode(errors="replace")
    found = [(float(ms), statement.strip()[:60]) for ms, statement in _LOGGED.findall(logged)]
    commits = [ms for ms, statement in found if statement.startswith("COMMIT")]
    statements = [each for each in found if not each[1].startswith("COMMIT")]
    longest_ms, longest = max(statements, default=(0.0, ""))
    return longest_ms, longest, max(commits, default=0.0)
