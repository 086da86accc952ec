"""The clients of a scenario: made-up ones whose rules reach as far as the settings ask for, and the user's own.

Theory of operation. Which alerts come, and how often, is known from the distributions. So the number of clients that
an alert can expect to match is a sum that is kept exactly while rules are drawn: a rule adds the share of the alerts
that it matches and no other rule of its client does. Rules are drawn until the sum is at its goal; where exact rules
are too narrow for that, the widest that fit are taken. The rest of each client's rules is about systems that no alert
names.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from random import Random
from typing import Any, Final, TypeAlias

from alerting_core.domain.alert import WILDCARD
from alerting_core.domain.client import Client
from alerting_core.domain.endpoint import EndpointDraft, EndpointType, new_endpoint
from alerting_core.domain.endpoint_check import new_secret
from alerting_core.domain.rule import Rule, RuleDraft, new_rule
from alerting_core.domain.text import derive_uuid
from alerting_core.memory.clients import add_endpoint, add_rule
from alerting_core.memory.database import MemoryDatabase
from alerting_core.sim.faults import dice_for
from alerting_playground.session.inputs import Settings
from alerting_playground.session.scenario import rule_draft

Pattern: TypeAlias = tuple[str, str, str]
"""(severity, source, name), wildcards as `*`."""

HOSTS: Final = tuple(f"hooks-{number}.sim" for number in range(1, 13))
"""Where the made-up endpoints are; clients meet there."""

QUIET_SOURCES: Final = ("billing", "search", "mail", "scheduler", "storage", "gateway", "reports", "imports")
NAMES: Final = (
    "Aurora", "Beacon", "Cobalt", "Delta", "Ember", "Fjord", "Granite", "Harbor", "Iris", "Juniper", "Kestrel", "Lumen",
    "Meridian", "Nimbus", "Orchard", "Pinnacle", "Quartz", "Ridge", "Summit", "Tundra",
)  # fmt: skip
"""Of made-up clients."""

_SHARE_LEFT: Final = 0.005
_TRIES_PER_RULE: Final = 20
_KINDS: Final = (*[EndpointType.WEBHOOK] * 7, *[EndpointType.SLACK] * 2, EndpointType.EMAIL)


class Reach:
    """How many clients an alert is expected to match by the rules drawn so far."""

    def __init__(self, settings: Settings) -> None:
        dists = [settings.distribution(name) for name in ("severity_dist", "source_dist", "name_dist")]
        self.values = [[v for v, w in zip(d.values, d.weights, strict=True) if w] for d in dists]
        weights = [dict(zip(d.values, d.weights, strict=True)) for d in dists]
        self._shares = {
            (severity, source, name): weights[0][severity] * weights[1][source] * weights[2][name] / 1e6
            for severity, source, name in product(*self.values)
        }
        self._covered: dict[int, set[Pattern]] = {}
        self.expected = 0.0

    def gain(self, client: int, rule: Pattern) -> float:
        """Return what *rule* would add."""
        covered = self._covered.get(client, set())
        return sum(self._shares[alert] for alert in self._met_by(rule) if alert not in covered)

    def add(self, client: int, rule: Pattern) -> None:
        """Count *rule* in."""
        self.expected += self.gain(client, rule)
        self._covered.setdefault(client, set()).update(self._met_by(rule))

    def widest(self) -> list[Pattern]:
        """Return all rules that name one field or two."""
        severities, sources, names = ([*values, WILDCARD] for values in self.values)
        return [rule for rule in product(severities, sources, names) if 1 <= rule.count(WILDCARD) <= 2]

    def _met_by(self, rule: Pattern) -> Iterator[Pattern]:
        severities, sources, names = (
            all_ if value == WILDCARD else [value] for value, all_ in zip(rule, self.values, strict=True)
        )
        return product(severities, sources, names)


def draw_rules(settings: Settings, dice: Random) -> list[list[Pattern]]:
    """Return the rules of each made-up client, no two of a client alike."""
    reach = Reach(settings)
    rules: list[list[Pattern]] = [[] for _ in range(settings.clients)]
    if settings.clients:
        _draw_active(settings, dice, reach, rules)
    for own in rules:
        while len(own) < settings.rules_per_client:
            rule = (_pick(dice, reach.values[0]), _pick(dice, QUIET_SOURCES), _pick(dice, reach.values[2]))
            if rule not in own:
                own.append(rule)
            elif len(own) >= len(reach.values[0]) * len(QUIET_SOURCES) * len(reach.values[2]):
                break
    return rules


def _draw_active(settings: Settings, dice: Random, reach: Reach, rules: list[list[Pattern]]) -> None:
    goal = min(settings.fan_out, float(settings.clients))
    # The other half of the rules is kept for wide ones: exact rules alone reach hardly anybody.
    drawn_max = settings.rules_per_client // 2
    for _ in range(_TRIES_PER_RULE * settings.clients * drawn_max):
        if goal - reach.expected <= _SHARE_LEFT:
            return
        client = int(dice.random() * settings.clients)
        rule = _draw(dice, reach.values, wild=dice.random() < settings.wildcard_share)
        if len(rules[client]) < drawn_max and 0 < reach.gain(client, rule) <= _left(goal, reach):
            rules[client].append(rule)
            reach.add(client, rule)
    widest = reach.widest()
    for client, own in enumerate(rules):
        wanted = (goal - reach.expected) / (len(rules) - client)
        while len(own) < settings.rules_per_client and wanted > _SHARE_LEFT:
            gains = [(reach.gain(client, rule), rule) for rule in widest]
            fitting = [(abs(gain - wanted), gain, rule) for gain, rule in gains if 0 < gain <= _left(goal, reach)]
            if not fitting:
                break
            _, gain, rule = min(fitting)
            own.append(rule)
            reach.add(client, rule)
            wanted -= gain


def _left(goal: float, reach: Reach) -> float:
    return goal - reach.expected + _SHARE_LEFT


def _draw(dice: Random, values: Sequence[Sequence[str]], *, wild: bool) -> Pattern:
    severity, source, name = (_pick(dice, one) for one in values)
    if not wild:
        return severity, source, name
    shape = int(dice.random() * 6)
    return (
        WILDCARD if shape in {0, 3, 4} else severity,
        WILDCARD if shape in {1, 3, 5} else source,
        WILDCARD if shape in {2, 4, 5} else name,
    )


def _pick(dice: Random, values: Sequence[str]) -> str:
    return values[int(dice.random() * len(values))]


class Population:
    """Puts clients with rules and endpoints into a database."""

    def __init__(self, database: MemoryDatabase, *, seed: int, now_ms: int) -> None:
        self._database, self._seed, self._now_ms = database, seed, now_ms

    def make(self, settings: Settings) -> None:
        """Add the made-up clients."""
        dice = dice_for(self._seed, "population")
        for number, rules in enumerate(draw_rules(settings, dice), start=1):
            name = NAMES[(number - 1) % len(NAMES)] + (f" {(number - 1) // len(NAMES) + 1}" if number > 20 else "")
            client_id = name.lower().replace(" ", "-")
            self._client(client_id, name)
            targets = [_target(dice, client_id, place) for place in range(settings.targets_per_client)]
            for pattern in rules:
                rule = self._rule(client_id, RuleDraft(*pattern))
                kind, value = targets[int(dice.random() * len(targets))]
                self._endpoint(rule, EndpointDraft(kind, value))

    def add_own(self, catalog: Sequence[Mapping[str, Any]]) -> None:
        """Add the user's clients."""
        for client in catalog:
            self._client(client["client_id"], client["name"])
            for given in client["rules"]:
                rule = self._rule(client["client_id"], rule_draft(given))
                for endpoint in given["endpoints"]:
                    self._endpoint(rule, EndpointDraft(**endpoint))

    def _client(self, client_id: str, name: str) -> None:
        self._database.clients[client_id] = Client(client_id, name, self._now_ms, self._now_ms)

    def _rule(self, client_id: str, draft: RuleDraft) -> Rule:
        rule_id = derive_uuid("demo-rule", str(self._seed), client_id, draft.severity, draft.source, draft.name)
        rule = new_rule(draft, rule_id=rule_id, client_id=client_id, now_ms=self._now_ms)
        add_rule(self._database, rule)
        return rule

    def _endpoint(self, rule: Rule, draft: EndpointDraft) -> None:
        endpoint_id = derive_uuid("demo-endpoint", rule.rule_id, draft.type, draft.value)
        if endpoint_id in self._database.endpoints:
            return
        secret = draft.secret
        if secret is None and draft.type == EndpointType.WEBHOOK:
            secret = new_secret(dice_for(self._seed, f"secret of {endpoint_id}").randbytes(24))
        endpoint = new_endpoint(draft, rule, endpoint_id=endpoint_id, secret=secret, now_ms=self._now_ms)
        add_endpoint(self._database, endpoint)


def _target(dice: Random, client_id: str, place: int) -> tuple[EndpointType, str]:
    kind, host = _KINDS[int(dice.random() * len(_KINDS))], _pick(dice, HOSTS)
    match kind:
        case EndpointType.EMAIL:
            return kind, f"oncall-{place + 1}@{client_id}.sim"
        case EndpointType.SLACK:
            return kind, f"https://{host}/services/{client_id}/{place + 1}"
        case EndpointType.WEBHOOK:
            return kind, f"https://{host}/{client_id}/alerts/{place + 1}"
