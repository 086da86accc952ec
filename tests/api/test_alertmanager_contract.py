"""On the route of an Alertmanager its behaviour is the contract: what it takes is taken, and it answers like that one.

Each test is a post that real senders make and that once lost alerts, with its neighbours.
"""

import json
from base64 import b64encode
from typing import Any, Final

import pytest
from httpx import AsyncClient, Response

from alerting_core import limits
from alerting_core.app.application import Application
from alerting_core.domain.alert import Alert, Severity
from alerting_core.domain.fitting import MARK, NAMELESS
from tests.api.backing_memory import MemoryBacking
from tests.api.catalog import refusal
from tests.api.world import ADMIN_KEY, START_MS, World, make_world

ALERTS: Final = "/api/v2/alerts"
JSON: Final = {"content-type": "application/json"}
FALCO: Final = {
    "labels": {
        "source": "falco",
        "rule": "Terminal shell in container",
        "priority": "Notice",
        "severity": "information",
        "hostname": "n1",
    },
    "annotations": {"summary": "A shell was spawned"},
    "endsAt": "0001-01-01T00:00:00Z",
}


def named(name: str = "a", **fields: Any) -> dict[str, Any]:
    """Return an alert of one label."""
    return {"labels": {"alertname": name}} | fields


async def taken(world: World, http: AsyncClient, *alerts: object) -> list[Alert]:
    """Post *alerts*, all of which must be taken; return them as they were published."""
    answer = await http.post(ALERTS, content=json.dumps(alerts), headers=JSON)
    assert (answer.status_code, answer.content) == (200, b""), answer.text
    return await world.alerts()


