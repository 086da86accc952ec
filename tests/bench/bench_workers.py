"""The workers of the distributed platform as processes, each at its own limit, and all of them together.

On a Kafka, a Redis and a Postgres of its own (with fsync), 28,800 rules of 100 clients. In the same run, beside each:
Kafka's own ProducerPerformance with records of the same size, a bare bulk insert in batches of the same size, and a
bare HTTP client of the same library against the same endpoint. `make bench` runs this with all others;
`python -m tests.bench.bench_workers evaluator --rounds 1` a part of it, and `… states` the whole pipeline alone, on a
fresh database, beside a million finished deliveries, and with ten times the rules.
"""

import argparse
import json
import signal
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Final

from tests.bench.endpoint import serve_endpoint
from tests.bench.measure import machine
from tests.bench.workers.ground import Backlog, open_ground
from tests.bench.workers.measures import Measures, Round
from tests.bench.workers.report import as_figures, show
from tests.bench.workers.rule_sets import make_rule_sets
from tests.bench.workers.states import measure_states, show_states
from tests.support.distributed import distributed

AMOUNTS: Final[Mapping[str, int]] = {"evaluator": 200_000, "aggregator": 60_000, "sender": 12_000, "whole": 20_000}
"""Matches, rows, webhooks and deliveries of one round: some seconds each."""

FIRST_SET_ALONE: Final = frozenset({"aggregator", "sender"})
"""A row costs the same, and so does a webhook, whatever rules it came of."""

STATES: Final = "states"
"""Named instead of parts."""

Results = dict[str, dict[str, list[Round]]]


def measure(parts: Sequence[str], *, sets: int, rounds: int, scale: float) -> Results:
    """Return part → rule set → rounds, of the first few rule sets."""
    results: Results = defaultdict(dict)
    with serve_endpoint() as endpoint, open_ground() as ground:
        for number, make in enumerate(islice(make_rule_sets(endpoint.url), sets)):
            wanted = [part for part in parts if number == 0 or part not in FIRST_SET_ALONE]
            if not wanted:
                break
            rules = make()
            with distributed(ground.servers) as platform:
                backlog = Backlog(ground, platform)
                try:
                    emit(f"loading 28,800 rules: {rules.name}")
                    backlog.load(rules)
                    measures = Measures(backlog, rules, endpoint)
                    for part in wanted:
                        results[part][rules.name] = measure_part(measures, part, int(AMOUNTS[part] * scale), rounds)
                finally:
                    backlog.close()
    return results


def measure_part(measures: Measures, part: str, amount: int, rounds: int) -> list[Round]:
    """Return the rounds of one part."""
    if part == "whole":
        running = measures.start_all()
        once = partial(measures.whole, running, amount)
    else:
        running = ()
        once = partial(getattr(measures, part), amount)
    done: list[Round] = []
    for _ in range(rounds):
        done.append(once())
        timed = done[-1].timed
        emit(f"  {part}: {timed.per_second:,.0f}/s, others busy on {timed.others:.1f} processors")
    measures.stop_all(running)
    return done


def emit(line: str) -> None:
    """Show how far it is."""
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_workers", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(AMOUNTS)}; all unless given; or {STATES}"
    )
    parser.add_argument("--rounds", type=int, help=f"the medians are of so many (default 3, {STATES} 5)")
    parser.add_argument("--sets", type=int, default=3, help="of 5 and 100 clients an alert, and wildcards (default 3)")
    parser.add_argument("--scale", type=float, default=1.0, help="do so many times as much in each round")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    parts = arguments.parts or list(AMOUNTS)
    # Told to end, it ends its servers and workers first, as it does at Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if parts == [STATES]:
        deliveries = int(AMOUNTS["whole"] * arguments.scale)
        show_states(measure_states(rounds=arguments.rounds or 5, deliveries=deliveries, on_progress=emit))
        return 0
    if unknown := set(parts) - set(AMOUNTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(AMOUNTS)}")
    rounds = arguments.rounds or 3
    results = measure(parts, sets=arguments.sets, rounds=rounds, scale=arguments.scale)
    if arguments.json:
        print(json.dumps({"machine": machine(), "workers": as_figures(results)}, indent=2))
    else:
        print(f"{machine()}; medians of {rounds}")
        show(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
