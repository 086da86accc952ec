"""Rule sets of any size that give an alert about five matching clients: the vocabulary grows with the rules."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from math import isqrt
from typing import Final
from uuid import UUID

from alerting_core.domain.alert import SEVERITY_NAMES, Severity
from alerting_core.domain.rule import Rule

RULES_PER_CLIENT: Final = 288
SEED: Final = 20_260_101

Question = tuple[Severity, str, str]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """As many sources as names."""

    sources: tuple[str, ...]
    names: tuple[str, ...]


def vocabulary_for(rules: int) -> Vocabulary:
    """Return the words of a set of *rules*: an exact rule meets one alert in 4 × words², of which there are most."""
    words = max(4, isqrt(rules // 9))
    return Vocabulary(tuple(f"source-{n}" for n in range(words)), tuple(f"name-{n}" for n in range(words)))


def grow_rules(count: int) -> Iterator[Rule]:
    """Yield *count* enabled rules, in random order, no two of one client alike.

    On average an alert meets 1 rule by source and name, 0.6 each by severity with source and with name, 0.4 by source,
    0.3 by name, 0.25 by severity alone, and the exact ones, which are the rest.
    """
    dice = random.Random(SEED)
    vocabulary = vocabulary_for(count)
    words = len(vocabulary.sources)
    shapes = {"*sn": words * words, "vs*": 24 * words // 10, "v*n": 24 * words // 10, "*s*": 4 * words // 10}
    shapes |= {"**n": 3 * words // 10, "v**": 1}
    shapes["vsn"] = count - sum(shapes.values())
    clients = max(100, count // RULES_PER_CLIENT)
    order = [shape for shape, number in shapes.items() for _ in range(number)]
    dice.shuffle(order)
    seen: set[tuple[str, str, str, str]] = set()
    for number, shape in enumerate(order):
        while True:
            client_id = f"client-{dice.randrange(clients):05}"
            severity = dice.choice(SEVERITY_NAMES) if "v" in shape else "*"
            source = dice.choice(vocabulary.sources) if "s" in shape else "*"
            name = dice.choice(vocabulary.names) if "n" in shape else "*"
            if (client_id, severity, source, name) not in seen:
                break
        seen.add((client_id, severity, source, name))
        rule_id = str(UUID(int=dice.getrandbits(128)))
        yield Rule(rule_id, client_id, severity, source, name, True, number, created_at_ms=0, updated_at_ms=0)


def draw_questions(vocabulary: Vocabulary, count: int) -> list[Question]:
    """Return *count* alerts' fields, each text a new object as a decoder would bring it."""
    dice = random.Random(SEED + 1)
    levels = list(Severity)[1:]
    return [
        (dice.choice(levels), _copy(dice.choice(vocabulary.sources)), _copy(dice.choice(vocabulary.names)))
        for _ in range(count)
    ]


def _copy(text: str) -> str:
    return text.encode().decode()
