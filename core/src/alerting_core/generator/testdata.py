"""Sets of clients, rules and endpoints to test with. Ids, and all else but the times, follow from set and seed."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from itertools import product
from typing import Final

from alerting_core import limits
from alerting_core.domain.alert import SEVERITY_NAMES
from alerting_core.domain.client import Client
from alerting_core.domain.endpoint import Endpoint, EndpointType, SigningSecret
from alerting_core.domain.rule import Rule
from alerting_core.domain.text import derive_uuid
from alerting_core.errors import InvalidInput, Problem, ProblemCode
from alerting_core.generator.alerts import NAMES, SOURCES, RuleFields, vary
from alerting_core.generator.config import TEST_CLIENTS_MAX


@dataclass(frozen=True, slots=True)
class EndpointTemplate:
    """What the endpoints of a set look like.

    Attributes:
        value: A URL or addresses, in which {client_id}, {rule} and {endpoint} are replaced: the id, and the numbers of
            the rule within its client and of the endpoint within its rule, both from 1.
    """

    type: EndpointType
    value: str


def check_template(template: EndpointTemplate, *, endpoints_per_rule: int) -> tuple[Problem, ...]:
    """Return what keeps *template* from making so many different endpoints for each rule."""
    problems: list[Problem] = []
    longest = _fill(template.value, client_id="x" * 32, rule=10_000, endpoint=100)
    if len(longest) > limits.ENDPOINT_VALUE_CHARS_MAX:
        problems.append(Problem("template", ProblemCode.TOO_LONG, "makes endpoints longer than allowed"))
    if "{" in longest or "}" in longest:
        detail = "may only hold {client_id}, {rule} and {endpoint} in braces"
        problems.append(Problem("template", ProblemCode.UNKNOWN_VALUE, detail))
    if endpoints_per_rule > 1 and "{endpoint}" not in template.value:
        detail = f"must hold {{endpoint}}, or the {endpoints_per_rule} endpoints of a rule would be the same"
        problems.append(Problem("template", ProblemCode.MISSING, detail))
    return tuple(problems)


def make_endpoint(template: EndpointTemplate, rule: Rule, *, rule_number: int, number: int) -> Endpoint:
    """Return endpoint *number* of *rule*, which is its client's rule *rule_number*; both count from 1."""
    endpoint_id = derive_uuid("test-endpoint", rule.rule_id, str(number))
    return Endpoint(
        endpoint_id,
        rule.client_id,
        rule.rule_id,
        template.type,
        _fill(template.value, client_id=rule.client_id, rule=rule_number, endpoint=number),
        enabled=True,
        version=1,
        created_at_ms=rule.created_at_ms,
        updated_at_ms=rule.updated_at_ms,
        secret=_secret(endpoint_id) if template.type is EndpointType.WEBHOOK else None,
    )


def _fill(value: str, *, client_id: str, rule: int, endpoint: int) -> str:
    # Not str.format, which would reach into objects at the wish of whoever wrote the template.
    filled = value.replace("{client_id}", client_id).replace("{rule}", str(rule))
    return filled.replace("{endpoint}", str(endpoint))


def _secret(endpoint_id: str) -> SigningSecret:
    """Return a secret that anybody can compute: it protects nothing but test data."""
    raw = blake2b(endpoint_id.encode(), digest_size=32, person=b"test-secret").digest()
    return SigningSecret("whsec_" + b64encode(raw).decode())


class Dataset(StrEnum):
    """The sets there are."""

    IDENTICAL = "identical"
    """Every client has the same rules: the worst fan-out, each alert goes to nearly all clients."""
    LARGE = "large"
    """The same, with more of both."""
    BALANCED = "balanced"
    """Few rules each, spread evenly: an alert goes to two or three clients."""
    VARIED = "varied"
    """Rules of every kind, wildcards and disabled ones included: an alert goes to about five clients."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much a set holds."""

    clients: int
    rules_per_client: int
    endpoints_per_rule: int

    @property
    def rules(self) -> int:
        """All rules."""
        return self.clients * self.rules_per_client

    @property
    def endpoints(self) -> int:
        """All endpoints."""
        return self.rules * self.endpoints_per_rule


