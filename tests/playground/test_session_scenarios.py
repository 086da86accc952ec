"""Scenarios as text: what is shared comes back whole, and what is wrong is said."""

import json
import zlib
from base64 import urlsafe_b64encode
from typing import Any, Final

import pytest

from alerting_core.sim.faults import dice_for
from alerting_playground import main
from alerting_playground.session import limits
from alerting_playground.session.inputs import Refused, Settings
from alerting_playground.session.population import Reach, draw_rules
from alerting_playground.session.scenario import Scenario, read_scenario, read_text
from tests.playground.live import session_of

ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

OWN: Final[dict[str, Any]] = {
    "client_id": "acme",
    "name": "Acme <b>\u202e\U0001f6a8",
    "rules": [
        {
            "severity": "*",
            "source": "*",
            "name": "timeout",
            "enabled": True,
            "description": "Wakes\nwhoever is on call.",
            "endpoints": [{"type": "webhook", "value": "https://hooks.acme.sim/alerts", "description": "Pager."}],
        },
        {"severity": "LOW", "source": "*", "name": "*", "enabled": False, "endpoints": []},
    ],
}

RULE: Final[dict[str, Any]] = OWN["rules"][0]

BAD: Final[dict[str, Any]] = {
    "another version": {"version": 2},
    "no version": {},
    "a seed that is no whole number": {"version": 1, "seed": 1.5},
    "a seed that JavaScript cannot hold": {"version": 1, "seed": 2**53},
    "an unknown field": {"version": 1, "colour": "red"},
    "an unknown setting": {"version": 1, "settings": {"colour": "red"}},
    "a rate beyond all bounds": {"version": 1, "settings": {"alerts_per_s": 1e9}},
    "a rate that is no number": {"version": 1, "settings": {"alerts_per_s": float("nan")}},
    "weights that do not sum to 100": {"version": 1, "settings": {"source_dist": "api:99"}},
    "too many values": {"version": 1, "settings": {"name_dist": ",".join(f"n{n}:{n < 4 and 25}" for n in range(30))}},
    "a rule of wildcards alone": {"version": 1, "catalog": [OWN | {"rules": [OWN["rules"][0] | {"name": "*"}]}]},
    "a description that is a list": {
        "version": 1,
        "catalog": [OWN | {"rules": [OWN["rules"][0] | {"description": []}]}],
    },
    "a rule without its name": {
        "version": 1,
        "catalog": [OWN | {"rules": [{"severity": "LOW", "source": "api", "enabled": True, "endpoints": []}]}],
    },
    "an endpoint that is perhaps on": {
        "version": 1,
        "catalog": [OWN | {"rules": [RULE | {"endpoints": [RULE["endpoints"][0] | {"enabled": "perhaps"}]}]}],
    },
    "a rule twice": {"version": 1, "catalog": [OWN | {"rules": [OWN["rules"][0]] * 2}]},
    "a client twice": {"version": 1, "catalog": [OWN, OWN]},
    "a client that is a text": {"version": 1, "catalog": ["acme"]},
    "an id that is a list": {"version": 1, "catalog": [OWN | {"client_id": []}]},
    "an unknown action": {"version": 1, "script": [{"at_ms": 0, "do": "dance"}]},
    "an action before the one before": {
        "version": 1,
        "script": [{"at_ms": 9, "do": "flush-redis"}, {"at_ms": 8, "do": "flush-redis"}],
    },
    "a script without end": {"version": 1, "script": [{"at_ms": 0, "do": "flush-redis"}] * (limits.SCRIPT_MAX + 1)},
}


def link(text: str | bytes) -> str:
    data = text.encode() if isinstance(text, str) else text
    return urlsafe_b64encode(zlib.compress(data)).decode().rstrip("=")


def test_what_is_shared_comes_back_whole() -> None:
    given = {
        "version": 1,
        "seed": 2**53 - 1,
        "settings": Settings(alerts_per_s=7.5, fan_out=0.25, duration_ms=60_000, commit_first=True).to_json(),
        "catalog": [OWN],
        "script": [{"at_ms": 5, "do": "outage", "of": "kafka", "for_ms": 10}],
    }
    scenario = read_scenario(given)
    text = scenario.shared()
    assert len(text) < 500
    assert set(text) <= set(ALPHABET)
    assert read_text(text).to_json() == given == read_text(json.dumps(given)).to_json()


@pytest.mark.parametrize("bad", BAD)
def test_a_scenario_that_is_wrong_is_refused_with_its_problems(bad: str) -> None:
    for text in (json.dumps(BAD[bad]), link(json.dumps(BAD[bad]))):
        with pytest.raises(Refused) as refused:
            read_text(text)
        assert refused.value.code == "bad-scenario"
        assert all(problem.path and problem.detail for problem in refused.value.problems)
        assert refused.value.problems


