"""The figures of the workers, for people and for programs."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Final

from tests.bench.workers.measures import Round

Results = Mapping[str, Mapping[str, Sequence[Round]]]

ITEMS: Final = {
    "evaluator": ("match", "matches"),
    "aggregator": ("row", "rows"),
    "sender": ("webhook", "webhooks"),
    "whole": ("delivery", "deliveries"),
}
LIMITS: Final = {
    "evaluator": "Kafka's ProducerPerformance",
    "aggregator": "bare bulk insert",
    "sender": "bare HTTP client",
}
WIDTH: Final = 34
SHOWN_MICROS_MIN: Final = 0.05
"""A process that takes less has no part in the work."""


def as_figures(results: Results) -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    """Return part → rule set → figure → median."""
    return {part: {name: _figures(rounds) for name, rounds in sets.items()} for part, sets in results.items()}


def show(results: Results) -> None:
    """Print a table for each part."""
    for part, sets in as_figures(results).items():
        item, items = ITEMS[part]
        print(f"\n{'the whole pipeline' if part == 'whole' else part:<{WIDTH}}" + _cells(sets, str))
        _line(f"{items}/s", sets, "per_second", "{:,.0f}")
        if part != "aggregator":
            _line("alerts/s", sets, "alerts_per_second", "{:,.0f}")
        if part in LIMITS:
            _line(f"{LIMITS[part]}/s", sets, "limit", "{:,.0f}")
            _line("  reached of it", sets, "of_limit", "{:.2f}")
        print(f"  processor time, µs per {item}")
        names = dict.fromkeys(name for figures in sets.values() for name in figures if name.startswith("µs "))
        for name in [name for name in names if any(figures[name] >= SHOWN_MICROS_MIN for figures in sets.values())]:
            _line(f"    {name.removeprefix('µs ')}", sets, name, "{:,.1f}")
        _line("others on the machine, processors", sets, "others", "{:.1f}")


def _figures(rounds: Sequence[Round]) -> Mapping[str, float]:
    def middle(of: Callable[[Round], float]) -> float:
        return median(map(of, rounds))

    figures = {
        "per_second": middle(lambda one: one.timed.per_second),
        "alerts_per_second": middle(lambda one: one.alerts / one.timed.items * one.timed.per_second),
        "others": middle(lambda one: one.timed.others),
    }
    if rounds[0].limit:
        figures["limit"] = middle(lambda one: one.limit)
        figures["of_limit"] = middle(lambda one: one.timed.per_second / one.limit)
    for name in rounds[0].timed.used:
        figures[f"µs {name}"] = middle(lambda one, name=name: one.timed.micros(name))  # type: ignore[misc]
    figures["µs all together"] = middle(lambda one: one.timed.micros_in_all)
    if rounds[0].limit_micros:
        figures["µs (the bare client)"] = middle(lambda one: one.limit_micros)
    return figures


def _line(name: str, sets: Mapping[str, Mapping[str, float]], figure: str, form: str) -> None:
    print(f"  {name:<{WIDTH - 2}}" + "".join(f"{form.format(figures[figure]):>22}" for figures in sets.values()))


def _cells(sets: Mapping[str, object], show_one: Callable[[str], str]) -> str:
    return "".join(f"{show_one(name):>22}" for name in sets)