SIZES: Final = {
    Dataset.IDENTICAL: Size(clients=100, rules_per_client=288, endpoints_per_rule=2),
    Dataset.LARGE: Size(clients=1_500, rules_per_client=300, endpoints_per_rule=1),
    Dataset.BALANCED: Size(clients=200, rules_per_client=4, endpoints_per_rule=1),
    Dataset.VARIED: Size(clients=200, rules_per_client=12, endpoints_per_rule=1),
}


@dataclass(frozen=True, slots=True)
class ClientData:
    """One client with all that it owns."""

    client: Client
    rules: tuple[Rule, ...]
    endpoints: tuple[Endpoint, ...]


COMBINATIONS: Final[tuple[RuleFields, ...]] = tuple(product(SEVERITY_NAMES, SOURCES, NAMES))
"""The 320 exact rules that the default alerts can meet."""


def make_dataset(
    dataset: Dataset, *, template: EndpointTemplate, now_ms: int, seed: int = 1, size: Size | None = None
) -> Iterator[ClientData]:
    """Return the clients of *dataset*, one at a time, with their rules and endpoints.

    Args:
        template: What the endpoints look like.
        now_ms: When everything was created.
        seed: Of the varied set; the others have nothing to draw.
        size: Instead of the set's own (`SIZES`).

    Raises:
        InvalidInput: The template, or the size, has problems.
    """
    size = size or SIZES[dataset]
    if problems := (*check_template(template, endpoints_per_rule=size.endpoints_per_rule), *_size_problems(size)):
        raise InvalidInput(problems, "the test data cannot be made like this")
    return (
        _client_data(dataset, f"{dataset}-{number:04}", rules, template, size.endpoints_per_rule, now_ms)
        for number, rules in enumerate(_rules_of(dataset, size, seed), start=1)
    )


def _rules_of(dataset: Dataset, size: Size, seed: int) -> Iterator[Sequence[tuple[RuleFields, bool]]]:
    """Yield, client by client, the fields of its rules and whether each is enabled."""
    if dataset is Dataset.VARIED:
        yield from vary(clients=size.clients, rules_per_client=size.rules_per_client, seed=seed)
        return
    for number in range(size.clients):
        first = number * size.rules_per_client if dataset is Dataset.BALANCED else 0
        picked = ((first + offset) % len(COMBINATIONS) for offset in range(size.rules_per_client))
        yield [(COMBINATIONS[position], True) for position in picked]


def _size_problems(size: Size) -> Iterator[Problem]:
    for path, number, largest in (
        ("clients", size.clients, TEST_CLIENTS_MAX),
        ("rules_per_client", size.rules_per_client, len(COMBINATIONS)),
        ("endpoints_per_rule", size.endpoints_per_rule, limits.ENDPOINTS_PER_RULE_MAX),
    ):
        if not 0 < number <= largest:
            yield Problem(path, ProblemCode.OUT_OF_RANGE, f"must be 1 to {largest:,}")


def _client_data(
    dataset: Dataset,
    client_id: str,
    rules: Sequence[tuple[RuleFields, bool]],
    template: EndpointTemplate,
    endpoints_per_rule: int,
    now_ms: int,
) -> ClientData:
    client = Client(client_id, f"Test client {client_id}", created_at_ms=now_ms, updated_at_ms=now_ms)
    made = tuple(
        Rule(
            derive_uuid("test-rule", client_id, severity, source, name),
            client_id,
            severity,
            source,
            name,
            enabled,
            version=1,
            created_at_ms=now_ms,
            updated_at_ms=now_ms,
        )
        for (severity, source, name), enabled in rules
    )
    endpoints = tuple(
        make_endpoint(template, rule, rule_number=rule_number, number=number)
        for rule_number, rule in enumerate(made, start=1)
        for number in range(1, endpoints_per_rule + 1)
    )
    return ClientData(client, made, endpoints)
