"""The browser refuses what the server refuses, with the same problems in the same words."""

import json
from typing import Any, Final
from urllib.parse import quote

import pytest

from alerting_core import limits
from tests.api.operations import Operation
from tests.api.spoiled import spoiled_bodies
from tests.playground.test_same_answers import SHARED
from tests.playground.twins import Twins

WITH_BODY: Final = [operation for operation in SHARED if operation.body_schema is not None]
WITH_QUERY: Final = [operation for operation in SHARED if operation.parameters("query")]

every_with_body = pytest.mark.parametrize("operation", WITH_BODY, ids=str)
every_with_query = pytest.mark.parametrize("operation", WITH_QUERY, ids=str)

JSON: Final = {"Content-Type": "application/json"}

NO_JSON: Final = (
    *(b"{", b"[1,]", b"nul", b"'a'", b"{'a':1}", b'{"a":1}}', b"\xef\xbb\xbf{}", b"NaN", b"-Infinity", b'{"a":1e999}'),
    *(b'"\\ud800"', b'{"\\udc00":1}', b'"\\x41"', b'"a\nb"', b"\xff", b'{"a":"\xc3\x28"}', b"01", b"+1", b"1.", b".5"),
    *(b"\x00", b"  ", b"[" * 2_000, b"[" * 500 + b"]" * 500, b'{"a":"\x00"}', b"// a\n{}", b"tru\x65", b"\xed\xa0\x80"),
)
"""Bodies that are no JSON, and a few that are in spite of how they look."""

VALUES: Final = (
    *(None, True, 0, -1, 1.5, 10**15, 2**63, 2**64, -(2**63), -(2**63) - 1, 10**40, 1e300),
    *("", " ", "x", "\0", [], [[]], {}, {"a": 1}),
)
"""Values of all types, for the whole body or one field of it."""

NO_JSON_TYPES: Final = (
    *("", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "json"),
    *("application/merge-patch+json", "APPLICATION/JSON; charset=UTF-8", "application/json; charset=", "text/json"),
)


@every_with_body
async def test_one_thing_wrong_with_a_body_is_told_alike(both: Twins, operation: Operation) -> None:
    for name, body, _, _ in spoiled_bodies(operation):
        refused = await both.call(operation, content=json.dumps(body).encode(), headers=JSON)
        assert refused.status_code in {400, 422}, name
    await both.compare_all_that_is_stored()


@every_with_body
async def test_a_body_of_another_type_is_told_alike(both: Twins, operation: Operation) -> None:
    for value in VALUES:
        await both.call(operation, content=json.dumps(value).encode(), headers=JSON)
        whole = operation.valid_body
        if isinstance(whole, dict):
            await both.call(operation, json=dict.fromkeys(whole, value))
            await both.call(operation, json={**whole, "\0": value, "x" * 300: value, "a.b[0]": value})
            await both.call(operation, json={"alerts": value})
            await both.call(operation, json={"alerts": [value, whole, value]})
            await both.call(operation, json=[whole, value])
            for name in operation.body_schema["properties"] if operation.body_schema else ():
                await both.call(operation, json={**whole, name: value})
                await both.call(operation, json={**whole, name: [value]})
                await both.call(operation, json={**whole, name: {"a": value, "b": "\0", "": ""}})
    await both.compare_all_that_is_stored()


@every_with_body
async def test_a_body_that_is_no_json_is_refused_alike(both: Twins, operation: Operation) -> None:
    for body in NO_JSON:
        await both.call(operation, content=body, headers=JSON)
    for media_type in NO_JSON_TYPES:
        await both.call(operation, content=b"{}", headers={"Content-Type": media_type})
    await both.call(operation, content=b"")
    await both.call(operation, content=b"", headers={"Content-Type": "text/plain"})


@pytest.mark.parametrize("operation", SHARED, ids=str)
async def test_a_body_beyond_the_limit_is_refused_alike(both: Twins, operation: Operation) -> None:
    refused = await both.call(operation, content=b" " * (limits.BODY_BYTES_MAX + 1), headers=JSON)
    assert refused.status_code == 413


