"""What can be seen of a dead letter: the message that its bytes are, if they are one, and the bytes themselves."""

import codecs
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from alerting_core import limits
from alerting_core.codec.alert import decode_alert, decode_match
from alerting_core.codec.notification import NotificationReady, decode_notification_ready
from alerting_core.codec.rejected import Rejected
from alerting_core.codec.rule import RuleChanged, decode_rule_changed
from alerting_core.domain.alert import Alert
from alerting_core.domain.match import Match
from alerting_core.ports.dead_letters import DeadLetter
from alerting_core.ports.stream import ALERTS_MATCHED, ALERTS_NEW, NOTIFICATIONS_READY, RULE_CHANGED

_DECODERS = {
    ALERTS_NEW: decode_alert,
    ALERTS_MATCHED: decode_match,
    NOTIFICATIONS_READY: decode_notification_ready,
    RULE_CHANGED: decode_rule_changed,
}


@dataclass(frozen=True, slots=True)
class BytesView:
    """Bytes for people.

    Attributes:
        size: Of all of it.
        text: The beginning as text; None when it is no text.
        base64: The same beginning.
        is_cut: Whether there is more than is shown.
    """

    size: int
    text: str | None
    base64: str
    is_cut: bool


@dataclass(frozen=True, slots=True)
class LetterView:
    """A dead letter for people.

    Attributes:
        message: What the value says, field by field; None when it cannot be read as the topic's message.
        problem: Why not; None when it can: then the reason lay elsewhere, or is mended by now.
    """

    letter: DeadLetter
    key: BytesView
    value: BytesView
    headers: tuple[tuple[str, BytesView], ...]
    message: Mapping[str, object] | None
    problem: str | None


def view_letter(letter: DeadLetter) -> LetterView:
    """Return what can be seen of *letter*."""
    message, problem = _read(letter)
    return LetterView(
        letter=letter,
        key=view_bytes(letter.key),
        value=view_bytes(letter.value),
        headers=tuple((name, view_bytes(value)) for name, value in letter.headers),
        message=message,
        problem=problem,
    )


def view_bytes(raw: bytes, *, shown_max: int = limits.LETTER_BYTES_SHOWN_MAX) -> BytesView:
    """Return the beginning of *raw*, as text too if it is some."""
    shown = raw[:shown_max]
    return BytesView(
        len(raw), _text(shown, is_cut=len(raw) > shown_max), b64encode(shown).decode(), len(raw) > shown_max
    )


def _text(raw: bytes, *, is_cut: bool) -> str | None:
    try:
        # A character that the cut went through is left out.
        text = codecs.getincrementaldecoder("utf-8")().decode(raw, final=not is_cut)
    except UnicodeDecodeError:
        return None
    return text if all(c.isprintable() or c in "\n\r\t" for c in text) else None


def _read(letter: DeadLetter) -> tuple[Mapping[str, object] | None, str | None]:
    if not letter.is_whole:
        return None, "only the beginning was kept"
    decode = _DECODERS.get(letter.source[0])
    if decode is None:
        return None, "there is no message for its topic"
    message = decode(letter.value)
    if isinstance(message, Rejected):
        return None, message.reason
    return _fields(message), None


def _fields(message: Alert | Match | NotificationReady | RuleChanged) -> Mapping[str, object]:
    match message:
        case Alert():
            return {
                "alert_id": message.alert_id,
                "severity": message.severity.name,
                "source": message.source,
                "name": message.name,
                "event_ts": message.event_ts,
                "context": dict(message.context),
                "schema_version": message.schema_version,
            }
        case Match():
            return {
                **_fields(message.alert),
                "client_id": message.client_id,
                "rule_ids": list(message.rule_ids),
            }
        case NotificationReady():
            return {
                "notification_id": message.notification_id,
                "client_id": message.client_id,
                "alert_id": message.alert_id,
                "schema_version": message.schema_version,
            }
        case RuleChanged():
            return {
                "rule_id": message.rule_id,
                "client_id": message.client_id,
                "action": message.action.name,
                "version": message.version,
                "updated_at": message.updated_at,
                "schema_version": message.schema_version,
            }
