"""The command line by itself: what needs no platform, and what is refused before one is called."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from alerting_backend.cli.alerts import OUTCOMES
from alerting_backend.cli.app import app
from alerting_backend.cli.output import ExitCode, fail, shown
from alerting_core.domain.episode_report import ReportOutcome
from alerting_core.generator.alerts import generate_alerts
from alerting_core.generator.config import GeneratorConfig

NOBODY = "http://127.0.0.1:1"
"""Where no platform answers: nothing may listen on port 1 without a privilege."""


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(app, arguments, env={"ALERTING_URL": NOBODY, **environment})


@pytest.mark.parametrize(
    "command",
    [
        "up",
        "settings",
        "migrate",
        "send",
        "generate",
        "testdata",
        "explain",
        "bench",
        "openapi",
        "dlq list",
        "dlq show",
        "dlq replay",
    ],
)
def test_every_command_has_help_and_writes_json_on_request(command: str) -> None:
    shown = run(*command.split(), "--help")
    assert shown.exit_code == 0
    assert "--json" in shown.output


@pytest.mark.parametrize("option", ["--context", "--annotation"])
@pytest.mark.parametrize("assignments", [["region"], ["=eu"], ["region=eu", "region=us"]])
def test_labels_and_annotations_to_send_are_written_with_their_names_each_once(
    option: str, assignments: list[str]
) -> None:
    options = [part for one in assignments for part in (option, one)]
    refused = run("send", "--source", "api", "--name", "timeout", *options)
    assert refused.exit_code == ExitCode.USAGE
    assert "NAME=VALUE" in refused.output
    assert option in refused.output


def test_every_outcome_of_an_alert_that_is_sent_has_its_words() -> None:
    assert set(OUTCOMES) == {"event", *ReportOutcome}


def test_the_mock_prints_the_same_alerts_for_the_same_seed() -> None:
    first, second = (run("generate", "--mock", "--burst", "50", "--seed", "7", "--json") for _ in range(2))
    assert first.exit_code == 0
    assert first.stdout == second.stdout
    assert run("generate", "--mock", "--burst", "50", "--seed", "8", "--json").stdout != first.stdout


def test_the_mock_prints_the_alerts_that_would_be_sent() -> None:
    printed = [
        json.loads(line)
        for line in run("generate", "--mock", "--burst", "20", "--seed", "7", "--json").stdout.splitlines()
    ]
    made = list(generate_alerts(GeneratorConfig(burst=20, seed=7), started_at_ms=0))
    assert [(one["alert_id"], one["severity"], one["source"], one["name"], one["context"]) for one in printed] == [
        (one.alert_id, one.severity.name, one.source, one.name, dict(one.context)) for one in made
    ]


def test_alerts_for_a_client_are_private_to_it_and_others_name_none() -> None:
    for options, owners in ((("--client", "acme"), {"acme"}), ((), {None})):
        lines = run("generate", "--mock", "--burst", "5", "--json", *options).stdout.splitlines()
        assert {json.loads(line).get("client_id") for line in lines} == owners


def test_the_mock_prints_a_line_an_alert_for_people() -> None:
    lines = run("generate", "--mock", "--rps", "5", "--duration", "2s", "--seed", "7").stdout.splitlines()
    assert len(lines) == 10
    assert all(line.split()[0] in {"LOW", "MEDIUM", "HIGH", "CRITICAL"} for line in lines)


def test_a_single_test_alert_is_the_agreed_one() -> None:
    assert run("generate", "--mock", "--single-test").stdout.split() == ["LOW", "test-source", "test-name"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("generate", "--severity-dist", "HIGH:50,LOW:49"),
        ("generate", "--rps", "0"),
        ("generate", "--duration", "forever"),
        ("generate", "--no-such-option"),
        ("testdata", "varied", "--type", "pager"),
        ("testdata", "varied", "--endpoint", "not a url"),
        ("testdata", "enormous"),
        ("explain",),
        ("explain", "--client", "acme"),
        ("explain", "--severity", "HIGH", "--source", "api"),
        ("explain", "--client", "acme", "--severity", "LOUD", "--source", "a", "--name", "b"),
        ("explain", "some-alert", "--client", "acme", "--severity", "LOW"),
        ("dlq", "replay"),
        ("dlq", "show", "alerts.new.dlq"),
        ("bench", "no-such-bench"),
    ],
    ids=" ".join,
)
def test_wrong_use_is_exit_code_two_and_says_why_on_standard_error(arguments: tuple[str, ...], tmp_path: Path) -> None:
    ended = run(*arguments, ALERTING_DATA_DIR=str(tmp_path / "none"))
    assert ended.exit_code == 2, ended.output
    assert ended.stderr
    assert not (tmp_path / "none").exists(), "nothing was started for it"


def test_errors_are_json_when_json_was_asked_for() -> None:
    problem = json.loads(run("generate", "--rps", "0", "--json").stderr)
    assert problem["error"] == "invalid-input"
    assert len(problem["problems"]) == 1


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("payment-failed, größer 支払い ✓", "payment-failed, größer 支払い ✓"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
        ("a\u200bb\xa0c", "a\\u200bb\\xa0c"),
        ("\ud800\U000e0041", "\\ud800\\U000e0041"),
        ("one\ntwo\rthree", "one\ntwo\\rthree"),
    ],
)
def test_foreign_text_is_no_command_and_reads_in_its_own_order(text: str, written: str) -> None:
    assert shown(text) == written


def test_a_refusal_of_a_platform_is_foreign_text_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        fail("no client \u202egpj", code="not-found", exit_code=ExitCode.FAILED)
    assert capsys.readouterr().err == "error: no client \\u202egpj\n"
    with pytest.raises(typer.Exit):
        fail("no client \u202e\U000e0041", code="not-found", exit_code=ExitCode.FAILED, as_json=True)
    written = capsys.readouterr().err
    assert written.isascii()
    assert json.loads(written)["detail"] == "no client \u202e\U000e0041"


def test_an_unknown_setting_stops_every_command_that_reads_settings() -> None:
    for command in ("up", "settings", "migrate", "generate", "testdata varied", "dlq list"):
        ended = run(*command.split(), ALERTING_HTPP_PORT="1")
        assert ended.exit_code == 2, command
        assert "did you mean ALERTING_HTTP_PORT?" in ended.stderr


def test_a_platform_that_is_not_there_is_exit_code_three_at_once() -> None:
    ended = run("generate", "--single-test")
    assert ended.exit_code == 3
    assert "no platform answers" in ended.stderr
    assert "alerting up" in ended.stderr


def test_dead_letters_of_a_database_that_is_not_there_are_exit_code_three(tmp_path: Path) -> None:
    ended = run("dlq", "list", ALERTING_DATA_DIR=str(tmp_path / "none"))
    assert ended.exit_code == 3
    assert not (tmp_path / "none").exists()


def test_the_status_of_a_database_that_is_not_there_is_all_pending_and_makes_none(tmp_path: Path) -> None:
    ended = run("migrate", "--status", "--json", ALERTING_DATA_DIR=str(tmp_path / "none"))
    steps = json.loads(ended.stdout)
    assert steps[0] == {"version": 1, "name": "initial", "applied_at": None}
    assert not (tmp_path / "none").exists()


def test_up_refuses_what_it_would_not_use(tmp_path: Path) -> None:
    ended = run("up", ALERTING_KAFKA_BROKERS="broker:9092", ALERTING_DATA_DIR=str(tmp_path / "none"))
    assert ended.exit_code == 2
    assert "ALERTING_KAFKA_BROKERS" in ended.stderr


def test_the_settings_are_listed_with_secrets_masked() -> None:
    ended = run("settings", ALERTING_ADMIN_KEY="alk_the-secret-of-this-test")
    assert "ALERTING_ADMIN_KEY" in ended.stdout
    assert "the-secret" not in ended.stdout
    listed: list[Mapping[str, object]] = json.loads(run("settings", "--json").stdout)
    assert {"name", "value", "is_default", "says"} == set(listed[0])


def test_the_api_document_is_written_to_a_file_or_to_the_screen(tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    assert run("openapi", str(file)).exit_code == 0
    document = json.loads(file.read_text(encoding="utf-8"))
    assert "/api/v1/alerts" in document["paths"]
    assert json.loads(run("openapi", "-").stdout) == document
    assert run("openapi", str(tmp_path / "no" / "folder")).exit_code == 1


def test_the_version_is_shown_without_importing_what_runs_the_platform() -> None:
    asked = "import sys; from alerting_backend.cli.app import app; print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    for heavy in ("fastapi", "asyncpg", "httpx", "uvicorn", "structlog"):
        assert f"'{heavy}'" not in loaded
    assert run("--version").stdout.startswith("alerting ")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["t.dlq/0/1", "--set", "alert_id"], "write it as NAME=VALUE"),
        (["t.dlq/0/1", "--set", "alert_id=a", "--value-file", "pyproject.toml"], "not by both"),
        (["t.dlq/0/1", "--value-file", "no such file"], "no such file"),
        (["t.dlq/0/1", "t.dlq/0/2", "--set", "alert_id=a"], "name the one dead letter"),
        (["--all", "--set", "alert_id=a"], "name the one dead letter"),
        (["--set", "alert_id=a"], "name dead letters"),
    ],
)
def test_a_dead_letter_is_mended_in_one_way_and_alone(arguments: list[str], says: str) -> None:
    done = run("dlq", "replay", *arguments, "--json")
    assert done.exit_code == 2
    assert says in json.loads(done.stderr)["detail"]
