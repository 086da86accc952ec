"""The commands beside a platform that runs."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from alerting_backend.adapters.postgres.connection import Address, Role, open_pool
from alerting_backend.adapters.postgres.stream.stream import PgLog, PgSink
from alerting_backend.embedded_postgres.processes import running_postmaster
from alerting_backend.embedded_postgres.server import DATABASE
from alerting_core.codec.records import encode_alert
from alerting_core.domain.alert import Alert, Severity
from alerting_core.ports.stream import ALERTS_NEW, Outgoing
from tests.support.platform_process import PlatformProcess, platform

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def running() -> Iterator[PlatformProcess]:
    with platform() as process:
        process.start()
        yield process


def told(running: PlatformProcess, *arguments: str, exit_code: int = 0) -> Mapping[str, Any]:
    """Run a command with --json and return what it wrote."""
    done = running.run(*arguments, "--json")
    assert done.returncode == exit_code, done.stderr + done.stdout
    answer: Mapping[str, Any] = json.loads((done.stdout if exit_code == 0 else done.stderr).splitlines()[-1])
    return answer


def publish(running: PlatformProcess, *values: bytes) -> None:
    """Put records on alerts.new as a careless producer would."""

    async def work() -> None:
        server = running_postmaster((running.data_dir / "postgres").resolve())
        assert server is not None
        address = Address.of_socket(server.socket_folder, port=server.port, database=DATABASE)
        async with open_pool(address, Role.WORKER, size_max=1) as pool:
            await PgSink(PgLog(pool)).publish([Outgoing(ALERTS_NEW, b"key", value) for value in values])

    asyncio.run(work())


def dead_letters(running: PlatformProcess, *options: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = told(running, "dlq", "list", *options)["items"]
    return items


def test_generate_sends_its_alerts_and_sums_up(running: PlatformProcess) -> None:
    summary = told(running, "generate", "--burst", "1500", "--seed", "3")
    assert (summary["accepted"], summary["of"], summary["seed"]) == (1500, 1500, 3)
    people = running.run("generate", "--rps", "20", "--duration", "1s")
    assert people.returncode == 0
    assert people.stdout.startswith("20 of 20 alerts accepted in ")


def test_generate_with_a_key_that_opens_nothing_fails_and_says_so(running: PlatformProcess) -> None:
    refused = running.run("generate", "--single-test", "--key", "alk_wrong")
    assert refused.returncode == 4
    assert "ALERTING_KEY" in refused.stderr
    assert refused.stdout.startswith("0 of 1 alerts accepted")
    assert "sending" not in refused.stderr, "no bar stands there as if the work went on"


def test_an_alert_is_fired_and_resolved_from_the_command_line(running: PlatformProcess) -> None:
    alert = ("send", "--severity", "low", "--source", "db", "--name", "disk", "--dedup-key", "from the shell")
    fired = told(running, *alert, "--context", "host=db-1", "--ends-at", "2100-01-01T00:00:00Z")
    assert fired["outcome"] == "opened"
    assert told(running, *alert) == {"alert_id": fired["alert_id"], "outcome": "unchanged"}
    people = running.run(*alert, "--resolve")
    assert (people.returncode, people.stdout) == (0, f"alert {fired['alert_id']} is resolved\n")
    assert told(running, *alert, "--resolve", "--client", "nobody", exit_code=2)["error"] == "invalid-input"
    with running.http() as http:
        running.wait_until(
            lambda: (
                [one["alert_id"] for one in http.get("/api/v1/alerts?status=resolved").json()["items"]]
                == [fired["alert_id"]]
            ),
            what="to record the end",
        )
        assert http.get(f"/api/v1/alerts/{fired['alert_id']}").json()["context"] == {"host": "db-1"}


def test_an_event_is_sent_from_the_command_line(running: PlatformProcess) -> None:
    event = ("send", "--source", "api", "--name", "timeout")
    assert told(running, *event, "--alert-id", "mine") == {"alert_id": "mine", "outcome": "event"}
    assert told(running, *event)["alert_id"]
    refused = running.run(*event, "--resolve")
    assert refused.returncode == 2
    assert "dedup_key" in refused.stderr


def test_migrate_finds_a_running_platform_up_to_date(running: PlatformProcess) -> None:
    assert told(running, "migrate") == {"applied": []}
    status = running.run("migrate", "--status")
    assert status.returncode == 0
    assert "initial" in status.stdout
    assert "pending" not in status.stdout


def test_test_data_is_loaded_into_a_running_platform_and_matched_at_once(running: PlatformProcess) -> None:
    loaded = told(running, "testdata", "balanced", "--clients", "4", "--endpoint", "http://127.0.0.1:9/{client_id}")
    assert (loaded["clients"], loaded["rules"], loaded["endpoints"]) == (4, 16, 16)
    again = told(running, "testdata", "balanced", "--clients", "4", "--endpoint", "http://127.0.0.1:9/{client_id}")
    assert (again["clients"], again["rules"], again["endpoints"]) == (0, 0, 0), "what is there is not loaded twice"
    with running.http() as http:
        rule = http.get("/api/v1/rules", params={"client_id": "balanced-0001"}).json()["items"][0]
        fields = {name: rule[name] for name in ("severity", "source", "name")}
        http.post("/api/v1/alerts", json={"alert_id": "for-test-data", **fields})
        running.wait_until(
            lambda: bool(http.get("/api/v1/notifications", params={"alert_id": "for-test-data"}).json()["items"]),
            what="to match the test data",
        )


def test_test_data_is_refused_beside_other_data_unless_it_is_forced(running: PlatformProcess) -> None:
    with running.http() as http:
        http.post("/api/v1/clients", json={"client_id": "somebody", "name": "Somebody"})
    command = ("testdata", "varied", "--clients", "2", "--endpoint", "http://127.0.0.1:9/")
    refused = told(running, *command, exit_code=4)
    assert "--force" in refused["detail"]
    assert told(running, *command, "--force")["clients"] == 2


def test_explain_says_of_each_rule_why_it_matches_or_not(running: PlatformProcess) -> None:
    with running.http() as http:
        http.post("/api/v1/clients", json={"client_id": "explained", "name": "Explained"})
        for severity, source in (("CRITICAL", "api"), ("*", "db"), ("LOW", "db")):
            rule = {"client_id": "explained", "severity": severity, "source": source, "name": "*"}
            assert http.post("/api/v1/rules", json=rule).status_code == 201
        http.post("/api/v1/alerts", json={"alert_id": "why", "severity": "HIGH", "source": "db", "name": "slow"})
        running.wait_until(lambda: http.get("/api/v1/alerts/why").status_code == 200, what="to record the alert")
    stored = told(running, "explain", "why", "--client", "explained")
    described = ("--severity", "HIGH", "--source", "db", "--name", "slow")
    draft = told(running, "explain", "--client", "explained", *described)
    assert stored["matched"] == draft["matched"] == 1
    assert stored["rules"] == draft["rules"], "both ways say the same, in the same order"
    people = running.run("explain", "why", "--client", "explained").stdout
    assert "matches 1 of the 3 rules" in people
    assert "the rule asks for LOW, the alert has HIGH" in people


def test_explain_without_a_client_names_every_client_whose_rules_match(running: PlatformProcess) -> None:
    with running.http() as http:
        for client_id, source in (("everyone-a", "lone-source"), ("everyone-b", "*"), ("everyone-c", "other-source")):
            http.post("/api/v1/clients", json={"client_id": client_id, "name": client_id})
            rule = {"client_id": client_id, "severity": "*", "source": source, "name": "lone-name"}
            assert http.post("/api/v1/rules", json=rule).status_code == 201
        alert = {"alert_id": "to-all", "severity": "HIGH", "source": "lone-source", "name": "lone-name"}
        http.post("/api/v1/alerts", json=alert)
        running.wait_until(lambda: http.get("/api/v1/alerts/to-all").status_code == 200, what="to record the alert")
    stored = told(running, "explain", "to-all")
    draft = told(running, "explain", "--severity", "high", "--source", "lone-source", "--name", "lone-name")
    assert stored == draft
    assert [rule["client_id"] for rule in stored["rules"]] == ["everyone-a", "everyone-b"]
    people = running.run("explain", "to-all").stdout
    assert "matches 2 of the " in people
    assert "everyone-b" in people


def test_explain_says_what_met_an_alert_that_a_rule_for_the_unmatched_did_not_get(running: PlatformProcess) -> None:
    with running.http() as http:
        for client_id in ("operators", "catcher"):
            http.post("/api/v1/clients", json={"client_id": client_id, "name": client_id})
        rule = {"client_id": "catcher", "severity": "*", "source": "caught-source", "name": "*"}
        theirs = http.post("/api/v1/rules", json=rule).json()
        rest = {"client_id": "operators", "severity": "*", "source": "*", "name": "*", "catches": "unmatched"}
        made = http.post("/api/v1/rules", json=rest)
        assert made.status_code == 201
    try:
        met = ("--severity", "HIGH", "--source", "caught-source", "--name", "n")
        done = running.run("explain", "--client", "operators", *met)
        assert done.returncode == 5
        assert f"the rule {theirs['rule_id']} of catcher meets" in done.stdout
        assert [rule["client_id"] for rule in told(running, "explain", *met)["rules"]] == ["catcher"]
        unmet = ("--severity", "HIGH", "--source", "no-such-source", "--name", "no-such-name")
        assert [rule["catches"] for rule in told(running, "explain", *unmet)["rules"]] == ["unmatched"]
        assert "* (unmatched)" in running.run("explain", *unmet).stdout
    finally:
        with running.http() as http:
            http.delete(f"/api/v1/rules/{made.json()['rule_id']}")


def test_explain_of_a_private_alert_names_no_client_but_its_own(running: PlatformProcess) -> None:
    with running.http() as http:
        for client_id in ("private-a", "private-b"):
            http.post("/api/v1/clients", json={"client_id": client_id, "name": client_id})
            rule = {"client_id": client_id, "severity": "*", "source": "secret-source", "name": "*"}
            assert http.post("/api/v1/rules", json=rule).status_code == 201
        alert = {
            "alert_id": "own",
            "severity": "HIGH",
            "source": "secret-source",
            "name": "n",
            "client_id": "private-a",
        }
        assert http.post("/api/v1/alerts", json=alert).status_code == 202
        running.wait_until(lambda: http.get("/api/v1/alerts/own").status_code == 200, what="to record the alert")
        listed = "/api/v1/notifications?alert_id=own"
        running.wait_until(lambda: http.get(listed).json()["items"], what="to notify its client")
        assert [one["client_id"] for one in http.get(listed).json()["items"]] == ["private-a"]
    for options in ((), ("--owner", "private-a")):
        assert [rule["client_id"] for rule in told(running, "explain", "own", *options)["rules"]] == ["private-a"]
    assert running.run("explain", "own", "--client", "private-b").returncode == 5
    assert running.run("explain", "own", "--owner", "private-b").returncode == 1


def test_explain_ends_with_a_code_of_its_own_when_nothing_matches(running: PlatformProcess) -> None:
    with running.http() as http:
        http.post("/api/v1/clients", json={"client_id": "unmoved", "name": "Unmoved"})
    nothing = ("--severity", "LOW", "--source", "no-such-source", "--name", "no-such-name")
    assert running.run("explain", "--client", "unmoved", *nothing).returncode == 5
    done = running.run("explain", *nothing, "--json")
    assert (done.returncode, json.loads(done.stdout)["matched"]) == (5, 0)


def test_a_name_that_turns_the_direction_of_text_around_is_shown_escaped(running: PlatformProcess) -> None:
    turned = "pay\u202egpj.exe"
    with running.http() as http:
        http.post("/api/v1/clients", json={"client_id": "turned", "name": "Turned"})
        rule = {"client_id": "turned", "severity": "LOW", "source": turned, "name": "*"}
        assert http.post("/api/v1/rules", json=rule).status_code == 201
    described = ("--client", "turned", "--severity", "LOW", "--source", turned, "--name", "any")
    people = running.run("explain", *described)
    assert people.returncode == 0
    assert "\u202e" not in people.stdout
    assert people.stdout.count("pay\\u202egpj.exe") == 2, "of the alert and of the rule"
    programs = running.run("explain", *described, "--json").stdout
    assert "\u202e" not in programs
    assert json.loads(programs)["rules"][0]["source"] == turned


def test_explain_of_an_alert_or_a_client_that_is_not_there_fails(running: PlatformProcess) -> None:
    assert running.run("explain", "no-such-alert", "--client", "nobody").returncode == 1
    described = ("--severity", "HIGH", "--source", "db", "--name", "slow")
    assert running.run("explain", "--client", "no/body", *described).returncode == 1


def test_dead_letters_are_listed_shown_and_replayed(running: PlatformProcess) -> None:
    good = encode_alert(Alert("was-refused", Severity.LOW, "api", "slow", 1_700_000_000, {}))
    publish(running, b"\xff\xfe nonsense \x1b[2J", b"", good)
    running.wait_until(lambda: len(dead_letters(running)) == 2, what="to refuse what cannot be read")
    nonsense = next(item for item in dead_letters(running) if item["bytes"])
    assert nonsense["source"]["topic"] == ALERTS_NEW
    assert [item["id"] for item in dead_letters(running, "--reason", "empty")] != [nonsense["id"]]
    assert dead_letters(running, "--topic", "alerts.matched") == []

    shown = running.run("dlq", "show", nonsense["id"])
    assert shown.returncode == 0
    assert "nonsense" in shown.stdout
    assert "\x1b" not in shown.stdout, "what somebody sent is no command for the terminal"

    assert told(running, "dlq", "replay", "--all", "--dry-run")["chosen"] == 2
    assert told(running, "dlq", "replay", nonsense["id"])["replayed"] == 1
    # It is still nonsense, and comes back under another number.
    running.wait_until(
        lambda: (
            sorted(item["bytes"] for item in dead_letters(running)) == [0, nonsense["bytes"]]
            and nonsense["id"] not in {item["id"] for item in dead_letters(running)}
        ),
        what="to refuse it again",
    )
    gone = told(running, "dlq", "replay", nonsense["id"], exit_code=1)
    assert gone["error"] == "not-found"


def test_a_dead_letter_that_is_sound_after_all_is_used_when_it_is_replayed(running: PlatformProcess) -> None:
    sound = encode_alert(Alert("sound-after-all", Severity.LOW, "api", "slow", 1_700_000_000, {}))

    async def discard() -> None:
        server = running_postmaster((running.data_dir / "postgres").resolve())
        assert server is not None
        address = Address.of_socket(server.socket_folder, port=server.port, database=DATABASE)
        async with open_pool(address, Role.WORKER, size_max=1) as pool:
            marks = (("dlq-topic", ALERTS_NEW.encode()), ("dlq-reason", b"refused by an older version"))
            await PgSink(PgLog(pool)).publish([Outgoing(f"{ALERTS_NEW}.dlq", b"key", sound, marks)])

    asyncio.run(discard())
    assert told(running, "dlq", "replay", "--reason", "older version")["replayed"] == 1
    assert dead_letters(running, "--reason", "older version") == []
    with running.http() as http:
        running.wait_until(
            lambda: http.get("/api/v1/alerts/sound-after-all").status_code == 200, what="to use the alert"
        )


def test_commands_that_need_the_database_work_on_a_platform_that_is_stopped() -> None:
    with platform() as process:
        assert process.run("migrate").returncode == 0
        loaded = process.run("testdata", "balanced", "--clients", "3", "--endpoint", "http://127.0.0.1:9/")
        assert loaded.returncode == 0, loaded.stderr
        assert process.database_processes() == [], "what a command started it also stops"
        process.start()
        with process.http() as http:
            assert len(http.get("/api/v1/clients").json()["items"]) == 3
