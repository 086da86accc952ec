"""Commands about alerts: `send` sends one, `generate` makes them up, `explain` says which rules one meets."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

from alerting_backend.cli import calls, output
from alerting_backend.settings import Settings
from alerting_core import limits
from alerting_core.domain.alert import SEVERITY_NAMES, Alert, Severity
from alerting_core.domain.rule import Catches, Rule
from alerting_core.generator.alerts import Pace, generate_alerts, pace_of
from alerting_core.generator.config import GeneratorConfig, choose_seed
from alerting_core.matching.explain import NOT_SHOWN, NOWHERE, Elsewhere, RuleExplanation, explain
from alerting_core.ports.stream import Outgoing, Sink, alert_record
from alerting_core.stages.loop import Failure, retry_until_stopped


def explain_stored(
    settings: Settings, alert_id: str, client_id: str | None, *, owner: str | None, as_json: bool
) -> None:
    """Explain an alert that the platform has taken in, to one client or to all that it meets."""
    path = f"/api/v1/alerts/{quote(alert_id, safe='')}"
    which: dict[str, str | int] = {} if owner is None else {"owner": owner}
    with calls.calling(settings.url, settings.key, as_json=as_json) as platform:
        if client_id is not None:
            answer = platform.get(f"{path}/explain", {**which, "client_id": client_id, "limit": limits.PAGE_ITEMS_MAX})
        else:
            stored = platform.get(path, which)
            severity, whose = Severity[stored["severity"]], stored["client_id"] or ""
            alert = Alert(alert_id, severity, stored["source"], stored["name"], 0, owner=whose)
            answer = _explained_to_all(platform, alert)
    _finish(answer, as_json=as_json)


def explain_draft(
    settings: Settings, client_id: str | None, severity: str, source: str, name: str, *, as_json: bool
) -> None:
    """Explain an alert that nobody has sent, to one client or to all that it meets."""
    if severity.upper() not in SEVERITY_NAMES:
        detail = f"--severity must be one of {', '.join(SEVERITY_NAMES)}"
        output.fail(detail, code="invalid-input", exit_code=output.ExitCode.USAGE, as_json=as_json)
    alert = Alert("draft", Severity[severity.upper()], source, name, 0, {})
    with calls.calling(settings.url, settings.key, as_json=as_json) as platform:
        if client_id is not None:
            answer = _explained_to_one(platform, alert, client_id)
        else:
            answer = _explained_to_all(platform, alert)
    _finish(answer, as_json=as_json)


def _explained_to_one(platform: calls.Platform, alert: Alert, client_id: str) -> dict[str, Any]:
    """Return what the API answers of a stored alert: the rules that match, then the nearest."""
    platform.get(f"/api/v1/clients/{quote(client_id, safe='')}")
    rules = {rule.rule_id: rule for rule in _rules(platform, client_id)}
    explained = explain(alert, rules.values(), _elsewhere(platform, alert, rules.values()))
    decided = sorted(explained, key=lambda one: (not one.matched, len(one.findings), one.rule_id))
    return {
        "alert": {"severity": alert.severity.name, "source": alert.source, "name": alert.name},
        "client_id": client_id,
        "examined": len(decided),
        "matched": sum(one.matched for one in decided),
        "rules": [_explained(rules[one.rule_id], one) for one in decided[: limits.PAGE_ITEMS_MAX]],
    }


def _explained_to_all(platform: calls.Platform, alert: Alert) -> dict[str, Any]:
    """Return the rules of all clients that match, by client; those that do not are too many to be of use."""
    examined, matched = 0, list[tuple[Rule, RuleExplanation]]()
    unmatched: list[Rule] = []
    for rule in _rules(platform, None):
        examined += 1
        if rule.catches is Catches.UNMATCHED:
            unmatched.append(rule)
            continue
        (one,) = explain(alert, [rule])
        if one.matched:
            matched.append((rule, one))
    met = [rule for rule, _ in matched]
    elsewhere = NOT_SHOWN if unmatched and not _is_operator(platform) else NOWHERE
    explained = [(rule, explain(alert, [*met, rule], elsewhere)[-1]) for rule in unmatched]
    matched += [(rule, one) for rule, one in explained if one.matched]
    return {
        "alert": {"severity": alert.severity.name, "source": alert.source, "name": alert.name},
        "client_id": None,
        "examined": examined,
        "matched": len(matched),
        "rules": [
            {"client_id": rule.client_id, **_explained(rule, one)}
            for rule, one in sorted(matched, key=lambda pair: (pair[0].client_id, pair[0].rule_id))
        ],
    }


def _elsewhere(platform: calls.Platform, alert: Alert, rules: Collection[Rule]) -> Elsewhere:
    """Return what the key may know of other clients' rules, where one of *rules* depends on them."""
    if all(rule.catches is not Catches.UNMATCHED for rule in rules):
        return NOWHERE
    if not _is_operator(platform):
        return NOT_SHOWN
    meeting = (rule for rule in _rules(platform, None) if not rule.is_catch_all and explain(alert, [rule])[0].matched)
    return Elsewhere(rule=next(meeting, None))


