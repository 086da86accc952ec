"""What the application does where no operation decides, asked in this process and without a loop of its own."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from alerting_api.app import create_app
from alerting_api.auth import Container
from alerting_core.app.operations import GeneratorJobs
from alerting_core.errors import PortUnavailable
from alerting_core.memory.jobs import MemoryJobStore
from alerting_core.ports.idempotency import Answer as KeptAnswer
from alerting_core.ports.idempotency import Fresh
from alerting_playground.asgi import Answer, Request, ask
from tests.unit.playground.world import ADMIN_KEY, make_world

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

    logger, writer = logging.getLogger("alerting.api"), Writer()
    logger.addHandler(writer)
    yield written
    logger.removeHandler(writer)


async def container_with(error: Exception) -> Container:
    world = await make_world()
    return replace(world.container, jobs=GeneratorJobs(_Failing(error), world.ports.clock, world.ports.ids))


async def put(container: Container, request: Request) -> Answer:
    headers = {"Authorization": f"Bearer {ADMIN_KEY}", **request.headers}
    return await ask(create_app(container), replace(request, headers=headers))


def post(path: str, body: Any, *, key: str | None = None) -> Request:
    headers = {"Content-Type": "application/json"} | ({} if key is None else {"Idempotency-Key": key})
    return Request("POST", path, headers=headers, body=json.dumps(body).encode())


async def test_a_defect_is_logged_and_not_shown(log: list[str]) -> None:
    answered = await put(await container_with(ValueError("a secret")), post(JOBS, {}))
    assert (answered.status, json.loads(answered.body)["code"]) == (500, "internal")
    assert b"secret" not in answered.body
    assert log == ["request_failed"]


async def test_a_resource_that_is_away_is_named_and_worth_another_try(log: list[str]) -> None:
    answered = await put(await container_with(PortUnavailable("postgres", operation="create")), post(JOBS, {}))
    assert (answered.status, answered.headers["retry-after"]) == (503, "1")
    assert "postgres" in json.loads(answered.body)["detail"]
    assert log == ["request_refused"]


@pytest.mark.parametrize(("body", "status"), [({}, 202), ({"rps": -1}, 422)])
async def test_an_answer_that_cannot_be_kept_is_given_all_the_same(log: list[str], body: Any, status: int) -> None:
    container = replace((await make_world()).container, idempotency=_Forgetful())
    assert (await put(container, post(JOBS, body, key="k"))).status == status
    assert log == ["idempotency_key_not_settled"]


@pytest.mark.parametrize(
    ("headers", "status"), [({}, 401), ({"Authorization": "Bearer other"}, 401), ({"Authorization": "Basic YTpi"}, 401)]
)
async def test_a_caller_without_a_valid_key_is_refused(headers: dict[str, str], status: int) -> None:
    app = create_app((await make_world()).container)
    assert (await ask(app, Request("GET", "/api/v1/me", headers=headers))).status == status


async def test_a_request_id_is_made_when_none_can_be_taken_over() -> None:
    container, made = (await make_world()).container, iter(range(9))
    container = replace(container, new_request_id=lambda: f"made-{next(made)}")
    ids = [
        (await put(container, Request("GET", "/api/v1/me", headers={"x-request-id": sent}))).headers["x-request-id"]
        for sent in ("mine", "a b", "", "mine")
    ]
    assert ids == ["mine", "made-0", "made-1", "mine"]


async def test_a_question_that_changes_nothing_takes_no_id_of_the_world() -> None:
    asked, untouched = await make_world(), await make_world()
    paths = create_app(asked.container).openapi()["paths"]
    for path, operations in paths.items():
        if "get" in operations:
            assert (await put(asked.container, Request("GET", path))).status < 500
    assert asked.ports.ids.new_uuid() == untouched.ports.ids.new_uuid()


async def test_the_body_of_an_answer_to_head_is_left_out_and_the_rest_is_not() -> None:
    answered = await put((await make_world()).container, Request("HEAD", "/api/v1/me"))
    assert (answered.status, answered.headers["allow"], answered.body) == (405, "GET", b"")


async def test_what_is_percent_encoded_in_a_path_reaches_the_operation_as_it_was_meant() -> None:
    world = await make_world()
    client = {"client_id": "a/ü b", "name": "n"}
    created = await put(world.container, post("/api/v1/clients", client))
    assert created.headers["location"] == "/api/v1/clients/a%2F%C3%BC%20b"
    shown = await put(world.container, Request("GET", created.headers["location"]))
    assert json.loads(shown.body)["client_id"] == "a/ü b"


async def test_nothing_waits_for_anything_outside() -> None:
    """A request is answered in one go: nothing suspends, neither for a thread nor for a socket."""
    world = await make_world()
    for request in (Request("GET", "/api/v1/rules"), post(JOBS, {}), Request("GET", "/openapi.json")):
        answering = put(world.container, request)
        with pytest.raises(StopIteration) as answered:
            answering.send(None)
        assert answered.value.value.status < 300
