"""Dead letters: what consumers could not use, to be looked at by operators."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, Path, Query
from pydantic import AliasPath, ConfigDict, Field

from alerting_api.auth import Operator
from alerting_api.container import Parts
from alerting_api.problems import CALLER, ProblemItem, refusals
from alerting_api.refusals import ProblemKind
from alerting_api.route import ApiRoute
from alerting_api.schema import ItemPage, PageQuery, ResponseModel, Time, page_of
from alerting_core import limits
from alerting_core.app.dead_letters import view_dead_letter
from alerting_core.codec.message import FieldKind
from alerting_core.ports.operations import DeadLetter
from alerting_core.ports.stream import DLQ_SUFFIX

DEAD_LETTERS: Final = "/api/v1/dead-letters"

router = APIRouter(prefix=DEAD_LETTERS, tags=["dead-letters"], route_class=ApiRoute)

LETTER_ID: Final = "alerts.new.dlq/0/17"
"""The one of the examples."""

_EXAMPLE: Final[Mapping[str, Any]] = {
    "letter_id": LETTER_ID,
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
_DETAIL: Final[Mapping[str, Any]] = {
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

LetterId = Annotated[str, Path(examples=[LETTER_ID])]
_K = ProblemKind


class RecordPlace(ResponseModel):
    """Where a record is, or was."""

    topic: str
    partition: Annotated[int, Field(description="-1: not known.")]
    offset: Annotated[int, Field(description="-1: not known.")]


class DeadLetterShown(ResponseModel):
    """A record that a consumer could not use."""

    model_config = ConfigDict(json_schema_extra={"examples": [dict(_EXAMPLE)]})

    letter_id: Annotated[
        str, Field(validation_alias="id", description="topic/partition/offset of the dead letter itself.")
    ]
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

    @classmethod
    def of(cls, value: object, /, **more: object) -> Self:
        """Read a letter."""
        assert isinstance(value, DeadLetter)
        partition, offset = value.place
        topic, *place = value.source
        source = RecordPlace(topic=topic, partition=place[0], offset=place[1])
        return super().of(value, partition=partition, offset=offset, source=source, size=len(value.value), **more)


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

    name: Annotated[str, Field(validation_alias=AliasPath("field", "name"), description="As `set` names it.")]
    kind: Annotated[
        FieldKind,
        Field(
            validation_alias=AliasPath("field", "kind"),
            description="How its text is read. `texts`: with commas between. `labels`: stands for `NAME.LABEL`.",
        ),
    ]
    value: Annotated[
        str, Field(validation_alias=AliasPath("field", "value"), description="The value now, empty when there is none.")
    ]
    is_cut: Annotated[bool, Field(description="Whether there is more of the value than is shown.")]


class DeadLetterDetailShown(DeadLetterShown):
    """A record that a consumer could not use, with what can be seen of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [dict(_DETAIL)]})

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


class LetterQuery(PageQuery):
    """Which dead letters to list."""

    topic: Annotated[
        str | None,
        Field(max_length=limits.ID_CHARS_MAX, description="The dead-letter topic, for example `alerts.new.dlq`."),
    ] = None


@router.get("", responses=refusals(*CALLER, _K.INVALID_INPUT))
async def list_dead_letters(
    parts: Parts, _caller: Operator, query: Annotated[LetterQuery, Query()]
) -> ItemPage[DeadLetterShown]:
    """List dead letters that were not replayed yet, newest first.

    Of each partition the latest 10,000 are looked through; the command line reaches further back.
    """
    return page_of(await parts.dead_letters.list(query.page, topic=query.topic), DeadLetterShown)


@router.get("/topics", responses=refusals(*CALLER))
async def count_dead_letters(parts: Parts, _caller: Operator) -> LetterTopicsShown:
    """Count the dead letters of each topic."""
    counts = sorted((await parts.dead_letters.topics()).items())
    topics = [LetterTopicShown(topic=one, source=one.removesuffix(DLQ_SUFFIX), letters=count) for one, count in counts]
    return LetterTopicsShown(topics=topics, letters=sum(count for _, count in counts))


@router.get("/{letter_id:path}", responses=refusals(*CALLER, _K.NOT_FOUND))
async def get_dead_letter(parts: Parts, _caller: Operator, letter_id: LetterId) -> DeadLetterDetailShown:
    """Return one dead letter with its bytes, and what can be read of the message that they are."""
    view = view_dead_letter(await parts.dead_letters.get(letter_id))
    return DeadLetterDetailShown.of(
        view.letter,
        key=view.key,
        value=view.value,
        headers=[HeaderShown(name=name, value=BytesShown.of(value)) for name, value in view.headers],
        fields=[FieldShown(name=name, value=value) for name, value in view.fields],
        settable=view.settable,
        problem=view.problem,
        problems=view.problems,
    )