def _is_operator(platform: calls.Platform) -> bool:
    return bool(platform.get("/api/v1/me")["is_operator"])


def _rules(platform: calls.Platform, client_id: str | None) -> Iterator[Rule]:
    chosen = {} if client_id is None else {"client_id": client_id}
    for i in platform.pages("/api/v1/rules", {**chosen, "limit": limits.PAGE_ITEMS_MAX}):
        yield Rule(
            rule_id=i["rule_id"],
            client_id=i["client_id"],
            severity=i["severity"],
            source=i["source"],
            name=i["name"],
            enabled=i["enabled"],
            version=i["version"],
            created_at_ms=0,
            updated_at_ms=0,
            catches=Catches(i["catches"]),
        )


def _explained(rule: Rule, one: RuleExplanation) -> dict[str, Any]:
    fields = ("severity", "source", "name", "catches", "enabled")
    pattern = {field: getattr(rule, field) for field in fields}
    findings = [asdict(finding) for finding in one.findings]
    return {"rule_id": rule.rule_id, **pattern, "matched": one.matched, "findings": findings}


def _finish(answer: dict[str, Any], *, as_json: bool) -> None:
    """Write the answer; the exit code says whether anything matches, as that of grep does."""
    if as_json:
        output.write_json(answer)
    else:
        _write(answer)
    if not answer["matched"]:
        raise SystemExit(output.ExitCode.NO_MATCH)


def _write(answer: dict[str, Any]) -> None:
    alert, client_id = answer["alert"], answer["client_id"]
    whose = "all clients" if client_id is None else client_id
    pattern = f"{alert['severity']} / {alert['source']} / {alert['name']}"
    print(output.shown(f"{pattern} matches {answer['matched']} of the {answer['examined']} rules of {whose}"))
    if not answer["rules"]:
        return
    if client_id is None:
        columns = ["client", "rule", "severity", "source", "name"]
        rows: list[Sequence[str]] = [
            (rule["client_id"], rule["rule_id"], rule["severity"], rule["source"], _named(rule))
            for rule in answer["rules"]
        ]
        output.write_table(columns, rows)
        return
    output.write_table(["", "rule", "severity", "source", "name", "why"], [_row(rule) for rule in answer["rules"]])
    if (left := answer["examined"] - len(answer["rules"])) > 0:
        print(f"and {left} more, which are further away")


def _row(rule: dict[str, Any]) -> Sequence[str]:
    why = "\n".join(finding["detail"] for finding in rule["findings"])
    return ("✓" if rule["matched"] else "✗", rule["rule_id"], rule["severity"], rule["source"], _named(rule), why)


