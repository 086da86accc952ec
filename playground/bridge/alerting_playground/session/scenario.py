"""A scenario: all that a run follows from, the user's own clients with their rules and endpoints included."""

import json
import zlib
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Final

from alerting_core.domain.client import check_new_client_id
from alerting_core.domain.endpoint import EndpointDraft
from alerting_core.domain.endpoint_check import check_draft as check_endpoint_draft
from alerting_core.domain.rule import RuleDraft
from alerting_core.domain.rule import check_draft as check_rule_draft
from alerting_core.domain.text import check_text
from alerting_core.errors import Problem, ProblemCode
from alerting_core.limits import ID_CHARS_MAX
from alerting_playground.session import inputs, limits

_CLIENT_FIELDS = ("client_id", "name", "rules")
_RULE_CHOICES = {one.name: one.default is MISSING for one in fields(RuleDraft) if one.name != "catches"}
"""What is chosen of a rule → whether it must be. Rules that catch more than a pattern are made over the API, by
operators, which bounds their number."""

_RULE_FIELDS = {**_RULE_CHOICES, "enabled": True, "endpoints": True}
_ENDPOINT_FIELDS = {
    one.name: one.default is MISSING and one.default_factory is MISSING for one in fields(EndpointDraft)
}


def rule_draft(given: Mapping[str, Any]) -> RuleDraft:
    """Return what a rule of a catalog chooses."""
    return RuleDraft(**{name: value for name, value in given.items() if name in _RULE_CHOICES})


def catalog_problems(given: object) -> Iterator[Problem]:
    """Return all that is wrong with a catalog: a list of clients, each with its rules, each with its endpoints."""
    clients = inputs.as_list(given)
    if clients is None or len(clients) > limits.CATALOG_CLIENTS_MAX:
        detail = f"expected a list of at most {limits.CATALOG_CLIENTS_MAX} clients"
        yield Problem("catalog", ProblemCode.TOO_MANY, detail)
        return
    known: set[str] = set()
    for number, client in enumerate(clients):
        for problem in _client_problems(client, known):
            yield problem.under(f"catalog[{number}]")


def _client_problems(given: object, known: set[str]) -> Iterator[Problem]:
    client = inputs.as_object(given)
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
    rules = inputs.as_list(client["rules"])
    if rules is None or len(rules) > limits.CATALOG_RULES_MAX:
        yield Problem("rules", ProblemCode.TOO_MANY, f"expected a list of at most {limits.CATALOG_RULES_MAX} rules")
        return
    patterns: set[tuple[str, str, str]] = set()
    for number, rule in enumerate(rules):
        for problem in _rule_problems(rule, patterns):
            yield problem.under(f"rules[{number}]")


def _rule_problems(given: object, patterns: set[tuple[str, str, str]]) -> Iterator[Problem]:
    rule = inputs.as_object(given)
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
    endpoints = inputs.as_list(rule["endpoints"])
    if endpoints is None or len(endpoints) > limits.CATALOG_ENDPOINTS_MAX:
        detail = f"expected a list of at most {limits.CATALOG_ENDPOINTS_MAX} endpoints"
        yield Problem("endpoints", ProblemCode.TOO_MANY, detail)
        return
    for number, one in enumerate(endpoints):
        endpoint = inputs.as_object(one)
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


VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Intervention:
    """An action and its virtual time."""

    at_ms: int
    action: inputs.Action

    def to_json(self) -> dict[str, Any]:
        """Return the action with its time."""
        return {"at_ms": self.at_ms, **self.action.to_json()}


@dataclass(frozen=True, slots=True)
class Scenario:
    """All that a run follows from.

    Attributes:
        catalog: The user's own clients with rules and endpoints, JSON that was checked by `catalog_problems`.
        script: What was done to it, in the order of time.
    """

    seed: int = 1
    settings: inputs.Settings = inputs.DEFAULTS
    catalog: Sequence[Mapping[str, Any]] = ()
    script: Sequence[Intervention] = field(default_factory=tuple[Intervention, ...])

    def to_json(self) -> dict[str, Any]:
        """Return it as `read_scenario` takes it."""
        return {
            "version": VERSION,
            "seed": self.seed,
            "settings": self.settings.to_json(),
            "catalog": list(self.catalog),
            "script": [one.to_json() for one in self.script],
        }

    def shared(self) -> str:
        """Return it as text for a link: JSON without what is as usual, deflated, in the alphabet of URLs.

        Raises:
            Refused: It is too long to be shared.
        """
        usual, given = inputs.DEFAULTS.to_json(), self.to_json()
        given["settings"] = {name: value for name, value in given["settings"].items() if value != usual[name]}
        deflated = zlib.compress(json.dumps(given, separators=(",", ":"), sort_keys=True).encode(), 9)
        text = urlsafe_b64encode(deflated).decode().rstrip("=")
        if len(text) > limits.SHARED_CHARS_MAX:
            detail = f"as a link it has {len(text):,} characters, at most {limits.SHARED_CHARS_MAX:,} can be shared"
            raise inputs.Refused("too-many", detail)
        return text


