"""Dead letters as JSON."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field, model_validator

from alerting_backend.api.schema.base import RequestModel, ResponseModel, Time
from alerting_backend.api.schema.problem import ProblemItem
from alerting_backend.api.validation import core_error
from alerting_core.api.mending import check_mending, read_mending
from alerting_core.api.shapes.dead_letter import (
    dead_letter_detail_shape,
    dead_letter_shape,
    letter_topics_shape,
    replay_shape,
)
from alerting_core.app.letter_view import view_letter
from alerting_core.app.mend import Mending
from alerting_core.codec.message import FieldKind
from alerting_core.ports.dead_letters import DeadLetter

_ID: Final = "alerts.new.dlq/0/17"
_EXAMPLE: Final[Mapping[str, Any]] = {
    "letter_id": _ID,
    "topic": "alerts.new.dlq",
    "partition": 0,
    "offset": 17,
    "source": {"topic": "alerts.new", "partition": 0, "offset": 4711},
    "reason": "name: empty: must not be empty",
    "refused_at": "2026-01-02T03:04:05.678Z",
    "size": 5,
    "is_whole": True,
    "replays": 0,
}
_BYTES: Final[Mapping[str, Any]] = {"size": 5, "text": "hello", "base64": "aGVsbG8=", "is_cut": False}


class LetterMending(RequestModel):
    """How a dead letter is mended as it is replayed: by `set` or by `value_base64`; by neither it stays as it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"set": {"name": "timeout", "context.team": "storage"}},
                {"value_base64": "CgNhLTEQARiA4s+qBiADKgNhcGkyB3RpbWVvdXQ="},
                {},
            ]
        }
    )

    # Named `set`, it would hide the built-in type.
    set_: Annotated[
        dict[str, str] | None,
        Field(
            alias="set",
            description="Other values of fields of the message, by name as `settable` of the letter lists them. All "
            "values are texts, as `alerting dlq replay --set` takes them: numbers in decimal, ids with commas between. "
            "What is not named keeps its bytes.",
        ),
    ] = None
    value_base64: Annotated[
        str | None,
        Field(
            description="All bytes of the message, in base64. By the limit of a body it has at most some 780,000 "
            "bytes, more than any message of this platform has; `alerting dlq replay --value-file` takes more."
        ),
    ] = None

    @model_validator(mode="after")
    def _check(self) -> "LetterMending":
        if problems := tuple(check_mending(self.set_, self.value_base64)):
            raise core_error(problems)
        return self

    def mending(self) -> Mending:
        """Return the same for the use case."""
        return read_mending(self.set_, self.value_base64)


class RecordPlace(ResponseModel):
    """Where a record is, or was."""

    topic: str
    partition: Annotated[int, Field(description="-1: not known.")]
    offset: Annotated[int, Field(description="-1: not known.")]


class DeadLetterShown(ResponseModel):
    """A record that a consumer could not use."""

    model_config = ConfigDict(json_schema_extra={"examples": [dict(_EXAMPLE)]})

    letter_id: Annotated[str, Field(description="topic/partition/offset of the dead letter itself.")]
    topic: str
    partition: int
    offset: int
    source: Annotated[RecordPlace, Field(description="Where it was refused.")]
    reason: str
    refused_at: Time
    size: Annotated[int, Field(description="Bytes that were kept of its value.")]
    is_whole: Annotated[
        bool, Field(description="false: only the beginning was kept; it is replayed only when the whole is given.")
    ]
    replays: Annotated[int, Field(description="How often it had been replayed before it was refused this time.")]


class BytesShown(ResponseModel):
    """Bytes, or their beginning."""

    size: Annotated[int, Field(description="Of all of it.")]
    text: Annotated[str | None, Field(description="null: it is no text in UTF-8.")]
    base64: str
    is_cut: Annotated[bool, Field(description="Whether there is more than is shown.")]


