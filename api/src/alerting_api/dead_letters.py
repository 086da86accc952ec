"""Dead letters: what consumers could not use, looked at and tried again by operators."""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import AliasPath, ConfigDict, Field

from alerting_api.auth import Operator, Parts
from alerting_api.problems import ProblemItem, ProblemKind, refusals
from alerting_api.route import ApiRoute, Once
from alerting_api.schema import CheckedModel, ItemPage, PageQuery, ResponseModel, Time, page_of, placed
from alerting_core import limits
from alerting_core.app.dead_letters import AS_IT_IS, Repair, view_dead_letter
from alerting_core.codec.message import FieldKind
from alerting_core.errors import InvalidInput, Problem, ProblemCode
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


@router.get("")
async def list_dead_letters(
    parts: Parts, _caller: Operator, query: Annotated[LetterQuery, Query()]
) -> ItemPage[DeadLetterShown]:
    """List dead letters that were not replayed yet, newest first.

    Of each partition the latest 10,000 are looked through; the command line reaches further back.
    """
    return page_of(await parts.dead_letters.list(query.page, topic=query.topic), DeadLetterShown)


@router.get("/topics")
async def count_dead_letters(parts: Parts, _caller: Operator) -> LetterTopicsShown:
    """Count the dead letters of each topic."""
    counts = sorted((await parts.dead_letters.topics()).items())
    topics = [LetterTopicShown(topic=one, source=one.removesuffix(DLQ_SUFFIX), letters=count) for one, count in counts]
    return LetterTopicsShown(topics=topics, letters=sum(count for _, count in counts))


class LetterMending(CheckedModel):
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

    def check(self) -> Iterator[Problem]:
        """Yield what is wrong with the two of them together."""
        if self.set_ and self.value_base64 is not None:
            yield Problem("value_base64", ProblemCode.TOO_MANY, "mend by `set` or by `value_base64`, not by both")
        elif self.value_base64 is not None and _bytes_in(self.value_base64) is None:
            yield Problem("value_base64", ProblemCode.UNDECODABLE, "must be base64, with + and / and padded by =")

    def repair(self) -> Repair:
        """Return the same for the use case."""
        return Repair(self.set_ or {}, None if self.value_base64 is None else _bytes_in(self.value_base64))


def _bytes_in(text: str) -> bytes | None:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return None


class Replayed(ResponseModel):
    """A dead letter was published again."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"letter_id": LETTER_ID, "topic": "alerts.new", "replays": 1}]}
    )

    letter_id: Annotated[str, Field(validation_alias="id", description="Of the letter, which is there no more.")]
    topic: Annotated[str, Field(description="Where it went.")]
    replays: Annotated[int, Field(description="How often it has been replayed now.")]


@router.api_route("/{letter_id:path}/replay", methods=["GET", "PUT", "PATCH", "DELETE"], include_in_schema=False)
async def refuse_other_methods_of_replay(letter_id: str) -> None:
    """Keep `replay` from being taken for a part of the id."""
    raise HTTPException(405)


@router.post("/{letter_id:path}/replay", status_code=202, responses=refusals(ProblemKind.CONFLICT))
async def replay_dead_letter(
    parts: Parts, _caller: Operator, _once: Once, letter_id: LetterId, body: LetterMending | None = None
) -> Replayed:
    """Publish a dead letter to the topic where it was refused, and take it out.

    Without a body it is published as it is, and what is still wrong with it makes it a dead letter again, with another
    id. With one it is mended first: by other values of some fields, or by another value as a whole. A mended letter
    that would be refused still is not published (422): each of the problems names what it is about, as in `set.name`.

    One of which only the beginning was kept cannot be replayed (409) unless the whole of it is given. Replaying repeats
    nothing that was done: an alert that notified a client notifies it once.
    """
    repair = body.repair() if body else AS_IT_IS
    try:
        letter = await parts.dead_letters.replay(letter_id, repair)
    except InvalidInput as error:
        place = "set" if repair.value is None else "value_base64"
        raise InvalidInput([placed(problem, place) for problem in error.problems], error.detail) from None
    return Replayed.of(letter, topic=letter.again().topic, replays=letter.replays + 1)


# After replaying: an id in a path may be anything.
@router.get("/{letter_id:path}")
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
