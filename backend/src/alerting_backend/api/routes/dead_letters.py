"""Dead letters: what consumers could not use, to be looked at and tried again, by operators."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import Field

from alerting_backend.api.auth import Operator
from alerting_backend.api.container import Parts
from alerting_backend.api.documented import ACCEPTED, BODY, CALLER, REPEATABLE, refusals
from alerting_backend.api.idempotency import Once
from alerting_backend.api.paging import PageQuery, page_of
from alerting_backend.api.route import ApiRoute
from alerting_backend.api.schema.base import ItemPage
from alerting_backend.api.schema.dead_letter import (
    DeadLetterDetailShown,
    DeadLetterShown,
    LetterMending,
    LetterTopicsShown,
    Replayed,
    show_letter,
    show_letter_detail,
    show_letter_topics,
    show_replay,
)
from alerting_core import limits
from alerting_core.api.mending import replay_mended
from alerting_core.api.problem_kinds import ProblemKind
from alerting_core.app.mend import AS_IT_IS

PREFIX = "/api/v1/dead-letters"

router = APIRouter(prefix=PREFIX, tags=["dead-letters"], route_class=ApiRoute)

LetterId = Annotated[str, Path(examples=["alerts.new.dlq/0/17"])]
_K = ProblemKind


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
    return page_of(await parts.dead_letters.list(query.page, topic=query.topic), show_letter)


@router.get("/topics", responses=refusals(*CALLER))
async def count_dead_letters(parts: Parts, _caller: Operator) -> LetterTopicsShown:
    """Count the dead letters of each topic."""
    return show_letter_topics(await parts.dead_letters.topics())


@router.api_route("/{letter_id:path}/replay", methods=["GET", "PUT", "PATCH", "DELETE"], include_in_schema=False)
async def refuse_other_methods_of_replay(letter_id: str) -> None:
    """Keep `replay` from being taken for a part of the id."""
    raise HTTPException(405)


@router.get("/{letter_id:path}", responses=refusals(*CALLER, _K.NOT_FOUND))
async def get_dead_letter(parts: Parts, _caller: Operator, letter_id: LetterId) -> DeadLetterDetailShown:
    """Return one dead letter with its bytes, and what can be read of the message that they are."""
    return show_letter_detail(await parts.dead_letters.get(letter_id))


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
    mending = body.mending() if body else AS_IT_IS
    return show_replay(await replay_mended(parts.dead_letters, letter_id, mending))
