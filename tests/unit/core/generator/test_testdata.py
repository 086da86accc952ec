"""The sets of clients, rules and endpoints."""

from collections import Counter

import pytest

from alerting_core.domain.client import check_client
from alerting_core.domain.endpoint import EndpointType
from alerting_core.domain.rule import Rule, check_rule
from alerting_core.errors import InvalidInput
from alerting_core.generator.alerts import NAMES, SOURCES, generate_alerts
from alerting_core.generator.config import NAME_DIST, SOURCE_DIST, Distribution, GeneratorConfig, read_distribution
from alerting_core.generator.testdata import SIZES, ClientData, Dataset, EndpointTemplate, Size, make_dataset
from alerting_core.matching.index import RuleIndex

TEMPLATE = EndpointTemplate(EndpointType.WEBHOOK, "http://127.0.0.1:8080/inbox/{client_id}/{rule}/{endpoint}")


def _make(
    dataset: Dataset, *, template: EndpointTemplate = TEMPLATE, seed: int = 1, size: Size | None = None
) -> list[ClientData]:
    return list(make_dataset(dataset, template=template, now_ms=1_000, seed=seed, size=size))


def _rules(clients: list[ClientData]) -> list[Rule]:
    return [rule for client in clients for rule in client.rules]


def _clients_per_alert(clients: list[ClientData], *, seed: int = 9) -> float:
    index = RuleIndex(_rules(clients))
    alerts = list(generate_alerts(GeneratorConfig(burst=10_000, seed=seed), started_at_ms=0))
    return sum(len(index.match(a.severity, a.source, a.name)) for a in alerts) / len(alerts)


def test_the_identical_set_is_100_clients_with_the_same_288_rules_and_two_endpoints_each() -> None:
    clients = _make(Dataset.IDENTICAL)
    assert len(clients) == 100
    assert len({tuple((r.severity, r.source, r.name) for r in client.rules) for client in clients}) == 1
    first = clients[0].rules
    assert (len(first), len(_rules(clients))) == (288, 28_800)
    assert [(r.severity, r.source, r.name) for r in (first[0], first[1], first[-1])] == [
        ("LOW", "api", "timeout"), ("LOW", "api", "error"), ("CRITICAL", "queue", "network"),
    ]  # fmt: skip
    assert sum(len(client.endpoints) for client in clients) == 57_600
    assert len({e.endpoint_id for client in clients for e in client.endpoints}) == 57_600
    assert len({rule.rule_id for rule in _rules(clients)}) == 28_800


def test_the_sizes_told_are_the_sizes_made() -> None:
    large = SIZES[Dataset.LARGE]
    assert (large.clients, large.rules_per_client, large.rules) == (1_500, 300, 450_000)
    assert (SIZES[Dataset.IDENTICAL].rules, SIZES[Dataset.IDENTICAL].endpoints) == (28_800, 57_600)
    for dataset in (Dataset.BALANCED, Dataset.VARIED):
        clients, size = _make(dataset), SIZES[dataset]
        assert (len(clients), len(_rules(clients))) == (size.clients, size.rules)
        assert sum(len(client.endpoints) for client in clients) == size.endpoints


def test_the_large_set_has_300_different_rules_a_client() -> None:
    (client,) = _make(Dataset.LARGE, size=Size(clients=1, rules_per_client=300, endpoints_per_rule=1))
    assert len({rule.pattern for rule in client.rules}) == 300


def test_the_balanced_set_gives_each_alert_two_or_three_clients() -> None:
    counts = Counter(rule.pattern for rule in _rules(_make(Dataset.BALANCED)))
    assert len(counts) == 320
    assert set(counts.values()) == {2, 3}


@pytest.mark.parametrize("seed", [1, 2, 3, 81_723])
def test_the_varied_set_gives_an_alert_about_five_clients(seed: int) -> None:
    assert 4.7 < _clients_per_alert(_make(Dataset.VARIED, seed=seed)) < 5.3


