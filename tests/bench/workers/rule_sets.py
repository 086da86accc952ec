"""The rules that workers are measured with: 28,800 of them in each set."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, groupby, islice
from typing import Final
from uuid import UUID

from alerting_core.domain.alert import Alert
from alerting_core.domain.client import Client
from alerting_core.domain.endpoint import EndpointType
from alerting_core.domain.rule import Rule
from alerting_core.generator.alerts import generate_alerts
from alerting_core.generator.config import GeneratorConfig
from alerting_core.generator.testdata import ClientData, Dataset, EndpointTemplate, Size, make_dataset, make_endpoint
from alerting_core.matching.index import RuleIndex
from tests.bench.growing_rules import draw_questions, grow_rules, vocabulary_for
from tests.support.catalog import NOW_MS

SIZE: Final = Size(clients=100, rules_per_client=288, endpoints_per_rule=1)
LARGE: Final = Size(clients=1_000, rules_per_client=288, endpoints_per_rule=1)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Clients with their rules and endpoints, and alerts that meet them.

    Attributes:
        name: For the table.
        endless_alerts: Seed → alerts, no two sets of seeds with an id in common.
    """

    name: str
    clients: Sequence[ClientData]
    index: RuleIndex
    endless_alerts: Callable[[int], Iterator[Alert]]

    def alerts(self, *, seed: int, matches: int) -> tuple[Sequence[Alert], int, int]:
        """Return alerts that lead to at least so many *matches*, and how many matches and deliveries they come to."""
        alerts: list[Alert] = []
        found = deliveries = 0
        for alert in self.endless_alerts(seed):
            matched = self.index.match(alert.severity, alert.source, alert.name)
            alerts.append(alert)
            found += len(matched)
            deliveries += sum(map(len, matched.values()))  # Each rule has an endpoint of its own.
            if found >= matches:
                break
        return alerts, found, deliveries


def make_rule_sets(url: str) -> Iterator[Callable[[], RuleSet]]:
    """Yield what makes each set, with webhooks at *url*."""
    template = _webhooks_at(url)
    yield lambda: varied(url, SIZE)
    yield lambda: _test_data("100 clients an alert", Dataset.IDENTICAL, template, SIZE)
    yield lambda: _wildcards(template)


def varied(url: str, size: Size) -> RuleSet:
    """Return rules of which an alert meets some in five clients, with webhooks at *url*."""
    return _test_data("5 clients an alert", Dataset.VARIED, _webhooks_at(url), size)


def _webhooks_at(url: str) -> EndpointTemplate:
    return EndpointTemplate(EndpointType.WEBHOOK, url + "/{client_id}/{rule}")


def _test_data(name: str, dataset: Dataset, template: EndpointTemplate, size: Size) -> RuleSet:
    clients = tuple(make_dataset(dataset, template=template, now_ms=NOW_MS, size=size))
    return RuleSet(name, clients, _index_of(clients), _generated)


def _generated(seed: int) -> Iterator[Alert]:
    return generate_alerts(GeneratorConfig(burst=100_000, seed=seed), started_at_ms=NOW_MS)


def _wildcards(template: EndpointTemplate) -> RuleSet:
    """Return rules with every mask of wildcards, over so many words that a result is seldom asked for twice."""
    rules = sorted((replace(rule, version=1) for rule in grow_rules(SIZE.rules)), key=lambda rule: rule.client_id)
    clients = tuple(
        _client(client_id, tuple(own), template) for client_id, own in groupby(rules, key=lambda rule: rule.client_id)
    )
    return RuleSet("wildcards", clients, _index_of(clients), _many_words)


def _client(client_id: str, rules: tuple[Rule, ...], template: EndpointTemplate) -> ClientData:
    endpoints = tuple(make_endpoint(template, rule, rule_number=n, number=1) for n, rule in enumerate(rules, start=1))
    return ClientData(Client(client_id, client_id, created_at_ms=NOW_MS, updated_at_ms=NOW_MS), rules, endpoints)


def _many_words(seed: int) -> Iterator[Alert]:
    dice = random.Random(seed)
    questions = draw_questions(vocabulary_for(SIZE.rules), 50_000)
    context = {"environment": "prod", "region": "eu-west-1"}
    for _ in islice(count(), 100_000):
        severity, source, name = dice.choice(questions)
        yield Alert(str(UUID(int=dice.getrandbits(128))), severity, source, name, NOW_MS // 1_000, context)


def _index_of(clients: Sequence[ClientData]) -> RuleIndex:
    return RuleIndex(rule for each in clients for rule in each.rules)
