"""AlertNew and AlertMatched.

Protobuf messages concatenate: AlertMatched is AlertNew followed by the fields client_id and rule_ids. So the alert is
encoded once, however many clients it matches, and each client's tail is appended.
"""

from collections.abc import Iterable
from typing import Final

from alerting_core import limits
from alerting_core.codec.message import Message, int32, int64, labels, severity, text, texts
from alerting_core.codec.rejected import Rejected, read_record
from alerting_core.domain.alert import Alert, check_alert
from alerting_core.domain.match import Match
from alerting_core.domain.text import check_id
from alerting_core.problem import Problem, ProblemCode

ALERT_NEW: Final = Message(
    {
        "alert_id": text(1),
        "schema_version": int32(2),
        "event_ts": int64(3),
        "severity": severity(4),
        "source": text(5),
        "name": text(6),
        "context": labels(7),
    }
)

_TAIL: Final = Message({"client_id": text(8), "rule_ids": texts(9)})

ALERT_MATCHED: Final = Message(ALERT_NEW.fields | _TAIL.fields)


def encode_alert(alert: Alert) -> bytes:
    """Encode an AlertNew; equal alerts give equal bytes."""
    return ALERT_NEW.encode(alert)


def encode_match(match: Match) -> bytes:
    """Encode an AlertMatched."""
    return encode_alert(match.alert) + encode_match_tail(match.client_id, match.rule_ids)


def encode_match_tail(client_id: str, rule_ids: Iterable[str]) -> bytes:
    """Encode what AlertMatched has beyond AlertNew."""
    return _TAIL.encode_values(client_id, rule_ids)


def decode_alert(value: bytes) -> Alert | Rejected:
    """Read an AlertNew."""
    return read_record(value, lambda data: Alert(**ALERT_NEW.decode(data)), check_alert)


def decode_match(value: bytes) -> Match | Rejected:
    """Read an AlertMatched."""
    return read_record(value, _parse_match, _check_match)


def _parse_match(data: bytes) -> Match:
    values = ALERT_MATCHED.decode(data)
    client_id, rule_ids = values.pop("client_id"), values.pop("rule_ids")
    return Match(Alert(**values), client_id, rule_ids)


def _check_match(match: Match) -> tuple[Problem, ...]:
    problems = [*check_alert(match.alert), *check_id("client_id", match.client_id, chars_max=limits.ID_CHARS_MAX)]
    if not match.rule_ids:
        problems.append(Problem("rule_ids", ProblemCode.MISSING, "a match needs at least one rule"))
    # An existing producer may name more; what is stored stays bounded all the same.
    elif len(match.rule_ids) > limits.RULES_PER_CLIENT_MAX:
        problems.append(Problem("rule_ids", ProblemCode.TOO_MANY, f"at most {limits.RULES_PER_CLIENT_MAX} rules"))
    for index, rule_id in enumerate(match.rule_ids):
        problems += check_id(f"rule_ids[{index}]", rule_id, chars_max=limits.ID_CHARS_MAX)
    return tuple(problems)