def read_text(text: str) -> Scenario:
    """Read a scenario from JSON or from a shared link; the usual one from nothing.

    Raises:
        Refused: With all that is wrong with it.
    """
    if not text.strip():
        return Scenario()
    if len(text) > limits.SCENARIO_BYTES_MAX:
        raise inputs.Refused("bad-scenario", "the scenario is too long")
    if not text.lstrip().startswith("{"):
        text = _inflated(text.strip())
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise inputs.Refused("bad-scenario", "the scenario is not JSON: the link may have been cut off") from None
    return read_scenario(given)


def _inflated(text: str) -> str:
    if len(text) > limits.SHARED_CHARS_MAX:
        raise inputs.Refused("bad-scenario", "the link is longer than any that was shared")
    damaged = inputs.Refused("bad-scenario", "the link is damaged: it may have been cut off, or changed on its way")
    try:
        deflated = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        inflate = zlib.decompressobj()  # Compares the checksum at the end of the data as well.
        plain = inflate.decompress(deflated, limits.SCENARIO_BYTES_MAX)
    except (ValueError, Base64Error, zlib.error):
        raise damaged from None
    if not inflate.eof or inflate.unused_data:
        raise damaged
    return plain.decode(errors="replace")


def read_scenario(given: object) -> Scenario:
    """Read a scenario. Raises Refused with all that is wrong with it."""
    named = inputs.as_object(given)
    if named is None:
        raise inputs.Refused("bad-scenario", "expected an object")
    if named.get("version") != VERSION:
        detail = f"this page reads version {VERSION} of scenarios, the given one has {named.get('version')!r}"[:200]
        raise inputs.Refused(
            "bad-scenario", detail, [Problem("version", ProblemCode.UNKNOWN_VALUE, f"must be {VERSION}")]
        )
    problems = [
        Problem(name[:80], ProblemCode.UNKNOWN_FIELD, "does not belong to a scenario")
        for name in named
        if name not in {"version", "seed", "settings", "catalog", "script"}
    ]
    seed, catalog = inputs.as_int(named.get("seed", 1), 0, limits.SEED_MAX), named.get("catalog", [])
    if seed is None:
        problems.append(Problem("seed", ProblemCode.OUT_OF_RANGE, f"must be a whole number up to {limits.SEED_MAX}"))
    settings = inputs.read_settings(named.get("settings", {}))
    if isinstance(settings, list):
        problems += settings
    problems += catalog_problems(catalog)
    script = _read_script(named.get("script", []), problems)
    if problems or isinstance(settings, list) or seed is None:
        first = problems[0]
        raise inputs.Refused("bad-scenario", f"the scenario cannot be used: {first.path}: {first.detail}", problems)
    return Scenario(seed, settings, catalog, script)


def _read_script(given: object, problems: list[Problem]) -> list[Intervention]:
    entries = inputs.as_list(given)
    if entries is None:
        problems.append(Problem("script", ProblemCode.WRONG_TYPE, "expected a list"))
        return []
    if len(entries) > limits.SCRIPT_MAX:
        problems.append(Problem("script", ProblemCode.TOO_MANY, f"at most {limits.SCRIPT_MAX} interventions"))
        return []
    script: list[Intervention] = []
    for number, entry in enumerate(entries):
        path = f"script[{number}]"
        try:
            action = inputs.read_action(entry, path=path)
        except inputs.Refused as refused:
            problems += refused.problems
            continue
        at_ms = inputs.as_int(entry.get("at_ms"), 0, limits.VIRTUAL_MS_MAX)
        if at_ms is None:
            problems.append(Problem(f"{path}.at_ms", ProblemCode.OUT_OF_RANGE, "must be a virtual time in ms"))
        elif script and at_ms < script[-1].at_ms:
            problems.append(Problem(f"{path}.at_ms", ProblemCode.OUT_OF_RANGE, "is earlier than the one before"))
        else:
            script.append(Intervention(at_ms, action))
    return script
