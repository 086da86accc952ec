from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Severity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEVERITY_UNSPECIFIED: _ClassVar[Severity]
    SEVERITY_LOW: _ClassVar[Severity]
    SEVERITY_MEDIUM: _ClassVar[Severity]
    SEVERITY_HIGH: _ClassVar[Severity]
    SEVERITY_CRITICAL: _ClassVar[Severity]

class AlertStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ALERT_STATUS_FIRING: _ClassVar[AlertStatus]
    ALERT_STATUS_RESOLVED: _ClassVar[AlertStatus]
SEVERITY_UNSPECIFIED: Severity
SEVERITY_LOW: Severity
SEVERITY_MEDIUM: Severity
SEVERITY_HIGH: Severity
SEVERITY_CRITICAL: Severity
ALERT_STATUS_FIRING: AlertStatus
ALERT_STATUS_RESOLVED: AlertStatus

class AlertNew(_message.Message):
    __slots__ = ("alert_id", "schema_version", "event_ts", "severity", "source", "name", "context", "client_id", "annotations", "status", "ends_at", "fingerprint", "phase")
    class ContextEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class AnnotationsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ALERT_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_VERSION_FIELD_NUMBER: _ClassVar[int]
    EVENT_TS_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ENDS_AT_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    alert_id: str
    schema_version: int
    event_ts: int
    severity: Severity
    source: str
    name: str
    context: _containers.ScalarMap[str, str]
    client_id: str
    annotations: _containers.ScalarMap[str, str]
    status: AlertStatus
    ends_at: int
    fingerprint: str
    phase: int
    def __init__(self, alert_id: _Optional[str] = ..., schema_version: _Optional[int] = ..., event_ts: _Optional[int] = ..., severity: _Optional[_Union[Severity, str]] = ..., source: _Optional[str] = ..., name: _Optional[str] = ..., context: _Optional[_Mapping[str, str]] = ..., client_id: _Optional[str] = ..., annotations: _Optional[_Mapping[str, str]] = ..., status: _Optional[_Union[AlertStatus, str]] = ..., ends_at: _Optional[int] = ..., fingerprint: _Optional[str] = ..., phase: _Optional[int] = ...) -> None: ...

class AlertMatched(_message.Message):
    __slots__ = ("alert_id", "schema_version", "event_ts", "severity", "source", "name", "context", "client_id", "rule_ids", "annotations", "status", "ends_at", "fingerprint", "phase", "private")
    class ContextEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class AnnotationsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ALERT_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_VERSION_FIELD_NUMBER: _ClassVar[int]
    EVENT_TS_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    RULE_IDS_FIELD_NUMBER: _ClassVar[int]
    ANNOTATIONS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ENDS_AT_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    PRIVATE_FIELD_NUMBER: _ClassVar[int]
    alert_id: str
    schema_version: int
    event_ts: int
    severity: Severity
    source: str
    name: str
    context: _containers.ScalarMap[str, str]
    client_id: str
    rule_ids: _containers.RepeatedScalarFieldContainer[str]
    annotations: _containers.ScalarMap[str, str]
    status: AlertStatus
    ends_at: int
    fingerprint: str
    phase: int
    private: bool
    def __init__(self, alert_id: _Optional[str] = ..., schema_version: _Optional[int] = ..., event_ts: _Optional[int] = ..., severity: _Optional[_Union[Severity, str]] = ..., source: _Optional[str] = ..., name: _Optional[str] = ..., context: _Optional[_Mapping[str, str]] = ..., client_id: _Optional[str] = ..., rule_ids: _Optional[_Iterable[str]] = ..., annotations: _Optional[_Mapping[str, str]] = ..., status: _Optional[_Union[AlertStatus, str]] = ..., ends_at: _Optional[int] = ..., fingerprint: _Optional[str] = ..., phase: _Optional[int] = ..., private: _Optional[bool] = ...) -> None: ...
