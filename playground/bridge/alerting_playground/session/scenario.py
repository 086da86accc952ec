"""A scenario: all that a run follows from."""

import json
import zlib
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from alerting_core.errors import Problem, ProblemCode
from alerting_playground.session import limits
from alerting_playground.session.actions import Action, read_action
from alerting_playground.session.catalog import catalog_problems
from alerting_playground.session.settings import DEFAULTS, Refused, Settings, as_int, as_list, as_object, read_settings

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Intervention:
    """An action and its virtual time."""

    at_ms: int
    action: Action

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
    settings: Settings = DEFAULTS
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
        usual, given = DEFAULTS.to_json(), self.to_json()
        given["settings"] = {name: value for name, value in given["settings"].items() if value != usual[name]}
        deflated = zlib.compress(json.dumps(given, separators=(",", ":"), sort_keys=True).encode(), 9)
        text = urlsafe_b64encode(deflated).decode().rstrip("=")
        if len(text) > limits.SHARED_CHARS_MAX:
            detail = f"as a link it has {len(text):,} characters, at most {limits.SHARED_CHARS_MAX:,} can be shared"
            raise Refused("too-many", detail)
        return text


def read_text(text: str) -> Scenario:
    """Read a scenario from JSON or from a shared link; the usual one from nothing.

    Raises:
        Refused: With all that is wrong with it.
    """
    if not text.strip():
        return Scenario()
    if len(text) > limits.SCENARIO_BYTES_MAX:
        raise Refused("bad-scenario", "the scenario is too long")
    if not text.lstrip().startswith("{"):
        text = _inflated(text.strip())
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused("bad-scenario", "the scenario is not JSON: the link may have been cut off") from None
    return read_scenario(given)


def _inflated(text: str) -> str:
    if len(text) > limits.SHARED_CHARS_MAX:
        raise Refused("bad-scenario", "the link is longer than any that was shared")
    damaged = Refused("bad-scenario", "the link is damaged: it may have been cut off, or changed on its way")
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
    named = as_object(given)
    if named is None:
        raise Refused("bad-scenario", "expected an object")
    if named.get("version") != VERSION:
        detail = f"this page reads version {VERSION} of scenarios, the given one has {named.get('version')!r}"[:200]
        raise Refused("bad-scenario", detail, [Problem("version", ProblemCode.UNKNOWN_VALUE, f"must be {VERSION}")])
    problems = [
        Problem(name[:80], ProblemCode.UNKNOWN_FIELD, "does not belong to a scenario")
        for name in named
        if name not in {"version", "seed", "settings", "catalog", "script"}
    ]
    seed, catalog = as_int(named.get("seed", 1), 0, limits.SEED_MAX), named.get("catalog", [])
    if seed is None:
        problems.append(Problem("seed", ProblemCode.OUT_OF_RANGE, f"must be a whole number up to {limits.SEED_MAX}"))
    settings = read_settings(named.get("settings", {}))
    if isinstance(settings, list):
        problems += settings
    problems += catalog_problems(catalog)
    script = _read_script(named.get("script", []), problems)
    if problems or isinstance(settings, list) or seed is None:
        first = problems[0]
        raise Refused("bad-scenario", f"the scenario cannot be used: {first.path}: {first.detail}", problems)
    return Scenario(seed, settings, catalog, script)


def _read_script(given: object, problems: list[Problem]) -> list[Intervention]:
    entries = as_list(given)
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
            action = read_action(entry, path=path)
        except Refused as refused:
            problems += refused.problems
            continue
        at_ms = as_int(entry.get("at_ms"), 0, limits.VIRTUAL_MS_MAX)
        if at_ms is None:
            problems.append(Problem(f"{path}.at_ms", ProblemCode.OUT_OF_RANGE, "must be a virtual time in ms"))
        elif script and at_ms < script[-1].at_ms:
            problems.append(Problem(f"{path}.at_ms", ProblemCode.OUT_OF_RANGE, "is earlier than the one before"))
        else:
            script.append(Intervention(at_ms, action))
    return script
