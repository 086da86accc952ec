"""What holds for every operation of the API. The operations come from our own OpenAPI document."""

from collections.abc import AsyncIterator, Iterator, Mapping
from copy import deepcopy
from typing import Any, Final

import pytest
from httpx import AsyncClient, Response

from alerting_core import limits
from alerting_core.domain.key import KeyScope
from alerting_core.problem import ProblemCode
from tests.api.backing_memory import MemoryBacking
from tests.api.catalog import Catalog, problems, refusal
from tests.api.operations import ALL, SECURED, WITH_BODY, Operation, document, resolve
from tests.api.world import World, make_world

JSON: Final = {"content-type": "application/json"}

UNKNOWN_ID: Final = "00000000-0000-4000-8000-000000000000"


class Stage:
    """A world with one of everything, so that a request fails for the reason that is tested and for no other."""

    def __init__(self, world: World, http: AsyncClient, ids: Mapping[str, str]) -> None:
        self.world = world
        self.http = http
        self.ids = ids

    async def call(self, operation: Operation, **arguments: Any) -> Response:
        """Call *operation* on the objects that exist; its answer must be a documented one."""
        if operation.body_schema is not None and not {"json", "content"} & arguments.keys():
            arguments["json"] = operation.valid_body
        response = await self.http.request(operation.method, operation.url(self.ids), **arguments)
        assert response.status_code in operation.statuses, f"{response.status_code} is not documented"
        return response


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    world = await make_world(MemoryBacking())
    async with world.http() as http:
        catalog = Catalog(http)
        await catalog.client("acme")
        rule = await catalog.rule(severity="*", source="database", name="disk")
        endpoint = await catalog.endpoint(rule["rule_id"], value="https://hooks.acme.io/existing")
        notification = await world.notify(rule)
        await world.deliver()
        (alert_id,) = (await http.post("/api/v1/alerts", json=ALERT)).json()["alert_ids"]
        await world.container.alerts.record(await world.alerts(), now_ms=world.clock.now_ms())
        key = (await http.post("/api/v1/keys", json={"name": "a key", "scopes": ["admin"]})).json()
        job = (await http.post("/api/v1/generator/jobs", json={})).json()
        ids = {
            "client_id": "acme",
            "rule_id": rule["rule_id"],
            "endpoint_id": endpoint["endpoint_id"],
            "notification_id": notification.notification_id,
            "alert_id": alert_id,
            "key_id": key["key_id"],
            "job_id": job["job_id"],
        }
        yield Stage(world, http, ids)


ALERT: Final = {"severity": "LOW", "source": "api", "name": "timeout"}

every = pytest.mark.parametrize("operation", ALL, ids=str)
every_secured = pytest.mark.parametrize("operation", SECURED, ids=str)
every_with_body = pytest.mark.parametrize("operation", WITH_BODY, ids=str)


@every
async def test_an_operation_does_what_it_says(stage: Stage, operation: Operation) -> None:
    query = {"client_id": "acme"} if operation.described["operationId"] == "explainAlert" else {}
    response = await stage.call(operation, params=query)
    assert response.status_code < 300, response.text