def _named(rule: dict[str, Any]) -> str:
    """Return the name that the rule asks for, with what it catches beyond that."""
    return str(rule["name"]) if rule["catches"] == Catches.PATTERN else f"{rule['name']} ({rule['catches']})"


OUTCOMES: Final[Mapping[str, str]] = {
    "event": "was taken in",
    "opened": "fires",
    "extended": "fires still; nobody is notified again",
    "unchanged": "fires still; nobody is notified again",
    "closed": "is resolved",
    "still-firing": "fires still: another sender says so",
    "corrected": "was over already; the time of its end is corrected",
    "not-open": "does not fire: there was nothing to resolve",
    "owner-gone": "was not taken in: the client that it was private to does not exist any more",
}
"""What became of an alert, in words, by the outcome that the API answers."""


def run_send(settings: Settings, alert: Mapping[str, Any], *, as_json: bool) -> None:
    """Send one alert and write what became of it; what is None in it is left out.

    It may be sent twice when an answer is lost. An event without an id of its own is given one here, so that it is the
    same event then; of an alert with a life it makes no difference.
    """
    body = {name: value for name, value in alert.items() if value is not None}
    if "dedup_key" not in body:
        body.setdefault("alert_id", str(uuid4()))
    with calls.calling(settings.url, settings.key, as_json=as_json) as platform:
        (result,) = platform.post("/api/v1/alerts", body)["results"]
    if as_json:
        output.write_json(result)
        return
    which = f"alert {result['alert_id']}" if result["alert_id"] else f"the alert {body['dedup_key']}"
    print(output.shown(f"{which} {OUTCOMES.get(result['outcome'], result['outcome'])}"))


def read_assignments(option: str, assignments: Sequence[str], *, as_json: bool) -> dict[str, str]:
    """Return the values of *option* by name, each written NAME=VALUE."""
    values: dict[str, str] = {}
    for assignment in assignments:
        name, sign, value = assignment.partition("=")
        if not sign or not name or name in values:
            detail = f"{option} {assignment}: write NAME=VALUE, each name once"
            output.fail(detail, code="invalid-input", exit_code=output.ExitCode.USAGE, as_json=as_json)
        values[name] = value
    return values


STEP_SECONDS: Final = 0.1
"""Between two requests of a slow job: ten times a second look even."""


KAFKA_BATCH_MAX: Final = 5_000
"""Alerts published together: some megabytes, and one request to each broker."""


@dataclass(slots=True)
class _Sent:
    accepted: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Target:
    """Where alerts go.

    Attributes:
        batch_max: How many at once.
        send: Sends a batch, again and again while that may help; returns how many were accepted.
    """

    batch_max: int
    send: Callable[[Sequence[Alert]], int]


def run_generate(
    config: GeneratorConfig, settings: Settings, *, client_id: str | None, mock: bool, to_kafka: bool, as_json: bool
) -> None:
    """Send what *config* asks for, or print it; private to *client_id* when that is given."""
    now_ms = time.time_ns() // 1_000_000
    with output.report_errors(as_json=as_json):
        if to_kafka:
            from alerting_backend.wiring.dependencies import Dependency, require

            require(settings, Dependency.KAFKA, needed_by="--kafka")
        config = choose_seed(config, now_ms=now_ms)
        pace = pace_of(config)
        made = generate_alerts(config, started_at_ms=now_ms)
        alerts = made if client_id is None else (replace(alert, owner=client_id) for alert in made)
    if mock:
        _print_all(alerts, as_json=as_json)
        return
    sent = _Sent()
    try:
        with (
            output.report_errors(as_json=as_json),
            _kafka(settings) if to_kafka else _api(settings, as_json=as_json) as target,
            output.progress("sending", total=pace.alerts_total, unit="alerts", shown=not as_json) as advance,
        ):
            _send(target, alerts, pace, sent, advance)
    finally:
        _sum_up(sent, config, total=pace.alerts_total, as_json=as_json)
    if sent.accepted < pace.alerts_total:
        raise SystemExit(output.ExitCode.FAILED)