@pytest.mark.parametrize(
    "text",
    [
        "not a link at all!",
        "eJ",
        Scenario().shared()[:-6],
        Scenario().shared()[3:],
        link("[1, 2]"),
        link("{" * 100_000),
        link(b"\xff\xfe"),
        link(b"0" * 50_000_000),
        "A" * (limits.SHARED_CHARS_MAX + 1),
        "{" + " " * limits.SCENARIO_BYTES_MAX,
        "[" * 100_000,
    ],
    ids=range(11),
)
def test_a_damaged_link_is_refused_in_words(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read_text(text)
    assert refused.value.code == "bad-scenario"
    assert len(refused.value.detail) < 300


@pytest.mark.parametrize("seed", range(200))
def test_a_link_with_ten_characters_changed_is_refused(seed: int) -> None:
    dice = dice_for(seed, "changed")
    text = list(Scenario(seed, Settings(alerts_per_s=7.5), [OWN]).shared())
    for place in dice.sample(range(len(text)), 10):
        text[place] = dice.choice([char for char in ALPHABET if char != text[place]])
    with pytest.raises(Refused, match="link"):
        read_text("".join(text))


@pytest.mark.parametrize("foreign", ["!", " ", "+", ".", "\u00e9"])
def test_a_link_with_a_foreign_character_is_refused(foreign: str) -> None:
    text = Scenario().shared()
    with pytest.raises(Refused, match="damaged"):
        read_text(text[:10] + foreign + text[10:])


def test_own_clients_are_told_of_what_their_rules_match() -> None:
    settings = {"clients": 0, "alerts_per_s": 50}
    with session_of(read_scenario({"version": 1, "settings": settings, "catalog": [OWN]})) as session:
        session.advance(10_000)
        database = session.world.database
        assert [rule.description for rule in database.rules.values()] == [RULE["description"], ""]
        assert [each.description for each in database.endpoints.values()] == ["Pager."]
        assert {n.name for n in database.notifications.values()} == {"timeout"}
        assert {n.client_id for n in database.notifications.values()} == {"acme"}
        assert session.world.endpoints.hosts["hooks.acme.sim"].accepted > 30


@pytest.mark.parametrize("fan_out", [0, 0.1, 1, 3, 8])
@pytest.mark.parametrize("wildcard_share", [0, 0.5, 1])
def test_alerts_match_as_many_clients_as_asked_for(fan_out: float, wildcard_share: float) -> None:
    settings = Settings(clients=20, rules_per_client=6, fan_out=fan_out, wildcard_share=wildcard_share)
    drawn = draw_rules(settings, dice_for(1, "test"))
    reach = Reach(settings)
    for client, rules in enumerate(drawn):
        assert len(rules) == len(set(rules)) == 6
        for rule in rules:
            if rule[1] == "*" or rule[1] in reach.values[1]:
                reach.add(client, rule)
    assert reach.expected == pytest.approx(fan_out, abs=0.05)


def test_the_page_is_told_of_errors_as_values() -> None:
    assert json.loads(main.start("nonsense"))["error"]["code"] == "bad-scenario"
    assert "error" not in json.loads(main.start(""))
    assert json.loads(main.advance("many"))["error"]["code"] == "bad-request"
    assert json.loads(main.advance("-1"))["error"]["code"] == "bad-action"
    assert json.loads(main.act('{"do": "dance"}'))["error"]["problems"][0]["path"] == "do"
    assert json.loads(main.request('{"method": "GET"}'))["error"]["code"] == "bad-request"
    assert json.loads(main.advance("100"))["at_ms"] == 100
    assert json.loads(main.step())["at_ms"] > 100
    assert json.loads(main.request('{"method": "GET", "path": "/api/v1/clients?limit=1"}'))["status"] == 200
    assert json.loads(main.checked(json.loads(main.share())["text"])) == Scenario().to_json()
    assert json.loads(main.defaults())["scenario"] == Scenario().to_json()


def test_an_action_before_the_end_of_a_script_makes_another_run() -> None:
    script = [{"at_ms": at_ms, "do": "flush-redis"} for at_ms in (100, 900)]
    with session_of(read_scenario({"version": 1, "script": script})) as session:
        session.advance(500)
        assert session.act({"do": "poison", "topic": "alerts.new"})["forked"]
        session.advance(1_000)
        assert [one.action.do for one in session.scenario.script] == ["flush-redis", "poison"]
        assert not session.act({"do": "poison", "topic": "alerts.new"})["forked"]


def test_a_script_that_is_full_takes_no_more() -> None:
    script = [{"at_ms": 0, "do": "flush-redis"}] * limits.SCRIPT_MAX
    with session_of(read_scenario({"version": 1, "script": script})) as session:
        with pytest.raises(Refused) as refused:
            session.act({"do": "flush-redis"})
        assert refused.value.code == "too-many"
