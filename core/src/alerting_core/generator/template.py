"""What the endpoints of a set of test data look like."""

from base64 import b64encode
from dataclasses import dataclass
from hashlib import blake2b

from alerting_core import limits
from alerting_core.domain.endpoint import Endpoint, EndpointType, SigningSecret
from alerting_core.domain.ids import derive_uuid
from alerting_core.domain.rule import Rule
from alerting_core.errors import Problem, ProblemCode


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
