"""NotificationReady."""

import re
from dataclasses import dataclass
from typing import Final

from alerting_core import limits
from alerting_core.codec.message import Message, int32, text
from alerting_core.codec.rejected import Rejected, read_record
from alerting_core.domain.alert import SCHEMA_VERSION
from alerting_core.domain.text import check_id
from alerting_core.problem import Problem, ProblemCode

NOTIFICATION_READY: Final = Message(
    {"notification_id": text(1), "client_id": text(2), "alert_id": text(3), "schema_version": int32(4)}
)

_UUID: Final = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class NotificationReady:
    """A notification is stored and waits for its deliveries."""

    notification_id: str
    client_id: str
    alert_id: str
    schema_version: int = SCHEMA_VERSION


def encode_notification_ready(message: NotificationReady) -> bytes:
    """Encode a NotificationReady."""
    return NOTIFICATION_READY.encode(message)


def decode_notification_ready(value: bytes) -> NotificationReady | Rejected:
    """Read a NotificationReady."""
    return read_record(value, lambda data: NotificationReady(**NOTIFICATION_READY.decode(data)), _check)


def _check(message: NotificationReady) -> tuple[Problem, ...]:
    problems = [
        *check_id("notification_id", message.notification_id, chars_max=limits.ID_CHARS_MAX),
        *check_id("client_id", message.client_id, chars_max=limits.ID_CHARS_MAX),
        *check_id("alert_id", message.alert_id, chars_max=limits.ID_CHARS_MAX),
    ]
    if not problems and not is_uuid(message.notification_id):
        problems.append(Problem("notification_id", ProblemCode.UNKNOWN_VALUE, "must be a UUID"))
    return tuple(problems)


def is_uuid(text: str) -> bool:
    """Say whether *text* is a UUID in its usual form, 8-4-4-4-12 lower-case hexadecimal digits."""
    return _UUID.fullmatch(text) is not None
