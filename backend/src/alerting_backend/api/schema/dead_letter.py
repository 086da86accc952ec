"""Dead letters as JSON."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field

from alerting_backend.api.schema.base import ResponseModel, Time
from alerting_core.api.shapes.dead_letter import (
    dead_letter_detail_shape,
    dead_letter_shape,
    letter_topics_shape,
    replay_shape,
)
from alerting_core.app.letter_view import view_letter
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
    is_whole: Annotated[bool, Field(description="false: only the beginning was kept, and it cannot be replayed.")]
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
                    "problem": "name: empty: must not be empty",
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
    problem: Annotated[
        str | None,
        Field(description="What is wrong with the value still; null when nothing is: the reason lay elsewhere."),
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
