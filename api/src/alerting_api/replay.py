"""Trying dead letters again: published as they are, or mended, by operators."""

from base64 import b64decode
from collections.abc import Iterator
from typing import Annotated, Self

from fastapi import APIRouter, HTTPException
from pydantic import ConfigDict, Field, model_validator

from alerting_api.auth import Operator
from alerting_api.container import Parts
from alerting_api.dead_letters import DEAD_LETTERS, LETTER_ID, LetterId
from alerting_api.idempotency import Once
from alerting_api.problems import ACCEPTED, BODY, CALLER, REPEATABLE, refusals
from alerting_api.refusals import ProblemKind
from alerting_api.route import ApiRoute
from alerting_api.schema import RequestModel, ResponseModel
from alerting_api.validation import core_error, placed
from alerting_core.app.dead_letters import AS_IT_IS, Repair
from alerting_core.errors import InvalidInput, Problem, ProblemCode

router = APIRouter(prefix=DEAD_LETTERS, tags=["dead-letters"], route_class=ApiRoute)

_K = ProblemKind


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
    def _check(self) -> Self:
        if problems := tuple(self._problems()):
            raise core_error(problems)
        return self

    def _problems(self) -> Iterator[Problem]:
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


@router.post(
    "/{letter_id:path}/replay",
    status_code=202,
    responses=ACCEPTED | refusals(*CALLER, *BODY, *REPEATABLE, _K.NOT_FOUND, _K.CONFLICT),
)
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
