"""RuleChanged."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from alerting_core import limits
from alerting_core.codec.message import Message, enum, int32, int64, text
from alerting_core.codec.rejected import Rejected, read_record
from alerting_core.domain.alert import EVENT_TS_MAX, SCHEMA_VERSION
from alerting_core.domain.text import check_id
from alerting_core.problem import Problem, ProblemCode


class RuleAction(IntEnum):
    """What happened to a rule. The numbers are those on the wire and never change."""

    UNSPECIFIED = 0
    CREATED = 1
    UPDATED = 2
    DELETED = 3
    DISABLED = 4

    @classmethod
    def from_number(cls, number: int) -> "RuleAction":
        """Read a number of the wire; one that this version does not know is UNSPECIFIED."""
        return cls(number) if number in cls._value2member_map_ else cls.UNSPECIFIED


RULE_CHANGED: Final = Message(
    {
        "rule_id": text(1),
        "client_id": text(2),
        "action": enum(3, RuleAction.from_number),
        "version": int32(4),
        "updated_at": int64(5),
        "schema_version": int32(6),
    }
)


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
    return RULE_CHANGED.encode(message)


def decode_rule_changed(value: bytes) -> RuleChanged | Rejected:
    """Read a RuleChanged. An action unknown here reads as UNSPECIFIED: the client's rules are re-read all the same."""
    return read_record(value, lambda data: RuleChanged(**RULE_CHANGED.decode(data)), _check)


def _check(message: RuleChanged) -> tuple[Problem, ...]:
    problems = [
        *check_id("rule_id", message.rule_id, chars_max=limits.ID_CHARS_MAX),
        *check_id("client_id", message.client_id, chars_max=limits.ID_CHARS_MAX),
    ]
    if not 0 <= message.updated_at <= EVENT_TS_MAX:
        problems.append(Problem("updated_at", ProblemCode.OUT_OF_RANGE, f"must be 0 to {EVENT_TS_MAX}"))
    return tuple(problems)
