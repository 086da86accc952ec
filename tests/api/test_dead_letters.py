"""Dead letters over HTTP."""

from base64 import b64encode
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from httpx import AsyncClient

from alerting_core.app.dead_letters import DeadLetters
from alerting_core.codec.records import encode_alert
from alerting_core.domain.alert import Alert, Severity
from alerting_core.memory.stream import MemoryDeadLetterStore
from alerting_core.ports.operations import DeadLetter, RecordId
from alerting_core.ports.stream import ALERTS_MATCHED, ALERTS_NEW
from tests.api.backing_memory import MemoryBacking
from tests.api.catalog import Catalog, problems, refusal
from tests.api.world import World, make_world

LETTERS = "/api/v1/dead-letters"
WITHOUT_NAME = Alert("a-1", Severity.HIGH, "api", "", 7, {"team": "storage"})


def path_of(letter: dict[str, Any]) -> str:
    return f"{LETTERS}/{quote(letter['letter_id'], safe='')}"


async def test_dead_letters_are_listed_with_the_place_and_the_reason(world: World, admin: AsyncClient) -> None:
    await world.refuse(b"\xff\xfe")
    (letter,) = (await admin.get(LETTERS)).json()["items"]
    assert letter["letter_id"] == f"{letter['topic']}/{letter['partition']}/{letter['offset']}"
    assert letter["topic"] == "alerts.new.dlq"
    assert letter["source"] == {"topic": "alerts.new", "partition": 1, "offset": 4711}
    assert (letter["reason"], letter["size"], letter["is_whole"], letter["replays"]) == ("it is spoiled", 2, True, 0)


async def test_dead_letters_are_counted_and_narrowed_by_topic(world: World, admin: AsyncClient) -> None:
    for number in range(3):
        await world.refuse(b"%d" % number)
    await world.refuse(topic=ALERTS_MATCHED)
    assert (await admin.get(f"{LETTERS}/topics")).json() == {
        "topics": [
            {"topic": "alerts.matched.dlq", "source": "alerts.matched", "letters": 1},
            {"topic": "alerts.new.dlq", "source": "alerts.new", "letters": 3},
        ],
        "letters": 4,
    }
    page = (await admin.get(LETTERS, params={"topic": "alerts.new.dlq", "limit": 2})).json()
    rest = (await admin.get(LETTERS, params={"topic": "alerts.new.dlq", "cursor": page["next_cursor"]})).json()
    assert (len(page["items"]), len(rest["items"]), rest["next_cursor"]) == (2, 1, None)
    assert len({letter["letter_id"] for letter in page["items"] + rest["items"]}) == 3


async def test_the_bytes_of_a_dead_letter_are_shown_as_what_they_are(world: World, admin: AsyncClient) -> None:
    await world.refuse(b"\xff\x00")
    await world.refuse('{"häufig": 1}'.encode())
    await world.refuse(b"x" * 10_000)
    found = [(await admin.get(path_of(one))).json() for one in (await admin.get(LETTERS)).json()["items"]]
    values = {letter["value"]["size"]: letter["value"] for letter in found}
    assert values[2] == {"size": 2, "text": None, "base64": "/wA=", "is_cut": False}
    assert values[14]["text"] == '{"häufig": 1}'
    assert (values[10_000]["text"], values[10_000]["is_cut"]) == ("x" * 8_192, True)
    (key,) = {letter["key"]["text"] for letter in found}
    assert key == "a-key"
    (header,) = found[0]["headers"]
    assert (header["name"], header["value"]["text"]) == ("content-type", "application/x-protobuf")
    assert all(letter["fields"] == [] and letter["problem"] for letter in found)


async def test_what_can_be_read_of_a_dead_letter_is_shown_field_by_field(world: World, admin: AsyncClient) -> None:
    await world.refuse(encode_alert(WITHOUT_NAME))
    (listed,) = (await admin.get(LETTERS)).json()["items"]
    shown = (await admin.get(path_of(listed))).json()
    fields = {"alert_id": "a-1", "severity": "HIGH", "source": "api", "event_ts": "7", "context.team": "storage"}
    assert fields.items() <= {field["name"]: field["value"] for field in shown["fields"]}.items()
    assert shown["problem"].startswith("name: empty")
    assert shown["problems"] == [{"path": "name", "code": "empty", "detail": "must not be empty"}]
    assert {name: shown[name] for name in listed} == listed


