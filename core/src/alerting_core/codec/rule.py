"""RuleChanged."""

from dataclasses import dataclass
from enum import IntEnum

from alerting_core import limits
from alerting_core.codec import wire
from alerting_core.codec.rejected import Rejected, read_record
from alerting_core.domain.alert import EVENT_TS_MAX, SCHEMA_VERSION
from alerting_core.domain.text import check_id
from alerting_core.problem import Problem, ProblemCode

_RULE_ID, _CLIENT_ID, _ACTION, _VERSION, _UPDATED_AT, _SCHEMA_VERSION = range(1, 7)


class RuleAction(IntEnum):
    """What happened to a rule. The numbers are those on the wire and never change."""

    UNSPECIFIED = 0
    CREATED = 1
    UPDATED = 2
    DELETED = 3
    DISABLED = 4


@dataclass(frozen=True, slots=True)
class RuleChanged:
    """A rule changed. Readers re-read the client's rules, so that order and repetition do not matter.

    Attributes:
        updated_at: Unix seconds.
    """

    rule_id: str
    client_id: str
    action: RuleAction
    version: int
    updated_at: int
    schema_version: int = SCHEMA_VERSION


def encode_rule_changed(message: RuleChanged) -> bytes:
    """Encode a RuleChanged."""
    return (
        wire.text_field(_RULE_ID, message.rule_id)
        + wire.text_field(_CLIENT_ID, message.client_id)
        + wire.int_field(_ACTION, message.action)
        + wire.int_field(_VERSION, message.version)
        + wire.int_field(_UPDATED_AT, message.updated_at)
        + wire.int_field(_SCHEMA_VERSION, message.schema_version)
    )


def decode_rule_changed(value: bytes) -> RuleChanged | Rejected:
    """Read a RuleChanged. An action unknown here reads as UNSPECIFIED: the client's rules are re-read all the same."""
    return read_record(value, _parse, _check)


def _parse(data: bytes) -> RuleChanged:
    texts = {_RULE_ID: "", _CLIENT_ID: ""}
    numbers = {_ACTION: 0, _VERSION: 0, _UPDATED_AT: 0, _SCHEMA_VERSION: 0}
    for number, wire_type, value, payload in wire.fields(data):
        if wire_type == wire.BYTES and number in texts:
            texts[number] = wire.to_text(payload)
        elif wire_type == wire.VARINT and number in numbers:
            numbers[number] = value
    action = wire.to_int32(numbers[_ACTION])
    return RuleChanged(
        rule_id=texts[_RULE_ID],
        client_id=texts[_CLIENT_ID],
        action=RuleAction(action) if action in RuleAction._value2member_map_ else RuleAction.UNSPECIFIED,
        version=wire.to_int32(numbers[_VERSION]),
        updated_at=wire.to_int64(numbers[_UPDATED_AT]),
        schema_version=wire.to_int32(numbers[_SCHEMA_VERSION]),
    )


def _check(message: RuleChanged) -> tuple[Problem, ...]:
    problems = [
        *check_id("rule_id", message.rule_id, chars_max=limits.ID_CHARS_MAX),
        *check_id("client_id", message.client_id, chars_max=limits.ID_CHARS_MAX),
    ]
    if not 0 <= message.updated_at <= EVENT_TS_MAX:
        problems.append(Problem("updated_at", ProblemCode.OUT_OF_RANGE, f"must be 0 to {EVENT_TS_MAX}"))
    return tuple(problems)