NUMBERS: Final = (
    *("", "0", "1", "200", "201", "-1", "+5", "05", "5.0", "5.", ".5", "5.5", "1e2", " 5 ", "5_0", "5__0", "_5", "5_"),
    *("٥", "0x5", "--5", "9" * 30, "9" * 4_400, "\n5", "5\0", "-0", "5.00", "5_0.0", "true", "null"),
)
WORDS: Final = ("TRUE", "On", "y", " true", "off", "No", "f", "low", "LOW", "*", "UNSPECIFIED", "SENT", "running")
TIMES: Final = (
    *("2026-01-02T03:04:05Z", "2026-01-02t03:04:05.123456789z", "2026-01-02T03:04:05-00:00", "2026-01-02T03:04:05"),
    *("2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T23:60:00Z"),
    *("2026-01-01T23:00:60Z", "2026-01-01T23:00:00+24:00", "2026-01-01T23:00:00+23:60", "2026-01-01T23:00:00+23:59"),
    *("0000-01-01T00:00:00Z", "0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00", "2026-01-02 03:04:05Z"),
    *("1767323045", "2026-01-02", "２026-01-02T03:04:05Z", "2026-01-02T03:04:05.Z"),
)
TEXTS: Final = ("x" * 255, "x" * 256, "☃" * 256, "\0", "%", "%zz", "a&b=c", "x" * 1_601, "abc", "WyJydWxlcyIsMCwiIl0")


@every_with_query
async def test_a_query_is_read_alike(both: Twins, operation: Operation) -> None:
    for parameter in operation.parameters("query"):
        name = parameter["name"]
        for text in (*NUMBERS, *WORDS, *TIMES, *TEXTS):
            await both.call(operation, query=f"{name}={quote(text)}")
        for raw in ("", "=%ff", f"=1&{name}=2", f"=2&{name}=x", "=a+b", "=%ED%A0%80", "=5;6"):
            await both.call(operation, query=name + raw)
    names = [quote(parameter["name"]) for parameter in operation.parameters("query")]
    await both.call(operation, query="&".join(f"{name}=%00" for name in names) + "&unheard_of=1&=&b")
    await both.call(operation, query="unheard_of=1&unheard_of=2")


@every_with_query
async def test_every_documented_value_of_a_parameter_is_taken_alike(both: Twins, operation: Operation) -> None:
    for parameter in operation.parameters("query"):
        kinds = parameter["schema"].get("anyOf", [parameter["schema"]])
        for value in [value for kind in kinds for value in kind.get("enum", ())]:
            await both.call(operation, query=f"{parameter['name']}={quote(value)}")


VERSIONED: Final = [one for one in SHARED if any(p["name"] == "If-Match" for p in one.parameters("header"))]


@pytest.mark.parametrize("operation", VERSIONED, ids=str)
async def test_if_match_is_read_alike(both: Twins, operation: Operation) -> None:
    for tag in ('"7"', 'W/"1"', '"01"', '"0"', "1", '"1', '"1", "2"', "", '"é"', '"' + "9" * 20 + '"'):
        refused = await both.call(operation, headers={"If-Match": tag})
        assert refused.status_code in {412, 422}, tag
    await both.compare_all_that_is_stored()
    assert (await both.call(operation, headers={"If-Match": ' "1" '})).status_code < 300
    await both.compare_all_that_is_stored()


REPEATABLE: Final = [one for one in SHARED if any(p["name"] == "Idempotency-Key" for p in one.parameters("header"))]


@pytest.mark.parametrize("operation", REPEATABLE, ids=str)
async def test_repetitions_are_answered_alike(both: Twins, operation: Operation) -> None:
    for key in ("", " ", "a b", "é", "x" * 256):
        assert (await both.call(operation, headers={"Idempotency-Key": key})).status_code == 422
    first = await both.call(operation, headers={"Idempotency-Key": "k"})
    assert first.status_code < 300
    again = await both.call(operation, headers={"Idempotency-Key": "k"})
    assert again.headers["idempotency-replayed"] == "true"
    other = await both.call(operation, query="another=request", headers={"Idempotency-Key": "k"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    both.advance(limits.IDEMPOTENCY_KEEP_MS + 1)
    await both.call(operation, headers={"Idempotency-Key": "k"})
    await both.compare_all_that_is_stored()


async def test_a_refused_request_gives_its_key_up_alike(both: Twins) -> None:
    refused = await both.ask("POST", "/api/v1/clients", json={}, headers={"Idempotency-Key": "k"})
    assert refused.status_code == 422
    whole: dict[str, Any] = {"client_id": "new", "name": "New"}
    assert (await both.ask("POST", "/api/v1/clients", json=whole, headers={"Idempotency-Key": "k"})).status_code == 201


async def test_a_request_under_way_holds_its_key_alike(both: Twins) -> None:
    for world in (both.server, both.browser):
        await world.container.idempotency.begin("", "k", b"", now_ms=world.clock.now_ms())
    # Which request it is both tell by a hash of their own: to either, this is another one.
    refused = await both.ask("POST", "/api/v1/clients", json={}, headers={"Idempotency-Key": "k"})
    assert refused.json()["code"] == "idempotency-key-reused"
