from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RuleAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RULE_ACTION_UNSPECIFIED: _ClassVar[RuleAction]
    RULE_ACTION_CREATED: _ClassVar[RuleAction]
    RULE_ACTION_UPDATED: _ClassVar[RuleAction]
    RULE_ACTION_DELETED: _ClassVar[RuleAction]
    RULE_ACTION_DISABLED: _ClassVar[RuleAction]
RULE_ACTION_UNSPECIFIED: RuleAction
RULE_ACTION_CREATED: RuleAction
RULE_ACTION_UPDATED: RuleAction
RULE_ACTION_DELETED: RuleAction
RULE_ACTION_DISABLED: RuleAction

class RuleChanged(_message.Message):
    __slots__ = ("rule_id", "client_id", "action", "version", "updated_at", "schema_version")
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_VERSION_FIELD_NUMBER: _ClassVar[int]
    rule_id: str
    client_id: str
    action: RuleAction
    version: int
    updated_at: int
    schema_version: int
    def __init__(self, rule_id: _Optional[str] = ..., client_id: _Optional[str] = ..., action: _Optional[_Union[RuleAction, str]] = ..., version: _Optional[int] = ..., updated_at: _Optional[int] = ..., schema_version: _Optional[int] = ...) -> None: ...