@every_secured
async def test_without_a_key_nothing_is_told_and_nothing_is_stored(stage: Stage, operation: Operation) -> None:
    before = await stage.world.footprint()
    for sent in ({}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Basic YTpi"}):
        async with stage.world.http(None, **sent) as http:
            response = await http.request(operation.method, operation.url(stage.ids), content=b"\xff", headers=JSON)
            refusal(response, 401, "unauthenticated")
            assert response.headers["www-authenticate"] == 'Bearer realm="alerting"'
    for key in ("alk_wrong", "x" * 10_000, "\N{SNOWMAN}".encode().decode("latin-1")):
        async with stage.world.http(None) as http:
            headers = {"Authorization": f"Bearer {key}".encode("latin-1")}
            response = await http.request(operation.method, operation.url(stage.ids), headers=headers)
            refusal(response, 401, "unauthenticated")
            assert 'error="invalid_token"' in response.headers["www-authenticate"]
    assert 401 in operation.statuses
    assert await stage.world.footprint() == before


@every_secured
async def test_a_key_without_the_scope_is_refused(stage: Stage, operation: Operation) -> None:
    others = [scope for scope in KeyScope if scope not in operation.scopes and scope is not KeyScope.ADMIN]
    key = await stage.world.key(*others)
    before = await stage.world.footprint()
    async with stage.world.http(key) as http:
        response = await http.request(operation.method, operation.url(stage.ids), content=b"\xff", headers=JSON)
        refusal(response, 403, "forbidden")
    assert f'scope="{operation.scopes[0]}"' in response.headers["www-authenticate"]
    assert 403 in operation.statuses
    assert await stage.world.footprint() == before


@every_secured
async def test_another_clients_objects_do_not_exist(stage: Stage, operation: Operation) -> None:
    names = {p["name"] for p in operation.parameters("path")}
    await Catalog(stage.http).client("globex")
    key = await stage.world.key("admin", client_id="globex")
    before = await stage.world.footprint()
    async with stage.world.http(key) as http:
        body = {} if operation.body_schema is None else {"json": operation.valid_body}
        response = await http.request(operation.method, operation.url(stage.ids), **body)
    if response.status_code == 403:  # For operators alone.
        refusal(response, 403, "forbidden")
    elif (names and names != {"alert_id"}) or (isinstance(body.get("json"), dict) and "client_id" in body["json"]):
        refusal(response, 404, "not-found")
    else:  # What belongs to nobody, and lists of what is one's own.
        assert "acme" not in response.text
        return
    assert await stage.world.footprint() == before


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
    for label, body, path, code in _spoiled(operation):
        response = await stage.call(operation, json=body)
        assert response.status_code == 422, f"{label}: {response.status_code} {response.text[:300]}"
        assert (path, code) in problems(response), f"{label}: {response.text[:300]}"
        assert len(response.content) < 2_000, f"{label}: the answer repeats the input"
    assert await stage.world.footprint() == before


def _spoiled(operation: Operation) -> Iterator[tuple[str, Any, str, str]]:
    """Yield bodies with one thing wrong, with the path and code that must be reported."""
    schema, whole = operation.body_schema, deepcopy(operation.valid_body)
    assert schema is not None
    listed = schema.get("type") == "array"
    item_schema = resolve(schema["items"]) if listed else schema
    prefix, item = ("[0].", whole[0]) if listed else ("", whole)

    def body(changed: dict[str, Any]) -> Any:
        return [changed] if listed else changed

    if item_schema.get("additionalProperties") is False:
        yield "unknown field", body({**item, "unheard_of": 1}), f"{prefix}unheard_of", "unknown-field"
    for name in item_schema.get("required", ()):
        yield f"no {name}", body({k: v for k, v in item.items() if k != name}), f"{prefix}{name}", "missing"
    for name, described in item_schema["properties"].items():
        nullable = {"type": "null"} in described.get("anyOf", ())
        (kind, *_) = [o for o in described.get("anyOf", [described]) if o != {"type": "null"}]
        for label, value, code in _wrong_values(resolve(kind), described, nullable=nullable):
            yield f"{name}: {label}", body({**item, name: value}), f"{prefix}{name}", code


def _wrong_values(
    kind: Mapping[str, Any], described: Mapping[str, Any], *, nullable: bool
) -> Iterator[tuple[str, Any, str]]:
    if "enum" in kind:
        yield from ((f"{value!r}", value, "unknown-value") for value in ("", "NOT_ONE", "critical", "\0"))
        return
    by_type: dict[str, list[Any]] = {
        "string": [5, True, [], {}],
        "integer": ["5", 1.5, True, [], {}],
        "number": ["5", True, [], {}],
        "boolean": ["true", 1, [], {}],
        "array": ["text", 5, {}],
        "object": ["text", 5, []],
    }
    wrong = by_type[kind["type"]] + ([] if nullable else [None])
    if kind.get("format") == "date-time":
        wrong = [True, [], {}]
    yield from ((f"{value!r}", value, "wrong-type") for value in wrong)
    longest = kind.get("maxLength", described.get("maxLength"))
    if kind["type"] == "string" and longest is not None:
        yield "over-long", "x" * (longest + 1), "too-long"
        yield "NUL", "a\0b", "nul-character"
        yield "blank", "  ", "empty"
    if kind["type"] == "integer" and "maximum" in kind:
        yield "too large", int(kind["maximum"]) + 1, "out-of-range"
        yield "too small", int(kind["minimum"]) - 1, "out-of-range"


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
            query = {"client_id": "acme"} if operation.described["operationId"] == "explainAlert" else {}
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
        assert operation.method != "POST" or operation.path in {"/api/v2/alerts", "/api/v1/rules/preview"}
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
            if int(status) < 400 or operation.path == "/readyz":
                continue
            examples = response["content"]["application/problem+json"]["examples"]
            assert examples
            assert set(examples) <= known
            assert all(example["value"]["status"] == int(status) for example in examples.values())