async def told(http: AsyncClient, body: object, **headers: str) -> str:
    """Post what has problems; return what the answer says."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await http.post(ALERTS, content=content, headers={**JSON, **headers})
    return str(refusal(answer, 400, "")["detail"])


@pytest.mark.parametrize(
    ("labels", "annotations", "name"),
    [
        (FALCO["labels"], FALCO["annotations"], "Terminal shell in container"),
        ({"job": "j"}, {"summary": "Disk is full\non web1"}, "Disk is full"),
        ({"job": "j"}, {"description": "\n  Disk is full  "}, "Disk is full"),
        ({"job": "j", "alertname": ""}, {"title": "T", "message": "M"}, "T"),
        ({"job": "j"}, None, NAMELESS),
        ({"job": "j", "alertname": "   "}, {}, NAMELESS),
    ],
)
async def test_an_alert_without_alertname_has_a_name_that_stands_in(
    world: World, admin: AsyncClient, labels: Any, annotations: Any, name: str
) -> None:
    (alert,) = await taken(world, admin, {"labels": labels, "annotations": annotations})
    assert alert.name == name


async def test_what_falco_posts_is_an_alert_with_its_rule_source_and_severity(world: World, admin: AsyncClient) -> None:
    (alert,) = await taken(world, admin, FALCO)
    assert (alert.name, alert.source, alert.severity) == ("Terminal shell in container", "falco", Severity.LOW)
    assert alert.context["hostname"] == "n1"
    assert alert.annotations["summary"] == "A shell was spawned"


def many_labels(count: int) -> dict[str, str]:
    return {f"label_{number:03}": f"value {number}" for number in range(count)}


async def test_a_hundred_labels_are_cut_to_what_matters_and_it_is_marked(world: World, admin: AsyncClient) -> None:
    labels = {**many_labels(100), "alertname": "a", "severity": "page", "instance": "web1"}
    (alert,) = await taken(
        world, admin, {"labels": labels, "annotations": {"summary": "S", "runbook_url": "https://r"}}
    )
    assert (alert.name, alert.severity) == ("a", Severity.HIGH)
    assert len(alert.context) == limits.CONTEXT_ENTRIES_MAX
    assert {"alertname", "severity", "instance"} <= alert.context.keys()
    assert alert.annotations == {"summary": "S", "runbook_url": "https://r", MARK: "39 entries left out"}
    assert "label_000" in alert.context, "of those that nobody knows the first ones are kept"


async def test_two_alerts_that_differ_in_a_label_that_is_left_out_are_two(world: World, admin: AsyncClient) -> None:
    one, other = ({**many_labels(100), "label_099": value, "alertname": "a"} for value in "ab")
    assert len({alert.alert_id for alert in await taken(world, admin, {"labels": one}, {"labels": other})}) == 2


@pytest.mark.parametrize(
    ("labels", "annotations", "mark"),
    [
        (many_labels(48), {f"a{number}": "x" for number in range(20)}, None),
        (many_labels(66), {f"a{number}": "x" for number in range(66)}, "5 entries left out"),
        (many_labels(64), {}, None),
        ({"alertname": "n" * 300}, {}, "name cut"),
        ({"alertname": "a", "long": "x" * 20_000}, {}, "1 entry cut"),
        ({"alertname": "a"}, {f"a{number}": "x" * 16_000 for number in range(5)}, "5 entries cut"),
        ({"alertname": "a"}, {f"a{number}": "é😀" * 8_000 for number in range(64)}, "1 entry left out; 63 entries cut"),
        ({"alertname": "a", "k" * 300: "v", "": "nameless"}, {}, "1 entry cut"),
        ({"job": "j" * 300}, {"summary": "s" * 300}, "source cut; name cut"),
    ],
)
async def test_what_is_too_long_or_too_much_is_cut_and_marked(
    world: World, admin: AsyncClient, labels: dict[str, str], annotations: dict[str, str], mark: str | None
) -> None:
    (alert,) = await taken(world, admin, {"labels": labels, "annotations": annotations})
    assert alert.annotations.get(MARK) == mark
    assert all(len(one) <= limits.ID_CHARS_MAX for one in (alert.name, alert.source))
    texts = [*alert.context.items(), *alert.annotations.items()]
    assert sum(len(key.encode()) + len(value.encode()) for key, value in texts) <= limits.CONTEXT_BYTES_MAX
    assert all(len(value) <= limits.CONTEXT_VALUE_CHARS_MAX for _, value in texts)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (r'"CPU \u0000 over"', "CPU � over"),
        (r'"\u0000"', "�"),
        (r'"\ud83d"', "�"),
        (r'"\udc00 low first \ud83d"', "� low first �"),
        (r'"\ud83d\ude00"', "😀"),
        ('"\udce9"', "�"),
        (r'"\ufffe\u0001"', "\ufffe\x01"),
    ],
)
async def test_what_cannot_be_stored_becomes_a_replacement_character(
    world: World, admin: AsyncClient, sent: str, kept: str
) -> None:
    body = f'[{{"labels":{{"alertname":"a","l":{sent}}},"annotations":{{"description":{sent}}}}}]'
    answer = await admin.post(ALERTS, content=body.encode(errors="surrogateescape"), headers=JSON)
    assert answer.status_code == 200, answer.text
    (alert,) = await world.alerts()
    assert (alert.context, alert.annotations) == ({"alertname": "a", "l": kept}, {"description": kept})


@pytest.mark.parametrize(
    ("fields", "annotations"),
    [
        ({"annotations": None}, {}),
        ({"annotations": {"summary": None, "kept": "k"}}, {"kept": "k"}),
        ({"startsAt": None, "endsAt": None, "generatorURL": None}, {}),
        ({"annotations": {"n": 5, "b": True, "o": {"a": [1.5]}}}, {"n": "5", "b": "true", "o": '{"a": [1.5]}'}),
        ({"annotations": "text"}, {}),
        ({"annotations": []}, {}),
    ],
)  # fmt: skip
async def test_null_is_absent_and_what_is_no_text_is_its_text(
    world: World, admin: AsyncClient, fields: dict[str, Any], annotations: dict[str, str]
) -> None:
    (alert,) = await taken(world, admin, named(**fields))
    assert (alert.context, alert.annotations) == ({"alertname": "a"}, annotations)


async def test_a_label_that_is_null_or_empty_is_none_and_a_number_is_its_text(world: World, admin: AsyncClient) -> None:
    alerts = [{"labels": {"alertname": "a", "l": value}} for value in (None, "", 5, "5")]
    assert len({alert.alert_id for alert in await taken(world, admin, *alerts, named())}) == 2


NOW_S: Final = START_MS // 1_000


@pytest.mark.parametrize(
    ("time", "start_s"),
    [
        ("2026-01-02T03:00:00Z", 1_767_322_800),
        ("2026-01-02T03:00:00", 1_767_322_800),
        ("2026-01-02 03:00", 1_767_322_800),
        ("2026-01-02T03:00:00+0000", 1_767_322_800),
        ("2026-01-02T04:00:00+0100", 1_767_322_800),
        ("2026-01-02t03:00:00z", 1_767_322_800),
        ("2026-01-02T03:00:00.123456789Z", 1_767_322_800),
        (1_767_322_800, 1_767_322_800),
        (1_767_322_800_123, 1_767_322_800),
        ("1767322800", 1_767_322_800),
        ("1969-07-20T20:17:00Z", 0),
        ("0001-01-01T00:00:00Z", NOW_S),
        ("0001-01-01T00:00:00", NOW_S),
        ("", NOW_S),
        ("  ", NOW_S),
        (0, NOW_S),
        (None, NOW_S),
    ],
)
async def test_a_time_is_read_however_it_is_written(
    world: World, admin: AsyncClient, time: object, start_s: int
) -> None:
    (alert,) = await taken(world, admin, named(startsAt=time))
    assert alert.event_ts == start_s


@pytest.mark.parametrize("end", ["0001-01-01T00:00:00Z", "", None, 0, "2026-01-02 03:10", "2026-01-02T03:10:00+0000"])
async def test_an_alert_fires_unless_an_end_that_was_set_has_passed(
    world: World, admin: AsyncClient, end: object
) -> None:
    (alert,) = await taken(world, admin, named(endsAt=end))
    assert alert.name == "a"


async def test_one_odd_alert_keeps_no_other_out_and_each_problem_is_told_with_its_place(
    world: World, admin: AsyncClient
) -> None:
    odd = [
        named("one"),
        {"labels": {}},
        named("two", annotations=None),
        named(startsAt="tomorrow"),
        5,
        {"annotations": {}},
        named(startsAt="2026-01-02T03:09:00Z", endsAt="2026-01-02T03:08:00Z"),
        named("three", annotations={"summary": "\ud83d"}),
        {"labels": []},
        named(endsAt=[1]),
    ]
    said = await told(admin, odd)
    assert "3 alerts were accepted" in said
    places = ("[1].labels", "[3].startsAt", "[4]", "[5].labels", "[6].endsAt", "[8].labels", "[9].endsAt")
    assert all(f"{place}: " in said for place in places), said
    assert sorted(alert.name for alert in await world.alerts()) == ["one", "three", "two"]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"{", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b"", "list"),
        (b"null", "list"),
        (b'{"labels": {"alertname": "a"}}', "list"),
        (b'"text"', "list"),
    ],
)
async def test_a_body_that_is_no_list_is_a_400_with_a_text(
    world: World, admin: AsyncClient, body: bytes, word: str
) -> None:
    before = await world.footprint()
    assert word in await told(admin, body)
    assert await world.footprint() == before


async def test_other_refusals_have_the_forms_of_an_alertmanager(admin: AsyncClient) -> None:
    for sent in ("text/plain", "application/x-www-form-urlencoded", ""):
        refusal(await admin.post(ALERTS, content=b"[]", headers={"content-type": sent}), 415, "")
    refusal(await admin.put(ALERTS), 405, "")
    charset = await admin.post(ALERTS, content=b"[]", headers={"content-type": "application/json; charset=latin-1"})
    assert charset.status_code == 200


async def test_256_alerts_of_5_kb_and_5000_small_ones_are_taken_in_one_body(world: World, admin: AsyncClient) -> None:
    large = [named(f"large-{number}", annotations={"description": "x" * 5_000}) for number in range(256)]
    small = [named(f"small-{number}") for number in range(5_000)]
    assert len({alert.alert_id for alert in await taken(world, admin, *large)}) == 256
    answer = await admin.post(ALERTS, json=small)
    assert answer.status_code == 200
    assert answer.headers["alerting-outcomes"] == "opened=5000"


async def test_a_body_of_16_mib_is_taken_and_a_larger_one_is_read_to_its_end_and_refused(
    world: World, admin: AsyncClient
) -> None:
    whole = json.dumps([named()]).encode()
    full = whole + b" " * (limits.FOREIGN_BODY_BYTES_MAX - len(whole))
    assert (await admin.post(ALERTS, content=full, headers=JSON)).status_code == 200
    refusal(await admin.post(ALERTS, content=full + b" ", headers=JSON), 413, "")
    read = 0

    async def in_pieces() -> Any:
        nonlocal read
        for _ in range(20):
            read += 1
            yield b" " * 1_048_576

    refusal(await admin.post(ALERTS, content=in_pieces(), headers=JSON), 413, "")
    assert read == 20, "who is cut off while it sends reads no answer"
    assert len(await world.alerts()) == 1


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


@pytest.mark.parametrize("path", [ALERTS, "/api/v1/alerts"])
async def test_a_key_may_be_sent_as_a_password_where_alerts_are_sent(world: World, path: str) -> None:
    body: object = [named()] if path == ALERTS else {"severity": "HIGH", "source": "s", "name": "n"}
    async with world.http(None) as http:

        async def post(headers: dict[str, str]) -> Response:
            return await http.post(path, json=body, headers=headers)

        for user in ("", "anybody", "a b"):
            assert (await post(basic(user, ADMIN_KEY))).status_code < 300
        for wrong in (
            basic("u", "wrong"),
            basic(ADMIN_KEY, ""),
            {"Authorization": "Basic %%%"},
            {"Authorization": "Basic"},
        ):
            assert (await post(wrong)).status_code == 401
        assert (await http.get("/api/v1/rules", headers=basic("", ADMIN_KEY))).status_code == 401


WORDS: Final = {
    Severity.CRITICAL: "critical crit CRITICAL Fatal emerg emergency alert panic disaster P1 p0 sev1 SEV-1 Sev_0 1",
    Severity.HIGH: "high major err Error page serious severe P2 sev-2 2",
    Severity.MEDIUM: "medium warning WARN minor average ticket moderate P3 sev3 3",
    Severity.LOW: "low info information informational notice Notice debug none p4 P5 sev4 4 5",
    Severity.UNSPECIFIED: "tuesday 17 sev critical!",
}


@pytest.mark.parametrize(("word", "severity"), [(word, one) for one, words in WORDS.items() for word in words.split()])
async def test_usual_words_name_a_severity_in_both_ways_in(
    world: World, admin: AsyncClient, word: str, severity: Severity
) -> None:
    (alert,) = await taken(world, admin, {"labels": {"alertname": "a", "severity": word}})
    assert alert.severity is severity
    answer = await admin.post("/api/v1/alerts", json={"alert_id": "x", "severity": word, "source": "s", "name": "n"})
    if severity is Severity.UNSPECIFIED:
        assert [(one["path"], one["code"]) for one in answer.json()["problems"]] == [("severity", "unknown-value")]
    else:
        assert {one.severity for one in await world.alerts() if one.alert_id == "x"} == {severity}


async def test_words_of_the_operator_go_before_the_usual_ones() -> None:
    backing = MemoryBacking()
    words = {"tuesday": "HIGH", "P-1": "LOW"}
    world = await make_world(backing, use=Application.on(backing.ports, severity_words=words))
    async with world.http() as http:
        alerts = [{"labels": {"alertname": word, "severity": word}} for word in ("Tuesday", "P-1", "p2")]
        found = {alert.name: alert.severity for alert in await taken(world, http, *alerts)}
    assert found == {"Tuesday": Severity.HIGH, "P-1": Severity.LOW, "p2": Severity.HIGH}


async def test_what_became_of_alerts_is_counted_whoever_is_told(world: World, admin: AsyncClient) -> None:
    await admin.post(ALERTS, json=[named(endsAt="2026-01-02T03:00:00Z"), named("b"), named("b")])
    await admin.post("/api/v1/alerts", json={"severity": "HIGH", "source": "s", "name": "n"})
    figures = (await admin.get("/metrics")).text
    for outcome, count in {"not-open": 1, "opened": 1, "event": 1}.items():
        assert f'alerting_alerts_taken_in_total{{outcome="{outcome}"}} {count}.0' in figures
