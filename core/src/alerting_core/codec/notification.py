"""NotificationReady."""

import re
from dataclasses import dataclass
from typing import Final

from alerting_core import limits
from alerting_core.codec import wire
from alerting_core.codec.rejected import Rejected, read_record
from alerting_core.domain.alert import SCHEMA_VERSION
from alerting_core.domain.text import check_id
from alerting_core.problem import Problem, ProblemCode

_NOTIFICATION_ID, _CLIENT_ID, _ALERT_ID, _SCHEMA_VERSION = range(1, 5)

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
    return (
        wire.text_field(_NOTIFICATION_ID, message.notification_id)
        + wire.text_field(_CLIENT_ID, message.client_id)
        + wire.text_field(_ALERT_ID, message.alert_id)
        + wire.int_field(_SCHEMA_VERSION, message.schema_version)
    )


def decode_notification_ready(value: bytes) -> NotificationReady | Rejected:
    """Read a NotificationReady."""
    return read_record(value, _parse, _check)


def _parse(data: bytes) -> NotificationReady:
    texts = {_NOTIFICATION_ID: "", _CLIENT_ID: "", _ALERT_ID: ""}
    version = 0
    for number, wire_type, number_value, payload in wire.fields(data):
        if wire_type == wire.BYTES and number in texts:
            texts[number] = wire.to_text(payload)
        elif wire_type == wire.VARINT and number == _SCHEMA_VERSION:
            version = wire.to_int32(number_value)
    return NotificationReady(texts[_NOTIFICATION_ID], texts[_CLIENT_ID], texts[_ALERT_ID], version)


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
