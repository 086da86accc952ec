"""When an edit of a rule counts in every evaluator, seen from outside: alerts of its kind go to every partition."""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

import httpx

from alerting_core.domain.alert import Severity
from alerting_core.domain.rule import Rule
from tests.support.catalog import make_rule
from tests.support.rule_probe import Probe

EDITS: Final = ("created", "changed", "disabled", "enabled", "deleted")
"""What is done to one rule, in this order."""


def source_of(client_id: str) -> str:
    """Return the source of the probes of a client, which no other client's rules name."""
    return f"probe of {client_id}"


def rule_that_always_matches(client_id: str) -> Rule:
    """Return the rule by which evaluators answer each probe; its client has to have it."""
    return make_rule(client_id, severity="*", source=source_of(client_id), name="*")


@dataclass(frozen=True, slots=True)
class Effect:
    """An edit that every evaluator has applied.

    Attributes:
        edit: One of `EDITS`.
        took_ms: From the request to the API until an alert in every partition was matched accordingly.
        answered_ms: From the request until the API had answered.
        rounds: Of alerts that it took.
    """

    edit: str
    took_ms: float
    answered_ms: float
    rounds: int


async def follow_edits(http: httpx.AsyncClient, probe: Probe, client_id: str, number: int) -> AsyncIterator[Effect]:
    """Do all edits to a new rule of *client_id*, one after the other, and yield when each counts everywhere."""
    first, second = f"edit-{number}", f"edit-{number} changed"
    pattern = {"severity": "HIGH", "source": source_of(client_id)}
    begun = time.monotonic()
    created = await http.post("/api/v1/rules", json={"client_id": client_id, **pattern, "name": first})
    answered = time.monotonic()
    assert created.status_code == 201, created.text
    rule_id: str = created.json()["rule_id"]
    rounds = await _until_it_counts(probe, client_id, rule_id, met={first}, unmet={second})
    yield _effect("created", begun, answered, rounds)
    steps: Sequence[tuple[str, str, object]] = (
        ("changed", "PUT", {**pattern, "name": second}),
        ("disabled", "PATCH", {"enabled": False}),
        ("enabled", "PATCH", {"enabled": True}),
        ("deleted", "DELETE", None),
    )
    for edit, method, body in steps:
        begun = time.monotonic()
        answer = await http.request(method, f"/api/v1/rules/{rule_id}", json=body)
        answered = time.monotonic()
        assert answer.is_success, answer.text
        met = {second} if edit in {"changed", "enabled"} else set[str]()
        rounds = await _until_it_counts(probe, client_id, rule_id, met=met, unmet={first, second} - met)
        yield _effect(edit, begun, answered, rounds)


def _effect(edit: str, begun: float, answered: float, rounds: int) -> Effect:
    return Effect(edit, (time.monotonic() - begun) * 1_000, (answered - begun) * 1_000, rounds)


async def _until_it_counts(probe: Probe, client_id: str, rule_id: str, *, met: set[str], unmet: set[str]) -> int:
    """Ask until in every partition the rule meets alerts named *met* and none named *unmet*; return how often."""
    questions = {(Severity.HIGH, source_of(client_id), name): name in met for name in sorted(met | unmet)}
    for rounds in count(1):
        answers = await probe.ask(questions, client_id)
        if all((rule_id in rules) == questions[question] for each in answers for question, rules in each.items()):
            return rounds
    raise AssertionError("it is asked without end")