async def test_a_replayed_letter_goes_where_it_came_from_and_is_gone(world: World, admin: AsyncClient) -> None:
    alert = Alert("a-1", Severity.HIGH, "api", "timeout", 7)
    await world.refuse(encode_alert(alert))
    (letter,) = (await admin.get(LETTERS)).json()["items"]
    replayed = await admin.post(f"{path_of(letter)}/replay")
    assert replayed.status_code == 202
    assert replayed.json() == {"letter_id": letter["letter_id"], "topic": ALERTS_NEW, "replays": 1}
    assert [one.alert_id for one in await world.alerts()] == ["a-1"]
    assert (await admin.get(LETTERS)).json()["items"] == []
    refusal(await admin.get(path_of(letter)), 404, "not-found")
    refusal(await admin.post(f"{path_of(letter)}/replay"), 404, "not-found")
    assert len(await world.alerts()) == 1


async def refused_one(world: World, admin: AsyncClient, value: bytes) -> str:
    """Let a consumer refuse *value*, and return the path of its letter."""
    await world.refuse(value)
    (letter,) = (await admin.get(LETTERS)).json()["items"]
    return path_of(letter)


def in_base64(value: bytes) -> dict[str, str]:
    return {"value_base64": b64encode(value).decode()}


async def test_what_can_be_set_is_shown_also_when_it_is_not_there(world: World, admin: AsyncClient) -> None:
    path = await refused_one(world, admin, encode_alert(WITHOUT_NAME))
    settable = (await admin.get(path)).json()["settable"]
    assert {"name": "severity", "kind": "severity", "value": "HIGH", "is_cut": False} in settable
    assert {one["name"]: one["value"] for one in settable} == {
        "alert_id": "a-1",
        "schema_version": "1",
        "event_ts": "7",
        "severity": "HIGH",
        "source": "api",
        "name": "",
        "context.team": "storage",
        "context": "",
        "client_id": "",
        "annotations": "",
        "status": "",
        "ends_at": "",
        "fingerprint": "",
        "phase": "",
    }


async def test_a_letter_is_mended_field_by_field_as_it_is_replayed(world: World, admin: AsyncClient) -> None:
    path = await refused_one(world, admin, encode_alert(WITHOUT_NAME))
    wanted = {"name": "timeout", "severity": "LOW", "event_ts": "8", "context.region": "eu"}
    replayed = await admin.post(f"{path}/replay", json={"set": wanted})
    assert (replayed.status_code, replayed.json()["replays"]) == (202, 1)
    (alert,) = await world.alerts()
    repaired = replace(WITHOUT_NAME, name="timeout", severity=Severity.LOW, event_ts=8)
    assert alert == replace(repaired, context={"team": "storage", "region": "eu"})
    refusal(await admin.post(f"{path}/replay", json={"set": wanted}), 404, "not-found")


async def test_a_letter_is_mended_as_a_whole_as_it_is_replayed(world: World, admin: AsyncClient) -> None:
    path = await refused_one(world, admin, b"\xff no message at all")
    repaired = replace(WITHOUT_NAME, name="timeout")
    assert (await admin.get(path)).json()["settable"] == []
    assert (await admin.post(f"{path}/replay", json=in_base64(encode_alert(repaired)))).status_code == 202
    assert await world.alerts() == [repaired]
    assert (await admin.get(LETTERS)).json()["items"] == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"set": {"source": "db"}}, {("set.name", "empty")}),
        ({"set": {"name": "n", "client_id": "x" * 256}}, {("set.client_id", "too-long")}),
        ({"set": {"name": "n", "event_ts": "soon"}}, {("set.event_ts", "wrong-type")}),
        ({"set": {"name": "n", "severity": "high"}}, {("set.severity", "wrong-type")}),
        (
            {"set": {"name": "n", "title": "t", "context": "c"}},
            {(f"set.{n}", "unknown-field") for n in ("title", "context")},
        ),
        ({"set": {"name": "n", "context.team": "a\0"}}, {("set.context.team", "nul-character")}),
        ({"set": {"x" * 5_000: "n"}}, {("set." + "x" * 60, "unknown-field")}),
        ({"set": {"name": 5}}, {("set.name", "wrong-type")}),
        ({"set": {"name": "n"}, "value_base64": ""}, {("value_base64", "too-many")}),
        (in_base64(encode_alert(WITHOUT_NAME)), {("value_base64.name", "empty")}),
        (in_base64(b"\xff"), {("value_base64", "undecodable")}),
        ({"value_base64": ""}, {("value_base64", "empty")}),
        ({"value_base64": "not base64"}, {("value_base64", "undecodable")}),
        ({"value_base64": "YQ"}, {("value_base64", "undecodable")}),
        ({"value_base64": "ü"}, {("value_base64", "undecodable")}),
    ],
)
async def test_a_letter_that_would_be_refused_still_is_left_where_it_is(
    world: World, admin: AsyncClient, body: dict[str, Any], found: set[tuple[str, str]]
) -> None:
    path = await refused_one(world, admin, encode_alert(WITHOUT_NAME))
    answer = await admin.post(f"{path}/replay", json=body)
    refusal(answer, 422, "invalid-input")
    assert problems(answer) == found
    assert len(answer.content) < 2_000
    assert await world.alerts() == []
    assert (await admin.get(path)).json()["replays"] == 0


