"""What is written to the log, and what never is."""

import json
import logging
from collections.abc import Callable, Iterator

import pytest
import structlog

from alerting_backend.runtime.reporting import configure_logs
from alerting_backend.settings import LogFormat

Written = Callable[[], str]


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[Written]:
    yield lambda: capsys.readouterr().out
    structlog.reset_defaults()
    logging.getLogger().handlers.clear()


def fail_with_a_secret() -> None:
    password = "the-secret"
    raise ValueError(len(password))


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_failure_is_told_with_its_place_and_without_the_values_of_variables(
    written: Written, form: LogFormat
) -> None:
    configure_logs("info", form)
    try:
        fail_with_a_secret()
    except ValueError:
        structlog.get_logger("test").exception("work_failed")
    text = written()
    assert "fail_with_a_secret" in text
    assert "ValueError" in text
    assert "the-secret" not in text


def test_programs_get_one_json_document_a_line_in_whatever_language(written: Written) -> None:
    configure_logs("info", "json")
    structlog.get_logger("test").warning("name_seen", name="Zürich\n東京")
    logging.getLogger("some.library").warning("of %s", "its own")
    first, second = [json.loads(line) for line in written().splitlines()]
    assert (first["event"], first["name"], first["level"]) == ("name_seen", "Zürich\n東京", "warning")
    assert (second["event"], second["level"]) == ("of its own", "warning")


def test_people_see_requests_only_when_they_were_refused(written: Written) -> None:
    configure_logs("info", "console")
    log = structlog.get_logger("test")
    log.info("request_answered", path="/fine", status=200)
    log.info("request_answered", path="/refused", status=404)
    assert "/fine" not in (text := written())
    assert "/refused" in text


def test_people_who_ask_for_details_see_all_requests(written: Written) -> None:
    configure_logs("debug", "console")
    structlog.get_logger("test").info("request_answered", path="/fine", status=200)
    assert "/fine" in written()


def test_what_is_below_the_level_is_not_written(written: Written) -> None:
    configure_logs("warning", "json")
    log = structlog.get_logger("test")
    log.info("quiet_thing")
    log.warning("loud_thing")
    assert [json.loads(line)["event"] for line in written().splitlines()] == ["loud_thing"]


def test_a_text_that_would_move_the_cursor_is_written_so_that_it_does_not(written: Written) -> None:
    configure_logs("info", "console")
    structlog.get_logger("test").info("name_seen", name="\x1b[2J")
    assert "\x1b" not in written()
