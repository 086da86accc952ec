"""When an edit of a rule counts in every evaluator, seen from outside: alerts of its kind go to every partition."""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

import httpx

from alerting_core.domain.rule import Rule
from alerting_core.domain.severity import Severity
from tests.support.catalog import make_rule
from tests.support.rule_probe import Probe

SOURCE: Final = "probe"
EDITS: Final = ("created", "changed", "disabled", "enabled", "deleted")
"""What is done to one rule, in this order."""


def rule_that_always_matches(client_id: str) -> Rule:
    """Return the rule by which evaluators answer each probe; its client has to have it."""
    return make_rule(client_id, severity="*", source=SOURCE, name="*")


@dataclass(frozen=True, slots=True)
class Effect:
    """An edit that every evaluator has applied.

    Attributes:
        edit: One of `EDITS`.
        took_ms: From the request to the API until an alert in every partition was matched accordingly.
        rounds: Of alerts that it took.
    """

    edit: str
    took_ms: float
    rounds: int


async def follow_edits(http: httpx.AsyncClient, probe: Probe, client_id: str, number: int) -> AsyncIterator[Effect]:
    """Do all edits to a new rule of *client_id*, one after the other, and yield when each counts everywhere."""
    first, second = f"edit-{number}", f"edit-{number} changed"
    pattern = {"severity": "HIGH", "source": SOURCE}
    begun = time.monotonic()
    created = await http.post("/api/v1/rules", json={"client_id": client_id, **pattern, "name": first})
    assert created.status_code == 201, created.text
    rule_id: str = created.json()["rule_id"]
    yield await _follow(probe, client_id, (first,), rule_id, begun, edit="created")
    steps: Sequence[tuple[str, str, object]] = (
        ("changed", "PUT", {**pattern, "name": second}),
        ("disabled", "PATCH", {"enabled": False}),
        ("enabled", "PATCH", {"enabled": True}),
        ("deleted", "DELETE", None),
    )
    for edit, method, body in steps:
        begun = time.monotonic()
        answer = await http.request(method, f"/api/v1/rules/{rule_id}", json=body)
        assert answer.is_success, answer.text
        met = (second,) if edit in {"changed", "enabled"} else ()
        yield await _follow(probe, client_id, met, rule_id, begun, edit=edit, unmet=({first, second} - {*met}))


async def _follow(
    probe: Probe,
    client_id: str,
    met: Sequence[str],
    rule_id: str,
    begun: float,
    *,
    edit: str,
    unmet: set[str] | None = None,
) -> Effect:
    """Ask until in every partition the rule meets alerts named *met*, and none named *unmet*."""
    questions = {(Severity.HIGH, SOURCE, name): name in met for name in (*met, *(unmet or ()))}
    rounds = 0
    while True:
        rounds += 1
        answers = await probe.ask(questions, client_id)
        if all((rule_id in rules) == questions[question] for each in answers for question, rules in each.items()):
            return Effect(edit, (time.monotonic() - begun) * 1_000, rounds)
