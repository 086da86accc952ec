"""Rules that stay, and rules that are edited through the API meanwhile, with what is known of each at any time."""

import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

import httpx

from alerting_core.domain.alert import Severity
from alerting_core.domain.rule import Rule
from alerting_core.matching.reference import match_by_nested_loop
from tests.support.catalog import make_rule
from tests.support.command_process import CommandProcess
from tests.support.rule_probe import Question, Seen

CLIENTS: Final = tuple(f"client-{number}" for number in range(12))
SOURCE: Final = "flow"
"""Of all alerts: each meets a rule of each client that stays, so that each alert leads to a match of each client."""

NAMES: Final = ("steady", "other")

State: TypeAlias = tuple[int, Rule | None]
"""When a rule was asked to become so, unix milliseconds, and what it is then; None when it is gone."""

_PATTERNS: Final = (("*", "*"), ("HIGH", "steady"), ("*", "steady"), ("CRITICAL", "*"))


def kept_rules() -> Sequence[Rule]:
    """Return some rules of each client, of every kind, that nobody edits."""
    return [
        make_rule(client_id, severity=severity, source=SOURCE, name=name)
        for client_id in CLIENTS
        for severity, name in _PATTERNS
    ]


@dataclass
class Editor:
    """Creates rules, changes, disables and deletes them, one step after the other; some are left as they are.

    Attributes:
        history: Rule id → its states, in order.
        questions: What an alert has to be like to meet one of them.
    """

    http: httpx.AsyncClient
    dice: random.Random
    history: dict[str, list[State]] = field(default_factory=dict[str, list[State]])
    questions: list[Question] = field(default_factory=list[Question])
    _under_way: Rule | None = None

    @property
    def edits(self) -> int:
        """How many were made."""
        return sum(len(states) for states in self.history.values())

    async def step(self) -> None:
        """Make one edit."""
        rule = self._under_way
        asked_at_ms = time.time_ns() // 1_000_000
        if rule is None:
            rule = await self._create(asked_at_ms)
        elif not rule.name.endswith("changed"):
            rule = await self._change(rule, asked_at_ms)
        elif rule.enabled:
            rule = await self._disable(rule, asked_at_ms)
        else:
            await self._send("DELETE", rule)
            self._note(rule.rule_id, asked_at_ms, None)
            rule = None
        self._under_way = None if self.dice.random() < 0.15 else rule

    async def _create(self, asked_at_ms: int) -> Rule:
        client_id, name = self.dice.choice(CLIENTS), f"edit-{len(self.history)}"
        self.questions += [(Severity.LOW, SOURCE, name), (Severity.LOW, SOURCE, f"{name} changed")]
        body = {"client_id": client_id, "severity": "*", "source": SOURCE, "name": name}
        response = await self.http.post("/api/v1/rules", json=body)
        assert response.status_code == 201, response.text
        rule = make_rule(client_id, rule_id=response.json()["rule_id"], severity="*", source=SOURCE, name=name)
        self._note(rule.rule_id, asked_at_ms, rule)
        return rule

    async def _change(self, rule: Rule, asked_at_ms: int) -> Rule:
        changed = replace(rule, name=f"{rule.name} changed")
        body = {"severity": "*", "source": SOURCE, "name": changed.name}
        await self._send("PUT", rule, json=body)
        self._note(rule.rule_id, asked_at_ms, changed)
        return changed

    async def _disable(self, rule: Rule, asked_at_ms: int) -> Rule:
        disabled = replace(rule, enabled=False)
        await self._send("PATCH", rule, json={"enabled": False})
        self._note(rule.rule_id, asked_at_ms, disabled)
        return disabled

    async def _send(self, method: str, rule: Rule, json: Mapping[str, object] | None = None) -> None:
        response = await self.http.request(method, f"/api/v1/rules/{rule.rule_id}", json=json)
        assert response.is_success, response.text

    def _note(self, rule_id: str, asked_at_ms: int, state: Rule | None) -> None:
        self.history.setdefault(rule_id, []).append((asked_at_ms, state))


@asynccontextmanager
async def open_editor(api: CommandProcess, *, seed: int) -> AsyncIterator[Editor]:
    """Yield an editor that calls *api*."""
    with api.http() as like:
        base_url, headers = like.base_url, like.headers
    async with httpx.AsyncClient(base_url=base_url, headers=headers, timeout=30, trust_env=False) as http:
        yield Editor(http, random.Random(seed))


def what_is_wrong(seen: Seen, kept: Sequence[Rule], history: Mapping[str, Sequence[State]]) -> str | None:
    """Return what is wrong with a match: of the rules that stay it has to have exactly those that it meets.

    Others may be among them if the rule was like that, or was asked to become so, when the match was written.
    """
    match, alert = seen.match, seen.match.alert
    wanted = match_by_nested_loop(kept, alert.severity, alert.source, alert.name).get(match.client_id, ())
    known = {rule.rule_id for rule in kept}
    found = tuple(rule_id for rule_id in match.rule_ids if rule_id in known)
    if found != wanted:
        return f"{alert.alert_id} of {match.client_id} met {found} of the rules that stay, not {wanted}"
    for rule_id in set(match.rule_ids) - known:
        states = [
            rule for asked_at_ms, rule in history.get(rule_id, ()) if asked_at_ms <= seen.evaluated_at_ms and rule
        ]
        if not match_by_nested_loop(states, alert.severity, alert.source, alert.name).get(match.client_id):
            return f"{alert.alert_id} of {match.client_id} met {rule_id}, which was never so: {history.get(rule_id)}"
    return None
