"""A scenario is the same run, number by number, however time is cut, watched and shared."""

import json
from random import Random
from typing import Any

import pytest

from alerting_playground.session.inputs import Refused, read_request
from alerting_playground.session.scenario import Scenario, read_scenario, read_text
from alerting_playground.session.session import Session
from tests.playground.live import session_of
from tests.playground.scripts import RUN_MS, action, cuts, script, small_settings

READS = (
    "/api/v1/clients",
    "/api/v1/rules",
    "/api/v1/notifications",
    "/api/v1/metrics",
    "/api/v1/alerts",
    "/api/v1/alerts/alert-1/explain",
)


def run_of(scenario: Scenario, pieces: list[int]) -> dict[str, Any]:
    """Return the snapshot at the end of *pieces*."""
    with session_of(scenario) as session:
        for piece in pieces:
            session.advance(piece)
        return session.snapshot()


@pytest.mark.parametrize("seed", range(8))
def test_a_run_does_not_depend_on_how_time_is_cut(seed: int) -> None:
    dice = Random(seed)
    scenario = read_scenario(
        {
            "version": 1,
            "seed": seed,
            "settings": small_settings(dice),
            "script": script(dice, actions=dice.randrange(8)),
        }
    )
    whole = run_of(scenario, [RUN_MS])
    assert whole["totals"]["alerts"] > 0
    for _ in range(2):
        assert run_of(scenario, cuts(dice, RUN_MS)) == whole


@pytest.mark.parametrize("seed", range(8))
def test_a_shared_link_gives_the_same_run_number_by_number(seed: int) -> None:
    dice = Random(1_000 + seed)
    scenario = read_scenario({"version": 1, "seed": seed, "settings": small_settings(dice)})
    with session_of(scenario) as session:
        for piece in cuts(dice, RUN_MS):
            session.advance(piece)
            if dice.random() < 0.5:
                act(session, action(dice))
            if dice.random() < 0.2:
                session.advance_to_next()
        end_ms, seen, link = session.at_ms, session.snapshot(), session.scenario.shared()
    assert run_of(read_text(link), cuts(dice, end_ms)) == seen


def act(session: Session, given: dict[str, Any]) -> None:
    """Do an action; some cannot be done at the moment."""
    try:
        session.act(given)
    except Refused as refused:
        assert refused.code == "bad-action"


def test_whoever_only_looks_changes_nothing() -> None:
    scenario = read_scenario({"version": 1, "seed": 5, "settings": {"alerts_per_s": 50}})
    with session_of(scenario) as session:
        for _ in range(20):
            session.advance(100)
            session.snapshot()
            for path in READS:
                answered = session.answer(read_request({"method": "GET", "path": path}))
                assert answered.status < 500
        watched = session.snapshot()
    assert watched == run_of(scenario, [2_000])


def test_steps_lead_where_a_leap_leads() -> None:
    scenario = read_scenario({"version": 1, "seed": 6, "settings": {"alerts_per_s": 20}})
    with session_of(scenario) as session:
        steps = 0
        while session.at_ms < 700:
            before_ms = session.at_ms
            assert session.advance_to_next()["at_ms"] > before_ms
            steps += 1
        stepped, end_ms = session.snapshot(), session.at_ms
    assert steps > 20
    assert stepped == run_of(scenario, [end_ms])


def test_other_seeds_are_other_runs() -> None:
    digests = {run_of(read_scenario({"version": 1, "seed": seed}), [1_000])["digest"] for seed in range(3)}
    assert len(digests) == 3


def test_a_snapshot_is_json_and_small() -> None:
    settings = {
        "alerts_per_s": 400,
        "partitions": 12,
        "clients": 60,
        **dict.fromkeys(("recorders", "evaluators", "aggregators", "senders", "rule_updaters"), 4),
    }
    shown = run_of(read_scenario({"version": 1, "settings": settings}), [6_200])
    assert len(json.dumps(shown)) < 60_000
