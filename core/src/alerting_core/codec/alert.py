"""AlertNew and AlertMatched.

Protobuf messages concatenate: AlertMatched is AlertNew followed by the fields client_id and rule_ids. So the alert is
encoded once, however many clients it matches, and each client's tail is appended.
"""

from collections.abc import Iterable

from alerting_core import limits
from alerting_core.codec import wire
from alerting_core.codec.rejected import Rejected, read_record
from alerting_core.domain.alert import Alert, check_alert
from alerting_core.domain.match import Match
from alerting_core.domain.severity import severity_from_wire
from alerting_core.domain.text import check_id
from alerting_core.problem import Problem, ProblemCode

_ALERT_ID, _SCHEMA_VERSION, _EVENT_TS, _SEVERITY, _SOURCE, _NAME, _CONTEXT, _CLIENT_ID, _RULE_IDS = range(1, 10)


def encode_alert(alert: Alert) -> bytes:
    """Encode an AlertNew; equal alerts give equal bytes (labels are sorted)."""
    head = (
        wire.text_field(_ALERT_ID, alert.alert_id)
        + wire.int_field(_SCHEMA_VERSION, alert.schema_version)
        + wire.int_field(_EVENT_TS, alert.event_ts)
        + wire.int_field(_SEVERITY, alert.severity)
        + wire.text_field(_SOURCE, alert.source)
        + wire.text_field(_NAME, alert.name)
    )
    return head + b"".join(_context_entry(key, alert.context[key]) for key in sorted(alert.context))


def _context_entry(key: str, value: str) -> bytes:
    # A map entry carries both fields even when they are empty, as Google's writers do.
    entry = wire.bytes_field(1, key.encode()) + wire.bytes_field(2, value.encode())
    return wire.bytes_field(_CONTEXT, entry)


def encode_match_tail(client_id: str, rule_ids: Iterable[str]) -> bytes:
    """Encode what AlertMatched has beyond AlertNew."""
    rules = b"".join(wire.bytes_field(_RULE_IDS, rule_id.encode()) for rule_id in rule_ids)
    return wire.text_field(_CLIENT_ID, client_id) + rules


def encode_match(match: Match) -> bytes:
    """Encode an AlertMatched."""
    return encode_alert(match.alert) + encode_match_tail(match.client_id, match.rule_ids)


def decode_alert(value: bytes) -> Alert | Rejected:
    """Read an AlertNew."""
    return read_record(value, lambda data: _parse(data)[0], check_alert)


def decode_match(value: bytes) -> Match | Rejected:
    """Read an AlertMatched."""
    return read_record(value, lambda data: Match(*_parse(data)), _check_match)


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


def _parse(data: bytes) -> tuple[Alert, str, tuple[str, ...]]:
    texts = {_ALERT_ID: "", _SOURCE: "", _NAME: "", _CLIENT_ID: ""}
    numbers = {_SCHEMA_VERSION: 0, _EVENT_TS: 0, _SEVERITY: 0}
    context: dict[str, str] = {}
    rule_ids: list[str] = []
    for number, wire_type, value, payload in wire.fields(data):
        if wire_type == wire.BYTES:
            if number in texts:
                texts[number] = wire.to_text(payload)
            elif number == _CONTEXT:
                _parse_context_entry(payload, context)
            elif number == _RULE_IDS:
                rule_ids.append(wire.to_text(payload))
        elif wire_type == wire.VARINT and number in numbers:
            numbers[number] = value
    alert = Alert(
        alert_id=texts[_ALERT_ID],
        severity=severity_from_wire(wire.to_int32(numbers[_SEVERITY])),
        source=texts[_SOURCE],
        name=texts[_NAME],
        event_ts=wire.to_int64(numbers[_EVENT_TS]),
        context=context,
        schema_version=wire.to_int32(numbers[_SCHEMA_VERSION]),
    )
    return alert, texts[_CLIENT_ID], tuple(rule_ids)


def _parse_context_entry(payload: bytes, into: dict[str, str]) -> None:
    pair = {1: "", 2: ""}
    for number, wire_type, _, content in wire.fields(payload):
        if wire_type == wire.BYTES and number in pair:
            pair[number] = wire.to_text(content)
    into[pair[1]] = pair[2]