@contextmanager
def _api(settings: Settings, *, as_json: bool) -> Iterator[_Target]:
    with calls.calling(settings.url, settings.key, as_json=as_json) as platform:

        def send(batch: Sequence[Alert]) -> int:
            body = {"alerts": [_as_json(alert) for alert in batch]}
            accepted: int = platform.post("/api/v1/alerts", body)["accepted"]
            return accepted

        yield _Target(limits.ALERTS_PER_REQUEST_MAX, send)


@contextmanager
def _kafka(settings: Settings) -> Iterator[_Target]:
    with asyncio.Runner() as runner:
        from alerting_backend.adapters.kafka.sink import KafkaSink
        from alerting_backend.wiring.kafka import kafka_address

        sink = KafkaSink(kafka_address(settings))

        def send(batch: Sequence[Alert]) -> int:
            runner.run(_publish(sink, [alert_record(alert) for alert in batch]))
            return len(batch)

        try:
            yield _Target(KAFKA_BATCH_MAX, send)
        finally:
            runner.run(sink.close())


async def _publish(sink: Sink, outputs: Sequence[Outgoing]) -> None:
    deadline = time.monotonic() + calls.PATIENCE_SECONDS_MAX

    def lose_patience(failure: Failure) -> None:
        if time.monotonic() > deadline:
            raise failure.error

    await retry_until_stopped(partial(sink.publish, outputs), stop=asyncio.Event(), on_failure=lose_patience)


def _send(target: _Target, alerts: Iterator[Alert], pace: Pace, sent: _Sent, advance: output.Advance) -> None:
    begun = time.monotonic()
    published = 0
    try:
        while published < pace.alerts_total:
            elapsed_ms = int((time.monotonic() - begun) * 1_000)
            due = min(pace.due_by(elapsed_ms) - published, target.batch_max)
            if due > 0:
                # The ids follow from the seed: a batch whose answer was lost is sent again, and tells nobody twice.
                sent.accepted += target.send(list(islice(alerts, due)))
                published += due
                advance(published)
            left_s = pace.due_at_ms(published) / 1_000 - (time.monotonic() - begun)
            if published < pace.alerts_total and left_s > 0:
                time.sleep(max(left_s, STEP_SECONDS))
    finally:
        sent.seconds = time.monotonic() - begun


def _as_json(alert: Alert) -> dict[str, Any]:
    return {
        "alert_id": alert.alert_id,
        "severity": alert.severity.name,
        "source": alert.source,
        "name": alert.name,
        "event_ts": alert.event_ts,
        "context": dict(alert.context),
        **({"annotations": dict(alert.annotations)} if alert.annotations else {}),
        **({"client_id": alert.owner} if alert.owner else {}),
    }


def _print_all(alerts: Iterator[Alert], *, as_json: bool) -> None:
    """Print without times: what is printed follows from the seed alone."""
    for alert in alerts:
        if as_json:
            fields = _as_json(alert)
            del fields["event_ts"]
            output.write_json(fields)
        else:
            context = " ".join(f"{name}={value}" for name, value in alert.context.items())
            print(f"{alert.severity.name:<9}{alert.source:<14}{alert.name:<14}{context}".rstrip())


def _sum_up(sent: _Sent, config: GeneratorConfig, *, total: int, as_json: bool) -> None:
    rate = sent.accepted / sent.seconds if sent.seconds > 0 else 0.0
    if as_json:
        summary = {
            "accepted": sent.accepted,
            "of": total,
            "seconds": round(sent.seconds, 3),
            "per_second": round(rate, 1),
        }
        output.write_json({**summary, "seed": config.seed})
        return
    print(f"{sent.accepted:,} of {total:,} alerts accepted in {sent.seconds:.1f} s ({rate:,.1f}/s), seed {config.seed}")
