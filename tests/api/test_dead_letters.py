"""Dead letters over HTTP."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from httpx import AsyncClient

from alerting_core.app.dead_letters import Letters
from alerting_core.codec.alert import encode_alert
from alerting_core.domain.alert import Alert
from alerting_core.domain.severity import Severity
from alerting_core.memory.dead_letters import MemoryDeadLetters
from alerting_core.ports.dead_letters import DeadLetter
from alerting_core.ports.stream import ALERTS_MATCHED, ALERTS_NEW
from tests.api.backing_memory import MemoryBacking
from tests.api.catalog import Catalog, refusal
from tests.api.world import World, make_world

LETTERS = "/api/v1/dead-letters"


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
    alert = Alert("a-1", Severity.HIGH, "api", "", 7, {"k": "v"})
    await world.refuse(encode_alert(alert))
    (listed,) = (await admin.get(LETTERS)).json()["items"]
    shown = (await admin.get(path_of(listed))).json()
    fields = {"alert_id": "a-1", "severity": "HIGH", "source": "api", "event_ts": "7", "context.k": "v"}
    assert fields.items() <= {field["name"]: field["value"] for field in shown["fields"]}.items()
    assert shown["problem"].startswith("name: empty")
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


class CutLetters(MemoryDeadLetters):
    """Of whose letters only the beginning was kept."""

    async def get(self, topic: str, place: tuple[int, int]) -> DeadLetter | None:
        letter = await super().get(topic, place)
        return None if letter is None else replace(letter, is_whole=False)


async def test_a_letter_that_was_cut_is_not_replayed() -> None:
    backing = MemoryBacking()
    world = await make_world(backing, dead_letters=Letters(CutLetters(backing.log)))
    await world.refuse(b"the beginning")
    async with world.http() as http:
        (letter,) = (await http.get(LETTERS)).json()["items"]
        assert (await http.get(path_of(letter))).json()["problem"] == "only the beginning was kept"
        refusal(await http.post(f"{path_of(letter)}/replay"), 409, "conflict")
        assert len((await http.get(LETTERS)).json()["items"]) == 1


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
