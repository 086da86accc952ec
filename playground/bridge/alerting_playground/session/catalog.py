"""The user's own clients, rules and endpoints in a scenario: what is wrong with them."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from typing import Any

from alerting_core.domain.client import check_new_client_id
from alerting_core.domain.endpoint import EndpointDraft
from alerting_core.domain.endpoint_check import check_draft as check_endpoint_draft
from alerting_core.domain.rule import RuleDraft
from alerting_core.domain.rule import check_draft as check_rule_draft
from alerting_core.domain.text import check_text
from alerting_core.errors import Problem, ProblemCode
from alerting_core.limits import ID_CHARS_MAX
from alerting_playground.session import limits
from alerting_playground.session.settings import as_list, as_object

_CLIENT_FIELDS = ("client_id", "name", "rules")
_RULE_CHOICES = {one.name: one.default is MISSING for one in fields(RuleDraft)}
"""What is chosen of a rule → whether it must be."""

_RULE_FIELDS = {**_RULE_CHOICES, "enabled": True, "endpoints": True}
_ENDPOINT_FIELDS = {
    one.name: one.default is MISSING and one.default_factory is MISSING for one in fields(EndpointDraft)
}


def rule_draft(given: Mapping[str, Any]) -> RuleDraft:
    """Return what a rule of a catalog chooses."""
    return RuleDraft(**{name: value for name, value in given.items() if name in _RULE_CHOICES})


def catalog_problems(given: object) -> Iterator[Problem]:
    """Return all that is wrong with a catalog: a list of clients, each with its rules, each with its endpoints."""
    clients = as_list(given)
    if clients is None or len(clients) > limits.CATALOG_CLIENTS_MAX:
        detail = f"expected a list of at most {limits.CATALOG_CLIENTS_MAX} clients"
        yield Problem("catalog", ProblemCode.TOO_MANY, detail)
        return
    known: set[str] = set()
    for number, client in enumerate(clients):
        for problem in _client_problems(client, known):
            yield problem.under(f"catalog[{number}]")


def _client_problems(given: object, known: set[str]) -> Iterator[Problem]:
    client = as_object(given)
    if client is None or client.keys() != {*_CLIENT_FIELDS}:
        yield Problem("", ProblemCode.WRONG_TYPE, f"expected an object with {', '.join(_CLIENT_FIELDS)}")
        return
    client_id = client["client_id"]
    wrong = tuple(check_new_client_id("client_id", client_id) if isinstance(client_id, str) else ())
    yield from wrong
    if not isinstance(client_id, str):
        yield Problem("client_id", ProblemCode.WRONG_TYPE, "expected text")
    elif client_id in known:
        yield Problem("client_id", ProblemCode.UNKNOWN_VALUE, "comes more than once")
    else:
        known.add(client_id)
    yield from check_text("name", client["name"], chars_max=ID_CHARS_MAX)
    rules = as_list(client["rules"])
    if rules is None or len(rules) > limits.CATALOG_RULES_MAX:
        yield Problem("rules", ProblemCode.TOO_MANY, f"expected a list of at most {limits.CATALOG_RULES_MAX} rules")
        return
    patterns: set[tuple[str, str, str]] = set()
    for number, rule in enumerate(rules):
        for problem in _rule_problems(rule, patterns):
            yield problem.under(f"rules[{number}]")


def _rule_problems(given: object, patterns: set[tuple[str, str, str]]) -> Iterator[Problem]:
    rule = as_object(given)
    if rule is None or not _has_fields(rule, _RULE_FIELDS):
        yield Problem("", ProblemCode.WRONG_TYPE, f"expected an object with {_listed(_RULE_FIELDS)}")
        return
    pattern = (rule["severity"], rule["source"], rule["name"])
    wrong = check_rule_draft(rule_draft(rule))
    yield from wrong
    if not wrong and pattern in patterns:
        yield Problem("", ProblemCode.UNKNOWN_VALUE, "the client has this rule already")
    if not wrong:
        patterns.add(pattern)
    yield from _enabled_problems(rule)
    endpoints = as_list(rule["endpoints"])
    if endpoints is None or len(endpoints) > limits.CATALOG_ENDPOINTS_MAX:
        detail = f"expected a list of at most {limits.CATALOG_ENDPOINTS_MAX} endpoints"
        yield Problem("endpoints", ProblemCode.TOO_MANY, detail)
        return
    for number, one in enumerate(endpoints):
        endpoint = as_object(one)
        if endpoint is None or not _has_fields(endpoint, _ENDPOINT_FIELDS):
            detail = f"expected an object with {_listed(_ENDPOINT_FIELDS)}"
            yield Problem(f"endpoints[{number}]", ProblemCode.WRONG_TYPE, detail)
            continue
        for problem in (*check_endpoint_draft(EndpointDraft(**endpoint)), *_enabled_problems(endpoint)):
            yield problem.under(f"endpoints[{number}]")


def _has_fields(given: Mapping[str, Any], known: Mapping[str, bool]) -> bool:
    return {name for name, must in known.items() if must} <= given.keys() <= known.keys()


def _listed(known: Mapping[str, bool]) -> str:
    return ", ".join(name if must else f"perhaps {name}" for name, must in known.items())


def _enabled_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    if not isinstance(given.get("enabled", True), bool):
        yield Problem("enabled", ProblemCode.WRONG_TYPE, "expected true or false")
