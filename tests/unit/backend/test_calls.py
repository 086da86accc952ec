"""How commands call a platform: patient with one that is busy or away for a moment, and never in vain."""

import json
from collections.abc import Callable, Iterator

import httpx
import pytest
import typer

from alerting_backend.cli import calls
from alerting_backend.cli.calls import Platform
from alerting_backend.cli.output import ExitCode

Answers = Iterator[httpx.Response | Exception]


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let no time pass but on this clock; return how long was waited each time."""
    waited: list[float] = []
    monkeypatch.setattr(calls.time, "sleep", waited.append)
    monkeypatch.setattr(calls.time, "monotonic", lambda: sum(waited))
    return waited


def platform(answer: Callable[[httpx.Request], httpx.Response]) -> Platform:
    http = httpx.Client(base_url="http://platform.internal", transport=httpx.MockTransport(answer))
    return Platform(http, as_json=True)


def answering(*answers: httpx.Response | Exception, seen: list[bytes] | None = None) -> Platform:
    """Return a platform that answers so, one after the other, the last for ever."""
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request.content)
        given = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(given, Exception):
            raise given
        return given

    return platform(answer)


def ok() -> httpx.Response:
    return httpx.Response(202, json={"accepted": 1})


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_platform_is_asked_again_when_it_says(status: int, pauses: list[float]) -> None:
    busy = httpx.Response(status, headers={"Retry-After": "3"}, json={})
    assert answering(busy, busy, ok()).post("/", {})["accepted"] == 1
    assert pauses[0] >= 3


def test_an_answer_that_was_lost_is_asked_for_again_with_the_same_body() -> None:
    seen: list[bytes] = []
    called = answering(ok(), httpx.ReadError("gone"), ok(), seen=seen)
    called.post("/", {"first": 1})
    called.post("/", {"alert_id": "a"})
    assert seen[1] == seen[2] == b'{"alert_id":"a"}'


def test_a_platform_that_stays_away_is_given_up_after_a_minute(
    pauses: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    called = answering(ok(), httpx.ConnectError("refused"))
    called.post("/", {})
    with pytest.raises(typer.Exit) as ended:
        called.post("/", {})
    assert ended.value.exit_code == ExitCode.UNAVAILABLE
    assert 50 < sum(pauses) <= calls.PATIENCE_SECONDS_MAX
    assert json.loads(capsys.readouterr().err)["error"] == "unavailable"


def test_a_platform_that_never_answered_is_not_waited_for(pauses: list[float]) -> None:
    with pytest.raises(typer.Exit) as ended:
        answering(httpx.ConnectError("refused")).post("/", {})
    assert ended.value.exit_code == ExitCode.UNAVAILABLE
    assert pauses == []


@pytest.mark.parametrize(
    ("status", "exit_code"),
    [(400, ExitCode.USAGE), (401, ExitCode.REFUSED), (404, ExitCode.FAILED), (422, ExitCode.USAGE), (500, 1)],
)
def test_a_refusal_ends_the_command_at_once_with_the_reason(
    status: int, exit_code: int, capsys: pytest.CaptureFixture[str], pauses: list[float]
) -> None:
    problem = {"detail": "why", "code": "some-code", "problems": [{"path": "alerts[0].name", "detail": "is empty"}]}
    with pytest.raises(typer.Exit) as ended:
        answering(httpx.Response(status, json=problem)).post("/", {})
    assert ended.value.exit_code == exit_code
    told = json.loads(capsys.readouterr().err)
    assert told["error"] == "some-code"
    assert told["problems"] == ["alerts[0].name is empty"]
    assert pauses == []


def test_something_else_that_answers_there_is_no_platform(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        answering(httpx.Response(404, text="<html>nginx</html>")).get("/")
    assert json.loads(capsys.readouterr().err)["error"] == "no-platform"