@pytest.mark.parametrize("body", [{}, {"set": {}}, {"set": None, "value_base64": None}])
async def test_a_body_that_changes_nothing_replays_the_letter_as_it_is(
    world: World, admin: AsyncClient, body: dict[str, Any]
) -> None:
    repaired = replace(WITHOUT_NAME, name="timeout")
    path = await refused_one(world, admin, encode_alert(repaired))
    assert (await admin.post(f"{path}/replay", json=body)).status_code == 202
    assert await world.alerts() == [repaired]


async def test_a_letter_of_no_message_has_no_fields_to_set(world: World, admin: AsyncClient) -> None:
    path = await refused_one(world, admin, b"\xff")
    answer = await admin.post(f"{path}/replay", json={"set": {"name": "n"}})
    assert problems(answer) == {("set", "undecodable")}


async def test_a_mended_letter_is_replayed_once_under_one_key(world: World, admin: AsyncClient) -> None:
    path = await refused_one(world, admin, encode_alert(WITHOUT_NAME))
    once = {"Idempotency-Key": "k"}
    refusal(await admin.post(f"{path}/replay", json={"set": {"name": ""}}, headers=once), 422, "invalid-input")
    for _ in range(2):
        assert (await admin.post(f"{path}/replay", json={"set": {"name": "n"}}, headers=once)).status_code == 202
    other = await admin.post(f"{path}/replay", json={"set": {"name": "other"}}, headers=once)
    refusal(other, 422, "idempotency-key-reused")
    assert [alert.name for alert in await world.alerts()] == ["n"]


class CutLetters(MemoryDeadLetterStore):
    """Of whose letters only the beginning was kept."""

    async def get(self, topic: str, place: RecordId) -> DeadLetter | None:
        letter = await super().get(topic, place)
        return None if letter is None else replace(letter, is_whole=False)


async def test_a_letter_that_was_cut_is_replayed_only_when_the_whole_is_given() -> None:
    backing = MemoryBacking()
    world = await make_world(backing, dead_letters=DeadLetters(CutLetters(backing.log)))
    await world.refuse(b"the beginning")
    async with world.http() as http:
        (letter,) = (await http.get(LETTERS)).json()["items"]
        assert (await http.get(path_of(letter))).json()["problem"] == "only the beginning was kept"
        assert (await http.get(path_of(letter))).json()["settable"] == []
        refusal(await http.post(f"{path_of(letter)}/replay"), 409, "conflict")
        refusal(await http.post(f"{path_of(letter)}/replay", json={}), 409, "conflict")
        in_parts = await http.post(f"{path_of(letter)}/replay", json={"set": {"name": "n"}})
        assert problems(in_parts) == {("set", "undecodable")}
        assert len((await http.get(LETTERS)).json()["items"]) == 1
        whole = in_base64(encode_alert(replace(WITHOUT_NAME, name="timeout")))
        assert (await http.post(f"{path_of(letter)}/replay", json=whole)).status_code == 202
        assert [alert.name for alert in await world.alerts()] == ["timeout"]


@pytest.mark.parametrize(
    "letter_id",
    [
        "alerts.new.dlq/0",
        "alerts.new.dlq/0/99",
        "alerts.new/0/0",
        "alerts.new.dlq/99999999999/0",
        "a/-1/0",
        "//",
        "1/2/3/4",
    ],
)
async def test_an_id_that_names_no_dead_letter_is_not_found(world: World, admin: AsyncClient, letter_id: str) -> None:
    await world.refuse()
    refusal(await admin.get(f"{LETTERS}/{quote(letter_id, safe='')}"), 404, "not-found")
    refusal(await admin.post(f"{LETTERS}/{quote(letter_id, safe='')}/replay"), 404, "not-found")


async def test_dead_letters_are_for_operators_alone(world: World, admin: AsyncClient, catalog: Catalog) -> None:
    await catalog.client("acme")
    await world.refuse()
    (letter,) = (await admin.get(LETTERS)).json()["items"]
    async with world.http(await world.key("admin", client_id="acme")) as http:
        for path in (LETTERS, f"{LETTERS}/topics", path_of(letter)):
            refusal(await http.get(path), 403, "forbidden")
        refusal(await http.post(f"{path_of(letter)}/replay"), 403, "forbidden")
        refusal(await http.post(f"{path_of(letter)}/replay", json={"set": {"alert_id": "a"}}), 403, "forbidden")
    assert len((await admin.get(LETTERS)).json()["items"]) == 1
