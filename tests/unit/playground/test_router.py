"""What the bridge does where no operation decides."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from alerting_core.app.jobs import GeneratorJobs
from alerting_core.errors import PortUnavailable
from alerting_core.memory.jobs import MemoryJobStore
from alerting_core.ports.idempotency import Answer as KeptAnswer
from alerting_core.ports.idempotency import Fresh
from alerting_playground.asgi import Request
from alerting_playground.http.operation import path_pattern
from alerting_playground.http.parts import VISITOR, Parts
from alerting_playground.http.router import OPERATIONS, answer
from tests.unit.playground.world import make_world

JOBS = "/api/v1/generator/jobs"


@dataclass
class _Failing(MemoryJobStore):
    """A store that fails with *error*, whatever it is asked."""

    error: Exception

    async def create(self, job: Any) -> Any:
        raise self.error


class _Forgetful:
    """A store of answers that can keep none."""

    async def begin(self, owner: str, key: str, request_hash: bytes, *, now_ms: int) -> Fresh:
        return Fresh(owner, key, now_ms)

    async def finish(self, claim: Fresh, answer: KeptAnswer) -> None:
        raise PortUnavailable("memory", operation="finish")

    async def abandon(self, claim: Fresh) -> None:
        raise PortUnavailable("memory", operation="abandon")


@pytest.fixture
def log() -> Iterator[list[str]]:
    written: list[str] = []

    class Writer(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(record.getMessage())

    logger, writer = logging.getLogger("alerting_playground"), Writer()
    logger.addHandler(writer)
    yield written
    logger.removeHandler(writer)


async def parts_with(error: Exception) -> Parts:
    world = await make_world()
    return replace(world.parts, jobs=GeneratorJobs(_Failing(error), world.ports.clock, world.ports.ids))


async def test_a_defect_is_logged_and_not_shown(log: list[str]) -> None:
    answered = await answer(await parts_with(ValueError("a secret")), post(JOBS, {}))
    assert (answered.status, json.loads(answered.body)["code"]) == (500, "internal")
    assert b"secret" not in answered.body
    assert log == [f"request {answered.headers['x-request-id']} failed: POST {JOBS}"]


async def test_a_resource_that_is_away_is_named_and_worth_another_try(log: list[str]) -> None:
    parts = await parts_with(PortUnavailable("postgres", operation="create"))
    answered = await answer(parts, post(JOBS, {}))
    assert (answered.status, answered.headers["retry-after"]) == (503, "1")
    assert "postgres" in json.loads(answered.body)["detail"]
    assert log == []


@pytest.mark.parametrize(("body", "status"), [({}, 202), ({"rps": -1}, 422)])
async def test_an_answer_that_cannot_be_kept_is_given_all_the_same(log: list[str], body: Any, status: int) -> None:
    parts = replace((await make_world()).parts, idempotency=_Forgetful())
    assert (await answer(parts, post(JOBS, body, key="k"))).status == status
    assert log == ["an Idempotency-Key could not be settled: unavailable"]


async def test_without_a_key_the_visitor_is_an_operator_who_may_do_everything() -> None:
    parts = replace((await make_world()).parts, caller=VISITOR)
    shown = json.loads((await answer(parts, Request("GET", "/api/v1/me"))).body)
    assert (shown["client_id"], shown["name"], shown["is_operator"]) == (None, "playground", True)
    assert "rules:write" in shown["allowed"]


async def test_a_request_id_is_made_when_none_can_be_taken_over() -> None:
    parts = (await make_world()).parts
    ids = {
        (await answer(parts, Request("GET", "/api/v1/me", headers={"x-request-id": sent}))).headers["x-request-id"]
        for sent in ("mine", "mine", "a b", "")
    }
    assert len(ids) == 3
    assert "mine" in ids


async def test_a_question_that_changes_nothing_takes_no_id_of_the_world() -> None:
    asked, untouched = await make_world(), await make_world()
    for operation in OPERATIONS:
        if operation.method == "GET":
            await answer(asked.parts, Request("GET", operation.path))
    assert asked.ports.ids.new_uuid() == untouched.ports.ids.new_uuid()


def test_a_parameter_is_one_segment_unless_it_says_otherwise() -> None:
    one, many = path_pattern("/a.b/{id}/c"), path_pattern("/a.b/{id:path}/c")
    assert one.match("/a.b/x/c")
    assert not one.match("/a.b/x/y/c")
    assert not one.match("/axb/x/c")
    found = many.match("/a.b/x/y/c")
    assert found is not None
    assert found["id"] == "x/y"


def post(path: str, body: Any, *, key: str | None = None) -> Request:
    headers = {"Content-Type": "application/json"} | ({} if key is None else {"Idempotency-Key": key})
    return Request("POST", path, headers=headers, body=json.dumps(body).encode())
