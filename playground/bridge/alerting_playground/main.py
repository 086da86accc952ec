"""What the page's worker calls: plain functions that take and return text, JSON on both sides.

One session at a time. Every function answers `{"error": {code, detail, problems}}` instead of raising for what it was
given; whatever else is raised is a bug, and says so in the same form.
"""

import json
from base64 import b64encode
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from traceback import format_exception
from typing import Any

from alerting_core.conformance.sections import digest, digests
from alerting_playground.asgi import Request
from alerting_playground.session import limits
from alerting_playground.session.inputs import FIXED, RANGES, Refused, read_request
from alerting_playground.session.scenario import Scenario, read_text
from alerting_playground.session.session import Session

_DETAIL_CHARS_MAX = 4_000


class _Current:
    """The session there is."""

    def __init__(self) -> None:
        self._session: Session | None = None
        self.generation = 0

    def begin(self, scenario: Scenario) -> Session:
        """Put a new session in the place of the old one."""
        session = Session(scenario)
        if self._session is not None:
            self._session.end()
        self._session = session
        self.generation += 1
        return session

    def session(self) -> Session:
        """Return the session. Raises Refused when none was started."""
        if self._session is None:
            raise Refused("not-started", "no session was started")
        return self._session


_current = _Current()


def start(text: str = "") -> str:
    """Start a scenario: JSON, a shared link's text, or nothing for the usual one."""

    def begin() -> dict[str, Any]:
        scenario = read_text(text)
        session = _current.begin(scenario)
        last_ms = scenario.script[-1].at_ms if scenario.script else 0
        return {
            "scenario": scenario.to_json(),
            "seed": scenario.seed,
            "at_ms": session.at_ms,
            "duration_ms": scenario.settings.duration_ms,
            "replays_until_ms": last_ms,
        }

    return _told(begin)


def advance(virtual_ms: str) -> str:
    """Let virtual milliseconds pass; a number as text."""

    def pass_time() -> dict[str, Any]:
        ms = _json(virtual_ms)
        if isinstance(ms, bool) or not isinstance(ms, int | float) or not 0 <= ms <= limits.VIRTUAL_MS_MAX:
            raise Refused("bad-action", "expected a number of virtual milliseconds")
        return _current.session().advance(round(ms))

    return _told(pass_time)


def step() -> str:
    """Let time pass up to the next thing that happens."""
    return _told(lambda: _current.session().advance_to_next())


def snapshot() -> str:
    """Return all that the page shows."""
    return _told(lambda: {**_current.session().snapshot(), "generation": _current.generation})


def request(text: str) -> str:
    """Ask the API; the answer comes at once, in virtual time too."""

    def ask() -> dict[str, Any]:
        answered = _current.session().answer(read_request(_json(text)))
        try:
            body, encoding = answered.body.decode(), "text"
        except UnicodeDecodeError:
            body, encoding = b64encode(answered.body).decode(), "base64"
        return {"status": answered.status, "headers": dict(answered.headers), "body": body, "encoding": encoding}

    return _told(ask)


def load_api() -> str:
    """Import the API and make its routes, which takes a browser a second or two; requests are answered at once then."""

    def load() -> dict[str, Any]:
        return {"status": _current.session().answer(Request("GET", "/api/v1/me")).status}

    return _told(load)


def act(text: str) -> str:
    """Do an action now."""
    return _told(lambda: _current.session().act(_json(text)))


def share() -> str:
    """Return the scenario with all that was done as text for a link."""

    def shared() -> dict[str, Any]:
        text = _current.session().scenario.shared()
        return {"text": text, "bytes": len(text)}

    return _told(shared)


def checked(text: str) -> str:
    """Say what is wrong with a scenario, or return it, without starting it."""
    return _told(lambda: read_text(text).to_json())


def defaults() -> str:
    """Return the usual scenario, and what settings may be."""
    return _told(
        lambda: {
            "scenario": Scenario().to_json(),
            "fixed": list(FIXED),
            "ranges": {name: list(ends) for name, ends in RANGES.items()},
            "limits": {
                "script_max": limits.SCRIPT_MAX,
                "shared_chars_max": limits.SHARED_CHARS_MAX,
                "unfinished_max": limits.UNFINISHED_MAX,
                "fault_ms_max": limits.FAULT_MS_MAX,
            },
            "core_version": core_version(),
        }
    )


def conformance() -> str:
    """Run the conformance corpus in this Python; return its digests."""

    def run() -> dict[str, Any]:
        sections = digests()
        shown = {name: {"cases": one["cases"], "digest": one["digest"]} for name, one in sections.items()}
        return {"digest": digest(sections), "sections": shown}

    return _told(run)


def core_version() -> str:
    """Return the version of the core; `unknown` where it was unpacked without its metadata."""
    try:
        return version("alerting-core")
    except PackageNotFoundError:
        return "unknown"


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Refused("bad-request", "expected JSON") from None


def _told(call: Callable[[], dict[str, Any]]) -> str:
    try:
        value = call()
    except Refused as refused:
        value = refused.to_json()
    except Exception as error:  # The page has no other way to learn of it.
        detail = "".join(format_exception(error))[-_DETAIL_CHARS_MAX:]
        value = Refused("bug", detail).to_json()
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
