"""What holds for every operation of the API. The operations come from our own OpenAPI document."""

from typing import Final

from alerting_api.dialect import ALERTMANAGER_PATH
from alerting_core.errors import ProblemCode
from tests.api.catalog import problems, refusal
from tests.api.operations import ALL, Operation, document, resolve
from tests.api.stage import *  # noqa: F403 - fixtures
from tests.api.stage import JSON, Stage, every

NEEDED: Final = {"explainAlert": {"client_id": "acme"}, "receiveGeneric": {"name": "$.title"}}
"""Parameters without which an operation does nothing here."""

UNKNOWN_ID: Final = "00000000-0000-4000-8000-000000000000"


@every
async def test_an_operation_does_what_it_says(stage: Stage, operation: Operation) -> None:
    query = NEEDED.get(str(operation), {})
    response = await stage.call(operation, params=query)
    # A message of SNS has to be signed by Amazon.
    assert response.status_code == 422 if str(operation) == "receiveSns" else response.status_code < 300, response.text


@every
async def test_other_methods_are_refused_and_the_allowed_ones_are_named(stage: Stage, operation: Operation) -> None:
    before = await stage.world.footprint()
    url = operation.url(stage.ids)
    allowed = {other.method for other in ALL if other.path == operation.path}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - allowed:
        response = await stage.http.request(method, url)
        refusal(response, 405, "method-not-allowed")
        assert allowed <= set(response.headers["allow"].split(", "))
    assert await stage.world.footprint() == before


@every
async def test_ids_that_name_nothing_are_not_found(stage: Stage, operation: Operation) -> None:
    before = await stage.world.footprint()
    for parameter in operation.parameters("path"):
        for value in (UNKNOWN_ID, "nonsense", "a\0b", "x" * 5_000, "Ä \N{SNOWMAN}", "../x", "%", UNKNOWN_ID.upper()):
            url = operation.url({**stage.ids, parameter["name"]: value})
            body = {} if operation.body_schema is None else {"json": operation.valid_body}
            query = NEEDED.get(str(operation), {})
            response = await stage.http.request(operation.method, url, params=query, **body)
            refusal(response, 404, "not-found")
        assert 404 in operation.statuses
    assert await stage.world.footprint() == before


@every
async def test_unknown_query_parameters_are_refused_where_there_are_known_ones(
    stage: Stage, operation: Operation
) -> None:
    if operation.parameters("query"):
        assert problems(await stage.call(operation, params={"unheard_of": "1"})) == {("unheard_of", "unknown-field")}


@every
async def test_query_parameters_are_checked(stage: Stage, operation: Operation) -> None:
    before = await stage.world.footprint()
    for parameter in operation.parameters("query"):
        name, schema = parameter["name"], resolve(parameter["schema"])
        if "enum" in schema:
            wrong = [("NOT_ONE", "unknown-value"), ("", "unknown-value")]
        elif schema["type"] == "integer":
            wrong = [("x", "wrong-type"), ("0", "out-of-range"), ("201", "out-of-range"), ("1.5", "wrong-type")]
            wrong += [("9" * 5_000, "out-of-range")]
        elif schema["type"] == "boolean":
            wrong = [("perhaps", "wrong-type")]
        elif schema.get("format") == "date-time":
            wrong = [("yesterday", "wrong-type"), ("2026-01-02T03:04:05", "wrong-type")]
        elif name == "cursor":
            wrong = [("x", "unknown-value"), ("", "unknown-value"), ("x" * 10_000, "too-long"), ("\0", "unknown-value")]
        else:
            wrong = [("x" * 10_000, "too-long")]
        for value, code in wrong:
            found = problems(await stage.call(operation, params={name: value}))
            assert (name, code) in found, f"{name}={value[:20]}: {found}"
    assert await stage.world.footprint() == before


@every
async def test_if_match_is_checked(stage: Stage, operation: Operation) -> None:
    if "If-Match" not in {p["name"] for p in operation.parameters("header")}:
        return
    before = await stage.world.footprint()
    for tag in ("1", "abc", '"1', "'1'", '"1", "2"'):
        found = problems(await stage.call(operation, headers={"If-Match": tag}))
        assert found == {("If-Match", "invalid-header")}
    for tag in ('"2"', '"0"', '"other"', 'W/"1"', '"99999999999999999999"', '""'):
        response = await stage.call(operation, headers={"If-Match": tag})
        refusal(response, 412, "version-conflict")
        assert response.headers["etag"] == '"1"'
    assert await stage.world.footprint() == before
    assert (await stage.call(operation, headers={"If-Match": '"1"'})).status_code < 300


@every
async def test_an_idempotency_key_is_checked(stage: Stage, operation: Operation) -> None:
    if "Idempotency-Key" not in {p["name"] for p in operation.parameters("header")}:
        assert operation.method != "POST" or operation.is_foreign or operation.path.endswith("/preview")
        return
    before = await stage.world.footprint()
    for key in ("", "x" * 256, "a b", "ä"):
        found = problems(await stage.call(operation, headers={"Idempotency-Key": key.encode("latin-1")}))
        assert found == {("Idempotency-Key", "invalid-header")}
    assert await stage.world.footprint() == before


@every
async def test_the_same_request_under_the_same_key_is_done_once_and_answered_again(
    stage: Stage, operation: Operation
) -> None:
    if "Idempotency-Key" not in {p["name"] for p in operation.parameters("header")}:
        return
    first = await stage.call(operation, headers={"Idempotency-Key": "k-1"})
    assert first.status_code < 300
    after = await stage.world.footprint()
    second = await stage.call(operation, headers={"Idempotency-Key": "k-1"})
    assert second.status_code == first.status_code
    assert second.headers["idempotency-replayed"] == "true"
    for header in ("content-type", "location", "etag"):
        assert second.headers.get(header) == first.headers.get(header)
    assert {**second.json(), "key": None} == {**first.json(), "key": None}
    assert await stage.world.footprint() == after
    if operation.body_schema is not None:
        other = await stage.call(operation, content=b'{"a": 1}', headers={**JSON, "Idempotency-Key": "k-1"})
        refusal(other, 422, "idempotency-key-reused")
    assert await stage.world.footprint() == after


def test_every_refusal_is_documented_with_its_codes() -> None:
    known = set(document()["components"]["schemas"]["ProblemKind"]["enum"])
    items = set(document()["components"]["schemas"]["ProblemCode"]["enum"])
    assert items == {code.value for code in ProblemCode}
    for operation in ALL:
        for status, response in operation.described["responses"].items():
            if int(status) < 400 or operation.path in {"/readyz", ALERTMANAGER_PATH}:
                continue
            examples = response["content"]["application/problem+json"]["examples"]
            assert examples
            assert set(examples) <= known
            assert all(example["value"]["status"] == int(status) for example in examples.values())