def test_the_varied_set_holds_every_kind_of_rule() -> None:
    rules = _rules(_make(Dataset.VARIED))
    assert RuleIndex(rules).stats.masks == 7
    assert 0 < sum(not rule.enabled for rule in rules) < len(rules) / 10
    assert {rule.source for rule in rules} > {*SOURCES, "*"}


def test_a_disabled_rule_of_the_varied_set_would_match_if_it_were_enabled() -> None:
    assert {rule.source for rule in _rules(_make(Dataset.VARIED)) if not rule.enabled} <= {*SOURCES, "*"}


@pytest.mark.parametrize("dataset", [Dataset.VARIED, Dataset.BALANCED])
def test_everything_could_have_come_in_by_the_api(dataset: Dataset) -> None:
    for data in _make(dataset):
        assert not check_client(data.client.client_id, data.client.name)
        assert not [problem for r in data.rules for problem in check_rule(r.severity, r.source, r.name)]
        assert len({rule.pattern for rule in data.rules}) == len(data.rules)
        assert {rule.client_id for rule in data.rules} == {data.client.client_id}
        assert {e.rule_id for e in data.endpoints} == {rule.rule_id for rule in data.rules}


def test_the_same_seed_makes_the_same_varied_set_and_another_another() -> None:
    assert _make(Dataset.VARIED, seed=3) == _make(Dataset.VARIED, seed=3)
    assert _make(Dataset.VARIED, seed=3) != _make(Dataset.VARIED, seed=4)


def test_the_words_of_the_sets_are_those_of_the_default_alerts() -> None:
    for words, text in ((SOURCES, SOURCE_DIST), (NAMES, NAME_DIST)):
        read = read_distribution("", text)
        assert isinstance(read, Distribution)
        assert read.values == words


def test_endpoints_are_named_by_client_rule_and_number() -> None:
    data = _make(Dataset.IDENTICAL, size=Size(clients=2, rules_per_client=2, endpoints_per_rule=2))
    assert [endpoint.value.removeprefix("http://127.0.0.1:8080/inbox/") for endpoint in data[1].endpoints] == [
        "identical-0002/1/1", "identical-0002/1/2", "identical-0002/2/1", "identical-0002/2/2",
    ]  # fmt: skip
    secrets = {e.secret.current for client in data for e in client.endpoints if e.secret}
    assert len(secrets) == 8
    assert all(secret.startswith("whsec_") for secret in secrets)


def test_endpoints_that_are_no_webhooks_have_no_secret() -> None:
    template = EndpointTemplate(EndpointType.EMAIL, "{client_id}@mail.internal")
    data = _make(Dataset.BALANCED, template=template, size=Size(clients=1, rules_per_client=1, endpoints_per_rule=1))
    (endpoint,) = data[0].endpoints
    assert (endpoint.value, endpoint.secret) == ("balanced-0001@mail.internal", None)


@pytest.mark.parametrize(
    ("value", "size", "path"),
    [
        ("http://h/{client_id}", Size(1, 1, 2), "template"),
        ("http://h/{client_id.__class__}", Size(1, 1, 1), "template"),
        ("http://h/{", Size(1, 1, 1), "template"),
        ("http://h/" + "x" * 3_000, Size(1, 1, 1), "template"),
        ("http://h/", Size(0, 1, 1), "clients"),
        ("http://h/", Size(10**9, 1, 1), "clients"),
        ("http://h/", Size(1, 321, 1), "rules_per_client"),
        ("http://h/{endpoint}", Size(1, 1, 21), "endpoints_per_rule"),
    ],
)
def test_what_cannot_be_made_is_refused_before_anything_is(value: str, size: Size, path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        make_dataset(Dataset.VARIED, template=EndpointTemplate(EndpointType.WEBHOOK, value), now_ms=0, size=size)
    assert [problem.path for problem in caught.value.problems] == [path]
