"""Whatever is done to a running platform, its guarantees hold; with the guarantee switched off the checks turn red."""

from typing import Any, Final

import pytest

from alerting_playground.session.inputs import Refused, read_request
from tests.playground.live import broken, checks, live, settle
from tests.playground.scripts import new_rule

TRAFFIC: Final[dict[str, Any]] = {"alerts_per_s": 10, "fan_out": 3, "clients": 8}

FAULTS: Final[dict[str, dict[str, Any]]] = {
    "Kafka is away": {"do": "outage", "of": "kafka", "for_ms": 4_000},
    "Redis is away": {"do": "outage", "of": "redis", "for_ms": 4_000},
    "Postgres is away": {"do": "outage", "of": "postgres", "for_ms": 4_000},
    "Redis is emptied": {"do": "flush-redis"},
    "matches come twice": {"do": "duplicate", "topic": "alerts.matched", "records": 100},
    "alerts come twice": {"do": "duplicate", "topic": "alerts.new", "records": 100},
    "announcements come twice": {"do": "duplicate", "topic": "notifications.ready", "records": 100},
    "matches are held back": {"do": "delay", "topic": "alerts.matched", "partition": None, "for_ms": 3_000},
    "one partition is held back": {"do": "delay", "topic": "alerts.new", "partition": 0, "for_ms": 3_000},
    "an evaluator stands still": {"do": "pause", "worker": "evaluator-1", "for_ms": 9_000},
    "a sender stands still": {"do": "pause", "worker": "sender-1", "for_ms": 9_000},
    "a clock goes on": {"do": "clock", "machine": "node-1", "by_ms": 120_000},
    "a clock goes back": {"do": "clock", "machine": "node-1", "by_ms": -120_000},
    "poison in alerts.new": {"do": "poison", "topic": "alerts.new"},
    "poison in alerts.matched": {"do": "poison", "topic": "alerts.matched"},
    "poison in notifications.ready": {"do": "poison", "topic": "notifications.ready"},
    "poison in rule.changed": {"do": "poison", "topic": "rule.changed"},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_loses_nothing_and_doubles_nothing(fault: str) -> None:
    with live(**TRAFFIC) as session:
        session.advance(3_000)
        session.act(FAULTS[fault])
        session.advance(10_000)
        settle(session)
        assert broken(session) == {}
        shown = session.snapshot()
        assert shown["totals"]["notifications"] == shown["postgres"]["notifications"]["SENT"] > 100


@pytest.mark.parametrize("when", ["now", "before-commit", "between", "after-commit"])
@pytest.mark.parametrize("group", ["recorder", "evaluator", "aggregator", "sender", "rule-updater"])
def test_a_worker_that_dies_anywhere_loses_nothing(group: str, when: str) -> None:
    with live(**TRAFFIC) as session:
        session.advance(3_000)
        for _ in range(3):
            session.act({"do": "kill", "worker": f"{group}-1", "when": when, "restart_ms": 1_500})
            session.act({"do": "request", "request": new_rule("aurora", f"source-{session.at_ms}")})
            session.advance(6_000)
        killed = next(w for w in session.snapshot()["workers"] if w["worker"] == f"{group}-1")
        assert killed["kills"] == 3
        settle(session)
        assert broken(session) == {}


def test_committing_first_turns_the_checks_red_when_the_aggregator_is_killed_in_between() -> None:
    with live(**TRAFFIC, aggregators=1) as session:
        session.act({"do": "set", "settings": {"commit_first": True}})
        session.advance(3_000)
        assert checks(session)["lost"]["count"] == 0
        assert broken(session).keys() == {"order"}
        session.act({"do": "kill", "worker": "aggregator-1", "when": "before-commit", "restart_ms": 500})
        session.advance(3_000)
        found = broken(session)
        assert found.keys() == {"lost", "order"}
        lost = checks(session)["lost"]
        assert lost["example"]["alert_id"].startswith("alert-")
        assert [line["at_ms"] for line in lost["example"]["story"]] == sorted(
            line["at_ms"] for line in lost["example"]["story"]
        )
        settle(session)
        assert broken(session)["lost"] == found["lost"]
        totals = session.snapshot()["totals"]
        assert totals["matches"] - totals["notifications"] == found["lost"]


def test_the_guarantee_holds_again_when_it_is_switched_on_again() -> None:
    with live(**TRAFFIC) as session:
        session.act({"do": "set", "settings": {"commit_first": True}})
        session.advance(2_000)
        session.act({"do": "set", "settings": {"commit_first": False}})
        session.advance(2_000)
        early = broken(session)["order"]
        for _ in range(3):
            session.act({"do": "kill", "worker": "aggregator-1", "when": "before-commit", "restart_ms": 500})
            session.advance(5_000)
        settle(session)
        assert broken(session) == {"order": early}


def test_an_alert_that_is_sent_again_is_not_lost_any_more() -> None:
    with live(**TRAFFIC, aggregators=1) as session:
        session.act({"do": "set", "settings": {"commit_first": True}})
        session.advance(2_000)
        session.act({"do": "kill", "worker": "aggregator-1", "when": "before-commit", "restart_ms": 100})
        session.advance(500)
        assert broken(session)["lost"] > 0
        session.act({"do": "duplicate", "topic": "alerts.new", "records": 500})
        settle(session)
        assert "lost" not in broken(session)


def test_a_host_that_is_down_is_left_alone_and_told_later() -> None:
    with live(alerts_per_s=60, fan_out=6, clients=6, targets_per_client=1) as session:
        session.advance(3_000)
        host = next(one["host"] for one in session.snapshot()["endpoints"] if not one["is_mail"])
        session.act({"do": "endpoint", "host": host, "state": "down", "for_ms": 20_000})
        session.advance(10_000)
        shown = next(one for one in session.snapshot()["endpoints"] if one["host"] == host)
        assert shown["state"] == "down"
        assert shown["circuit"] != "closed"
        session.act({"do": "set", "settings": {"alerts_per_s": 0}})
        for _ in range(40):
            session.advance(60_000)
        assert checks(session)["unfinished"]["count"] == 0
        assert broken(session) == {}


def test_an_edit_of_a_rule_reaches_the_evaluators_within_two_seconds() -> None:
    with live(**TRAFFIC) as session:
        session.advance(3_000)
        for _ in range(20):
            session.act({"do": "request", "request": new_rule("aurora", f"source-{session.at_ms}")})
            assert session.snapshot()["redis"]["evaluators_behind"]
            session.advance(2_000)
            assert session.snapshot()["redis"]["evaluators_behind"] == []
        assert len(session.world.rules_arrive.delays_ms) >= 20
        assert max(session.world.rules_arrive.delays_ms) <= 2_000


def test_while_redis_is_away_evaluators_go_on_and_say_how_old_their_rules_are() -> None:
    with live(**TRAFFIC) as session:
        session.advance(3_000)
        session.act({"do": "outage", "of": "redis", "for_ms": 20_000})
        session.advance(9_000)
        before = session.snapshot()
        session.advance(1_000)
        after = session.snapshot()
        assert after["redis"]["away_ms"] == 10_000
        assert after["totals"]["notifications"] > before["totals"]["notifications"]
        ages = [worker["rules_age_ms"] for worker in after["workers"] if worker["worker_group"] == "evaluator"]
        assert min(ages) > 500


def test_what_cannot_be_done_is_refused_and_changes_nothing() -> None:
    with live() as session:
        session.advance(1_000)
        before = session.snapshot()
        for action in (
            {"do": "dance"},
            {"do": "kill", "worker": "nobody-1", "when": "now", "restart_ms": None},
            {"do": "kill", "worker": "sender-1", "when": "whenever", "restart_ms": None},
            {"do": "set", "settings": {"partitions": 3}},
            {"do": "set", "settings": {"alerts_per_s": 10**9}},
            {"do": "delay", "topic": "alerts.new", "partition": 11, "for_ms": 10},
            {"do": "outage", "of": "kafka", "for_ms": -1},
            {"do": "request", "request": {"method": "POST"}},
            [],
        ):
            with pytest.raises(Refused) as refused:
                session.act(action)
            assert refused.value.detail
        assert session.snapshot() == before


def test_servers_that_are_away_are_away_for_people_too() -> None:
    with live() as session:
        session.advance(2_000)
        session.act({"do": "outage", "of": "postgres", "for_ms": 1_000})
        assert session.answer(read_request({"method": "GET", "path": "/api/v1/clients"})).status == 503
        session.advance(1_000)
        assert session.answer(read_request({"method": "GET", "path": "/api/v1/clients"})).status == 200
