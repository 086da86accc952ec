"""`alerting explain`: why an alert met the rules of a client, or did not; or which rules of all clients it meets."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from alerting_backend.cli.calls import Platform, calling
from alerting_backend.cli.output import ExitCode, fail, shown, write_json, write_table
from alerting_backend.settings import Settings
from alerting_core import limits
from alerting_core.domain.alert import SEVERITY_NAMES, Alert, Severity
from alerting_core.domain.rule import Rule
from alerting_core.matching.explain import RuleExplanation, explain


def explain_stored(settings: Settings, alert_id: str, client_id: str | None, *, as_json: bool) -> None:
    """Explain an alert that the platform has taken in, to one client or to all that it meets."""
    path = f"/api/v1/alerts/{quote(alert_id, safe='')}"
    with calling(settings.url, settings.key, as_json=as_json) as platform:
        if client_id is not None:
            answer = platform.get(f"{path}/explain", {"client_id": client_id, "limit": limits.PAGE_ITEMS_MAX})
        else:
            stored = platform.get(path)
            alert = Alert(alert_id, Severity[stored["severity"]], stored["source"], stored["name"], 0, {})
            answer = _explained_to_all(platform, alert)
    _finish(answer, as_json=as_json)


def explain_draft(
    settings: Settings, client_id: str | None, severity: str, source: str, name: str, *, as_json: bool
) -> None:
    """Explain an alert that nobody has sent, to one client or to all that it meets."""
    if severity.upper() not in SEVERITY_NAMES:
        detail = f"--severity must be one of {', '.join(SEVERITY_NAMES)}"
        fail(detail, code="invalid-input", exit_code=ExitCode.USAGE, as_json=as_json)
    alert = Alert("draft", Severity[severity.upper()], source, name, 0, {})
    with calling(settings.url, settings.key, as_json=as_json) as platform:
        if client_id is not None:
            answer = _explained_to_one(platform, alert, client_id)
        else:
            answer = _explained_to_all(platform, alert)
    _finish(answer, as_json=as_json)


def _explained_to_one(platform: Platform, alert: Alert, client_id: str) -> dict[str, Any]:
    """Return what the API answers of a stored alert: the rules that match, then the nearest."""
    platform.get(f"/api/v1/clients/{quote(client_id, safe='')}")
    rules = {rule.rule_id: rule for rule in _rules(platform, client_id)}
    decided = sorted(explain(alert, rules.values()), key=lambda one: (not one.matched, len(one.findings), one.rule_id))
    return {
        "alert": {"severity": alert.severity.name, "source": alert.source, "name": alert.name},
        "client_id": client_id,
        "examined": len(decided),
        "matched": sum(one.matched for one in decided),
        "rules": [_explained(rules[one.rule_id], one) for one in decided[: limits.PAGE_ITEMS_MAX]],
    }


def _explained_to_all(platform: Platform, alert: Alert) -> dict[str, Any]:
    """Return the rules of all clients that match, by client; those that do not are too many to be of use."""
    examined, matched = 0, list[dict[str, Any]]()
    for rule in _rules(platform, None):
        examined += 1
        (one,) = explain(alert, [rule])
        if one.matched:
            matched.append({"client_id": rule.client_id, **_explained(rule, one)})
    return {
        "alert": {"severity": alert.severity.name, "source": alert.source, "name": alert.name},
        "client_id": None,
        "examined": examined,
        "matched": len(matched),
        "rules": sorted(matched, key=lambda rule: (rule["client_id"], rule["rule_id"])),
    }


def _rules(platform: Platform, client_id: str | None) -> Iterator[Rule]:
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
        )


def _explained(rule: Rule, one: RuleExplanation) -> dict[str, Any]:
    pattern = {"severity": rule.severity, "source": rule.source, "name": rule.name, "enabled": rule.enabled}
    findings = [asdict(finding) for finding in one.findings]
    return {"rule_id": rule.rule_id, **pattern, "matched": one.matched, "findings": findings}


def _finish(answer: dict[str, Any], *, as_json: bool) -> None:
    """Write the answer; the exit code says whether anything matches, as that of grep does."""
    if as_json:
        write_json(answer)
    else:
        _write(answer)
    if not answer["matched"]:
        raise SystemExit(ExitCode.NO_MATCH)


def _write(answer: dict[str, Any]) -> None:
    alert, client_id = answer["alert"], answer["client_id"]
    whose = "all clients" if client_id is None else client_id
    pattern = f"{alert['severity']} / {alert['source']} / {alert['name']}"
    print(shown(f"{pattern} matches {answer['matched']} of the {answer['examined']} rules of {whose}"))
    if not answer["rules"]:
        return
    if client_id is None:
        columns = ["client", "rule", "severity", "source", "name"]
        rows: list[Sequence[str]] = [
            (rule["client_id"], rule["rule_id"], rule["severity"], rule["source"], rule["name"])
            for rule in answer["rules"]
        ]
        write_table(columns, rows)
        return
    write_table(["", "rule", "severity", "source", "name", "why"], [_row(rule) for rule in answer["rules"]])
    if (left := answer["examined"] - len(answer["rules"])) > 0:
        print(f"and {left} more, which are further away")


def _row(rule: dict[str, Any]) -> Sequence[str]:
    why = "\n".join(finding["detail"] for finding in rule["findings"])
    return ("✓" if rule["matched"] else "✗", rule["rule_id"], rule["severity"], rule["source"], rule["name"], why)
