"""What a visitor sends to a simulated platform: an alert that fires, and is resolved or times out."""

import json
from typing import Any, Final

import pytest

from alerting_core import limits
from alerting_playground.session.inputs import read_request
from alerting_playground.session.scenario import read_text
from alerting_playground.session.session import Session
from tests.playground.live import broken, live, session_of
from tests.playground.scripts import post

FIRING: Final = {"severity": "HIGH", "source": "visitor", "name": "disk", "dedup_key": "disk"}
PATIENCE_MS: Final = 60_000
"""Within which everything reaches the recorder, whatever pauses it makes."""


def send(session: Session, **changes: str) -> tuple[str, str]:
    """Send the alert; return its id and what became of it."""
    answered = session.answer(read_request(post("/api/v1/alerts", FIRING | changes)))
    assert answered.status == 202, answered.body
    (result,) = json.loads(answered.body)["results"]
    return result["alert_id"], result["outcome"]


def shown(session: Session) -> list[dict[str, Any]]:
    """Return the alerts of the visitor that are kept."""
    answered = session.answer(read_request({"method": "GET", "path": "/api/v1/alerts?source=visitor"}))
    items: list[dict[str, Any]] = json.loads(answered.body)["items"]
    return items


def wait_for(session: Session, status: str, *, within_ms: int = PATIENCE_MS) -> None:
    """Let time pass until the visitor's one alert has that status."""
    until_ms = session.at_ms + within_ms
    while [one["status"] for one in shown(session)] != [status]:
        assert session.at_ms < until_ms, shown(session)
        session.advance(1_000)


@pytest.mark.parametrize("seed", range(3))
def test_an_alert_of_a_visitor_fires_until_it_is_resolved(seed: int) -> None:
    with live(seed, alerts_per_s=5) as session:
        session.advance(5_000)
        alert_id, outcome = send(session)
        assert outcome == "opened"
        wait_for(session, "firing")
        assert send(session) == (alert_id, "extended")
        assert send(session, status="resolved") == (alert_id, "closed")
        wait_for(session, "resolved")
        assert shown(session)[0]["alert_id"] == alert_id
        assert broken(session) == {}


def test_an_alert_of_a_visitor_that_is_not_sent_again_is_over_by_itself() -> None:
    with live(1, alerts_per_s=0) as session:
        alert_id, _ = send(session)
        wait_for(session, "firing")
        wait_for(session, "resolved", within_ms=limits.EPISODE_LIFE_MS + PATIENCE_MS)
        assert shown(session)[0]["alert_id"] == alert_id
        assert broken(session) == {}


def test_a_shared_link_sends_the_same_alerts_again() -> None:
    with live(2, alerts_per_s=1) as session:
        first = send(session)
        wait_for(session, "firing")
        send(session, status="resolved")
        session.advance(PATIENCE_MS)
        link, at_ms, seen = session.scenario.shared(), session.at_ms, shown(session)
    with session_of(read_text(link)) as again:
        again.advance(at_ms)
        assert shown(again) == seen
        assert (seen[0]["alert_id"], seen[0]["status"]) == (first[0], "resolved")
