"""Dead letters: what consumers could not use, to be looked at and tried again."""

from collections.abc import Iterator
from typing import Any, Final

from alerting_core.api.mending import check_mending, read_mending, replay_mended
from alerting_core.api.shapes.dead_letter import (
    dead_letter_detail_shape,
    dead_letter_shape,
    letter_topics_shape,
    replay_shape,
)
from alerting_core.app.letter_view import view_letter
from alerting_core.app.mend import AS_IT_IS
from alerting_core.ports.paging import PageRequest
from alerting_core.problem import Problem
from alerting_playground.http.kinds import Nullable, Text
from alerting_playground.http.objects import Object, TextMap, optional
from alerting_playground.http.operation import Call, Operation, Reply, page_reply
from alerting_playground.http.query import EXACT, page_query

PREFIX: Final = "/api/v1/dead-letters"


def _check(fields: dict[str, Any]) -> Iterator[Problem]:
    yield from check_mending(fields["set"], fields["value_base64"])


MENDING: Final = Object({"set": optional(Nullable(TextMap())), "value_base64": optional(Nullable(Text()))}, _check)


async def list_all(call: Call) -> Reply:
    """List dead letters that were not replayed yet, newest first."""
    q = call.query
    page = await call.parts.dead_letters.list(PageRequest(q["limit"], q["cursor"]), topic=q["topic"])
    return page_reply([dead_letter_shape(letter) for letter in page.items], page.next_cursor)


async def count(call: Call) -> Reply:
    """Count the dead letters of each topic."""
    return Reply(letter_topics_shape(await call.parts.dead_letters.topics()))


async def get(call: Call) -> Reply:
    """Return one dead letter with its bytes, and the message that they are, if they can be read as one."""
    return Reply(dead_letter_detail_shape(view_letter(await call.parts.dead_letters.get(call.path["letter_id"]))))


async def replay(call: Call) -> Reply:
    """Publish a dead letter to the topic where it was refused, mended or as it is, and take it out."""
    mending = read_mending(call.body["set"], call.body["value_base64"]) if call.body else AS_IT_IS
    letter = await replay_mended(call.parts.dead_letters, call.path["letter_id"], mending)
    return Reply(replay_shape(letter), 202)


_ONE: Final = PREFIX + "/{letter_id:path}"

OPERATIONS: Final = (
    Operation("GET", PREFIX, list_all, query=page_query(topic=EXACT)),
    Operation("GET", PREFIX + "/topics", count),
    Operation("GET", _ONE, get),
    Operation("POST", _ONE + "/replay", replay, body=MENDING, needs_body=False, once=True),
)
