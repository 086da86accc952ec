"""What every operation with a body refuses. The operations come from our own OpenAPI document."""

from collections.abc import AsyncIterator

import pytest

from alerting_core import limits
from tests.api.catalog import problems, refusal
from tests.api.operations import WITH_BODY, Operation
from tests.api.spoiled import spoiled_bodies
from tests.api.stage import *  # noqa: F403 - fixtures
from tests.api.stage import JSON, Stage, every_with_body

EXAMPLES = [(operation, name) for operation in WITH_BODY for name in operation.body_examples]


@pytest.mark.parametrize(("operation", "name"), EXAMPLES, ids=[f"{operation}-{name}" for operation, name in EXAMPLES])
async def test_an_example_of_a_body_is_accepted(stage: Stage, operation: Operation, name: str) -> None:
    answered = await stage.call(operation, json=operation.body_examples[name])
    assert answered.status_code < 300, answered.text


@every_with_body
async def test_what_is_not_json_is_refused(stage: Stage, operation: Operation) -> None:
    before = await stage.world.footprint()
    deep = b"[" * 100_000
    for content in (b"{", b"\x00", b"nope", b"NaN", b'{"a": 1,}', b'{"a": "\\ud800"}', b"{} {}", deep):
        refused = refusal(await stage.call(operation, content=content, headers=JSON), 400, "malformed-body")
        assert [p["code"] for p in refused["problems"]] == ["not-json"]
    for content in (b'{"a": "\xff"}', b"\xff\xfe", b'"\xed\xa0\x80"', '{"ä": 1}'.encode("utf-16")):
        refused = refusal(await stage.call(operation, content=content, headers=JSON), 400, "malformed-body")
        assert [p["code"] for p in refused["problems"]] == ["not-utf8"]
    assert await stage.world.footprint() == before


@every_with_body
async def test_a_body_of_another_type_is_refused(stage: Stage, operation: Operation) -> None:
    before = await stage.world.footprint()
    for sent in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "text/json",
        "application/json; charset=latin-1",
        "",
    ):
        response = await stage.call(operation, content=b"{}", headers={"content-type": sent})
        refusal(response, 415, "unsupported-media-type")
    assert await stage.world.footprint() == before


@every_with_body
async def test_a_body_beyond_the_limit_is_refused_announced_or_not(stage: Stage, operation: Operation) -> None:
    before = await stage.world.footprint()
    too_large = b'{"a": "' + b"x" * limits.BODY_BYTES_MAX + b'"}'

    async def in_pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(too_large), 65_536):
            yield too_large[start : start + 65_536]

    for content in (too_large, in_pieces()):
        response = await stage.call(operation, content=content, headers=JSON)
        refusal(response, 413, "body-too-large")
    assert await stage.world.footprint() == before


@every_with_body
async def test_a_body_of_another_shape_is_refused(stage: Stage, operation: Operation) -> None:
    before = await stage.world.footprint()
    required = operation.described["requestBody"].get("required", False)
    for body in (5, "text", True, 1.5, [5], [[]], *([None] if required else [])):
        assert problems(await stage.call(operation, json=body))
    if required:
        assert problems(await stage.call(operation, content=b"", headers=JSON)) == {("", "missing")}
    assert await stage.world.footprint() == before


@every_with_body
async def test_every_field_is_checked_and_nothing_is_stored(stage: Stage, operation: Operation) -> None:
    before = await stage.world.footprint()
    for label, body, path, code in spoiled_bodies(operation):
        response = await stage.call(operation, json=body)
        assert response.status_code == 422, f"{label}: {response.status_code} {response.text[:300]}"
        assert (path, code) in problems(response), f"{label}: {response.text[:300]}"
        assert len(response.content) < 2_000, f"{label}: the answer repeats the input"
    assert await stage.world.footprint() == before