class HeaderShown(ResponseModel):
    """One header that the record came with. Names may repeat."""

    name: str
    value: BytesShown


class FieldShown(ResponseModel):
    """One field of the message in a dead letter."""

    name: Annotated[str, Field(description="`context.LABEL` for a label.")]
    value: str


class SettableShown(ResponseModel):
    """One field of the message that a replay can set."""

    name: Annotated[str, Field(description="As `set` names it.")]
    kind: Annotated[
        FieldKind,
        Field(description="How its text is read. `texts`: with commas between. `labels`: stands for `NAME.LABEL`."),
    ]
    value: Annotated[str, Field(description="The value now, empty when there is none.")]
    is_cut: Annotated[bool, Field(description="Whether there is more of the value than is shown.")]


class DeadLetterDetailShown(DeadLetterShown):
    """A record that a consumer could not use, with what can be seen of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_EXAMPLE,
                    "key": dict(_BYTES),
                    "value": dict(_BYTES),
                    "headers": [{"name": "content-type", "value": dict(_BYTES)}],
                    "fields": [{"name": "alert_id", "value": "order-4711-timeout"}, {"name": "name", "value": ""}],
                    "settable": [
                        {"name": "alert_id", "kind": "text", "value": "order-4711-timeout", "is_cut": False},
                        {"name": "severity", "kind": "severity", "value": "HIGH", "is_cut": False},
                        {"name": "name", "kind": "text", "value": "", "is_cut": False},
                    ],
                    "problem": "name: empty: must not be empty",
                    "problems": [{"path": "name", "code": "empty", "detail": "must not be empty"}],
                }
            ]
        }
    )

    key: BytesShown
    value: BytesShown
    headers: list[HeaderShown]
    fields: Annotated[
        list[FieldShown],
        Field(description="What can be read of the message in the value, long values cut; empty when it is none."),
    ]
    settable: Annotated[
        list[SettableShown],
        Field(
            description="What `set` of a replay may name, also what is not there yet; empty when the value is no "
            "message: then it can be mended as a whole alone."
        ),
    ]
    problem: Annotated[
        str | None,
        Field(description="What is wrong with the value still; null when nothing is: the reason lay elsewhere."),
    ]
    problems: Annotated[
        list[ProblemItem],
        Field(description="The same by the fields of the message; empty when nothing is wrong, or it is no message."),
    ]


class LetterTopicShown(ResponseModel):
    """One topic of dead letters."""

    topic: str
    source: Annotated[str, Field(description="The topic whose consumers put records aside here.")]
    letters: int


class LetterTopicsShown(ResponseModel):
    """How many dead letters there are. Topics without any are left out."""

    topics: list[LetterTopicShown]
    letters: Annotated[int, Field(description="Of all topics together.")]


class Replayed(ResponseModel):
    """A dead letter was published again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"letter_id": _ID, "topic": "alerts.new", "replays": 1}]})

    letter_id: Annotated[str, Field(description="Of the letter, which is there no more.")]
    topic: Annotated[str, Field(description="Where it went.")]
    replays: Annotated[int, Field(description="How often it has been replayed now.")]


def show_letter(letter: DeadLetter) -> DeadLetterShown:
    """Write *letter* as JSON."""
    return DeadLetterShown.model_validate(dead_letter_shape(letter))


def show_letter_detail(letter: DeadLetter) -> DeadLetterDetailShown:
    """Write *letter* with what can be seen of it as JSON."""
    return DeadLetterDetailShown.model_validate(dead_letter_detail_shape(view_letter(letter)))


def show_letter_topics(counts: Mapping[str, int]) -> LetterTopicsShown:
    """Write how many letters each topic has as JSON."""
    return LetterTopicsShown.model_validate(letter_topics_shape(counts))


def show_replay(letter: DeadLetter) -> Replayed:
    """Write where *letter* went as JSON."""
    return Replayed.model_validate(replay_shape(letter))
