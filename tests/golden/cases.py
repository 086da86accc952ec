"""The messages of `cases.json` as values of the core, and the files about each of them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from alerting_core.codec.records import (
    NotificationReady,
    Rejected,
    RuleAction,
    RuleChanged,
    decode_alert,
    decode_match,
    decode_notification_ready,
    decode_rule_changed,
    encode_alert,
    encode_match,
    encode_notification_ready,
    encode_rule_changed,
)
from alerting_core.domain.alert import Alert, Match, Severity

FOLDER: Final = Path(__file__).resolve().parent

Value: TypeAlias = Alert | Match | NotificationReady | RuleChanged


@dataclass(frozen=True, slots=True)
class Golden:
    """One message.

    Attributes:
        message: Name of its type in `proto`.
        fields: What it says, in the JSON form of protobuf; a number for an enum value that is yet to come.
    """

    name: str
    message: str
    fields: Mapping[str, Any]

    @property
    def written_by_go(self) -> Path:
        return FOLDER / "written_by_go" / f"{self.name}.bin"

    @property
    def written_by_core(self) -> Path:
        return FOLDER / "written_by_core" / f"{self.name}.bin"

    @property
    def read_by_go(self) -> Path:
        """What Go has read of `written_by_core`, in the JSON form of protobuf."""
        return self.written_by_core.with_suffix(".read_by_go.json")

    def known_fields(self) -> dict[str, Any]:
        """Return the fields without enum values yet to come, which the core reads as UNSPECIFIED."""
        enums = {"severity", "action"}
        return {name: value for name, value in self.fields.items() if name not in enums or isinstance(value, str)}

    def value(self) -> Value:
        """Return what the core should read."""
        return _VALUES[self.message](self.known_fields())

    def encode(self) -> bytes:
        """Return what the core writes."""
        return _ENCODERS[self.message](self.value())

    def decode(self, data: bytes) -> Value | Rejected:
        """Return what the core reads."""
        return _DECODERS[self.message](data)


def _alert(fields: Mapping[str, Any], owner: str | None = None) -> Alert:
    return Alert(
        alert_id=fields["alertId"],
        severity=Severity[fields.get("severity", "SEVERITY_UNSPECIFIED").removeprefix("SEVERITY_")],
        source=fields["source"],
        name=fields["name"],
        event_ts=int(fields.get("eventTs", 0)),
        context=fields.get("context", {}),
        schema_version=fields.get("schemaVersion", 0),
        owner=fields.get("clientId", "") if owner is None else owner,
        annotations=fields.get("annotations", {}),
    )


def _match(fields: Mapping[str, Any]) -> Match:
    alert = _alert(fields, fields["clientId"] if fields.get("private") else "")
    return Match(alert, fields["clientId"], tuple(fields["ruleIds"]))


def _rule_changed(fields: Mapping[str, Any]) -> RuleChanged:
    return RuleChanged(
        rule_id=fields["ruleId"],
        client_id=fields["clientId"],
        action=RuleAction[fields.get("action", "RULE_ACTION_UNSPECIFIED").removeprefix("RULE_ACTION_")],
        version=fields["version"],
        updated_at=int(fields.get("updatedAt", 0)),
        schema_version=fields.get("schemaVersion", 0),
    )


def _notification_ready(fields: Mapping[str, Any]) -> NotificationReady:
    return NotificationReady(fields["notificationId"], fields["clientId"], fields["alertId"], fields["schemaVersion"])


_VALUES: Final[Mapping[str, Callable[[Mapping[str, Any]], Value]]] = {
    "AlertNew": _alert,
    "AlertMatched": _match,
    "RuleChanged": _rule_changed,
    "NotificationReady": _notification_ready,
}
_ENCODERS: Final[Mapping[str, Callable[[Any], bytes]]] = {
    "AlertNew": encode_alert,
    "AlertMatched": encode_match,
    "RuleChanged": encode_rule_changed,
    "NotificationReady": encode_notification_ready,
}
_DECODERS: Final[Mapping[str, Callable[[bytes], Value | Rejected]]] = {
    "AlertNew": decode_alert,
    "AlertMatched": decode_match,
    "RuleChanged": decode_rule_changed,
    "NotificationReady": decode_notification_ready,
}

_LISTED: Final = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))
GOLDEN: Final = tuple(Golden(each["name"], each["message"], each["fields"]) for each in _LISTED)
