"""Rules of every kind that about five clients an alert have a match among.

Theory of operation. Which alerts come, and how often, is known: it is the default distributions. So the number of
matching clients an alert can expect is a sum that is kept exactly while rules are drawn: a rule adds the share of the
alerts that it matches and no other rule of its client does. Rules are drawn until the sum is at its goal. The rest of
each client's rules is about systems that the default alerts never name, and one is disabled.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Final, TypeAlias

from alerting_core.domain.alert import SEVERITY_NAMES, WILDCARD
from alerting_core.generator.config import NAME_DIST, SEVERITY_DIST, SOURCE_DIST
from alerting_core.generator.distribution import Distribution, read_distribution

RuleFields: TypeAlias = tuple[str, str, str]
"""(severity, source, name), wildcards as `*`."""

MATCHING_CLIENTS: Final = 5.0
"""How many an alert meets on average."""

SOURCES: Final = ("api", "db", "cache", "monitor", "queue", "worker", "frontend", "backend")
NAMES: Final = (
    "timeout", "error", "crash", "slow", "memory", "cpu", "disk", "network", "auth", "validation",
)  # fmt: skip
QUIET_SOURCES: Final = ("billing", "search", "mail", "scheduler", "storage", "gateway", "reports", "imports")
"""Systems that the default alerts never name."""

_SHAPES: Final = (
    *[(True, True, True)] * 55,
    *[(True, True, False)] * 12,
    *[(True, False, True)] * 10,
    *[(False, True, True)] * 15,
    *[(False, True, False)] * 4,
    *[(False, False, True)] * 3,
    *[(True, False, False)] * 1,
)
"""Which fields are exact, in a hundred rules: most people know what they want, few want all of a severity."""

Dice: TypeAlias = Callable[[], float]


def vary(*, clients: int, rules_per_client: int, seed: int) -> Iterator[list[tuple[RuleFields, bool]]]:
    """Yield the rules of one client after the other, each with whether it is enabled; no two of a client alike."""
    dice = random.Random(seed).random
    active = _draw_active(dice, clients=clients, each_max=max(1, rules_per_client - 1))
    for fields in active:
        rules = [(rule, True) for rule in fields]
        known = set(fields)
        while len(rules) < rules_per_client:
            enabled = len(rules) > len(fields)
            rule = _draw(dice, QUIET_SOURCES if enabled else SOURCES, need_source=enabled)
            if rule not in known:
                known.add(rule)
                rules.append((rule, enabled))
        yield rules


def _draw_active(dice: Dice, *, clients: int, each_max: int) -> list[list[RuleFields]]:
    """Return for each client the rules that default alerts meet, at most *each_max*."""
    shares = _shares()
    rules: list[list[RuleFields]] = [[] for _ in range(clients)]
    covered: list[set[RuleFields]] = [set() for _ in range(clients)]
    expected, tries = 0.0, 0
    while expected < MATCHING_CLIENTS - 0.005 and tries < 100 * clients * each_max:
        tries += 1
        number, rule = int(dice() * clients), _draw(dice, SOURCES, need_source=False)
        new = [alert for alert in _met_by(rule) if alert not in covered[number]]
        gain = sum(shares[alert] for alert in new)
        if new and len(rules[number]) < each_max and expected + gain <= MATCHING_CLIENTS + 0.005:
            rules[number].append(rule)
            covered[number].update(new)
            expected += gain
    return rules


def _draw(dice: Dice, sources: Sequence[str], *, need_source: bool) -> RuleFields:
    by_severity, by_source, by_name = _SHAPES[int(dice() * len(_SHAPES))]
    return (
        _pick(dice, SEVERITY_NAMES) if by_severity else WILDCARD,
        _pick(dice, sources) if by_source or need_source else WILDCARD,
        _pick(dice, NAMES) if by_name else WILDCARD,
    )


def _pick(dice: Dice, values: Sequence[str]) -> str:
    return values[int(dice() * len(values))]


def _met_by(rule: RuleFields) -> Iterator[RuleFields]:
    severity, source, name = rule
    return product(
        SEVERITY_NAMES if severity == WILDCARD else (severity,),
        SOURCES if source == WILDCARD else (source,),
        NAMES if name == WILDCARD else (name,),
    )


def _shares() -> dict[RuleFields, float]:
    """Return what share of the default alerts has each combination of fields."""
    severities, sources, names = (_weights(text) for text in (SEVERITY_DIST, SOURCE_DIST, NAME_DIST))
    return {
        (severity, source, name): severities[severity] * sources[source] * names[name] / 1e6
        for severity, source, name in product(SEVERITY_NAMES, SOURCES, NAMES)
    }


def _weights(text: str) -> dict[str, int]:
    read = read_distribution("", text)
    assert isinstance(read, Distribution)
    return dict(zip(read.values, read.weights, strict=True))
