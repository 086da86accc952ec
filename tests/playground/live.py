"""Sessions for tests: started from settings, driven, and read by the names of their checks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alerting_playground.session.scenario import Scenario, read_scenario
from alerting_playground.session.session import Session

SETTLE_MS = 5 * 60_000


@contextmanager
def session_of(scenario: Scenario) -> Iterator[Session]:
    """Yield a session, and let go of it."""
    session = Session(scenario)
    try:
        yield session
    finally:
        session.end()


@contextmanager
def live(seed: int = 1, **settings: Any) -> Iterator[Session]:
    """Yield a session with *settings*."""
    with session_of(read_scenario({"version": 1, "seed": seed, "settings": settings})) as session:
        yield session


def checks(session: Session) -> dict[str, dict[str, Any]]:
    """Return the checks by name."""
    return {check["check"]: check for check in session.snapshot()["checks"]}


def broken(session: Session) -> dict[str, int]:
    """Return the broken ones, each with its count."""
    return {name: check["count"] for name, check in checks(session).items() if check["status"] == "broken"}


def settle(session: Session) -> None:
    """End the traffic, and let everything come to its end."""
    session.act({"do": "set", "settings": {"alerts_per_s": 0, "poison_per_minute": 0}})
    until_ms = session.at_ms + SETTLE_MS
    while checks(session)["unfinished"]["count"] and session.at_ms < until_ms:
        session.advance(1_000)
    assert checks(session)["unfinished"]["count"] == 0, session.snapshot()["stages"]
