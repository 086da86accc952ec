"""`alerting explain`: why an alert met the rules of a client, or did not."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from alerting_backend.cli.calls import Platform, calling
from alerting_backend.cli.exits import ExitCode, fail
from alerting_backend.cli.output import write_json, write_table
from alerting_backend.settings import Settings
from alerting_core import limits
from alerting_core.domain.alert import Alert
from alerting_core.domain.rule import Rule
from alerting_core.domain.severity import SEVERITY_NAMES, Severity
from alerting_core.matching.explain import RuleExplanation, explain


def explain_stored(settings: Settings, alert_id: str, client_id: str, *, as_json: bool) -> None:
    """Explain an alert that the platform has taken in."""
    with calling(settings.url, settings.key, as_json=as_json) as platform:
        path = f"/api/v1/alerts/{quote(alert_id, safe='')}/explain"
        answer = platform.get(path, {"client_id": client_id, "limit": limits.PAGE_ITEMS_MAX})
    _write(answer, as_json=as_json)


def explain_draft(settings: Settings, client_id: str, severity: str, source: str, name: str, *, as_json: bool) -> None:
    """Explain an alert that nobody has sent."""
    if severity not in SEVERITY_NAMES:
        detail = f"--severity must be one of {', '.join(SEVERITY_NAMES)}"
        fail(detail, code="invalid-input", exit_code=ExitCode.USAGE, as_json=as_json)
    alert = Alert("draft", Severity[severity], source, name, 0, {})
    with calling(settings.url, settings.key, as_json=as_json) as platform:
        platform.get(f"/api/v1/clients/{quote(client_id, safe='')}")
        rules = {rule.rule_id: rule for rule in _rules_of(platform, client_id)}
    decided = sorted(explain(alert, rules.values()), key=lambda one: (not one.matched, len(one.findings), one.rule_id))
    answer = {
        "alert": {"severity": severity, "source": source, "name": name},
        "client_id": client_id,
        "examined": len(decided),
        "matched": sum(one.matched for one in decided),
        "rules": [_explained(rules[one.rule_id], one) for one in decided[: limits.PAGE_ITEMS_MAX]],
    }
    _write(answer, as_json=as_json)


def _rules_of(platform: Platform, client_id: str) -> Sequence[Rule]:
    items = platform.pages("/api/v1/rules", {"client_id": client_id, "limit": limits.PAGE_ITEMS_MAX})
    return [
        Rule(i["rule_id"], i["client_id"], i["severity"], i["source"], i["name"], i["enabled"], i["version"], 0, 0)
        for i in items
    ]


def _explained(rule: Rule, one: RuleExplanation) -> dict[str, Any]:
    pattern = {"severity": rule.severity, "source": rule.source, "name": rule.name, "enabled": rule.enabled}
    findings = [asdict(finding) for finding in one.findings]
    return {"rule_id": rule.rule_id, **pattern, "matched": one.matched, "findings": findings}


def _write(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        write_json(answer)
        return
    alert = answer["alert"]
    print(
        f"{alert['severity']} / {alert['source']} / {alert['name']} matches "
        f"{answer['matched']} of the {answer['examined']} rules of {answer['client_id']}"
    )
    if not answer["rules"]:
        return
    write_table(["", "rule", "severity", "source", "name", "why"], [_row(rule) for rule in answer["rules"]])
    if (left := answer["examined"] - len(answer["rules"])) > 0:
        print(f"and {left} more, which are further away")


def _row(rule: dict[str, Any]) -> Sequence[str]:
    why = "\n".join(finding["detail"] for finding in rule["findings"])
    return ("✓" if rule["matched"] else "✗", rule["rule_id"], rule["severity"], rule["source"], rule["name"], why)
