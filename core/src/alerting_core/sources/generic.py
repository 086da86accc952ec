"""Payloads of any other system, by a mapping that says where in them each part of an alert stands.

A mapping has one text for each part that it names: a path (`$.labels.host`) or, where it does not begin with `$`, the
value itself. It is small enough to be written into the URL that a webhook calls.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Final

from alerting_core.app.intake import AlertDraft
from alerting_core.domain.alert import AlertStatus
from alerting_core.errors import Problem, ProblemCode
from alerting_core.sources import reading
from alerting_core.sources.paths import PATH_CHARS_MAX, ROOT, Path, find, read_path, without
from alerting_core.sources.reading import Json, flattened, text_of, time_of

PARTS: Final[Mapping[str, str]] = {
    "items": "A list in the payload, each item of which is an alert, to which the other paths lead. "
    "Left out: the payload is one alert, or a list of them.",
    "name": "What happened. Needed.",
    "source": "Who reports. Left out: `generic`.",
    "severity": "A severity, or a usual word for one. Left out: unknown.",
    "dedup_key": "What the alert is known by each time. With it, it fires until it is resolved; else it is an event.",
    "status": "With a `dedup_key`: `resolved`, `ok`, `closed`, `recovered` and the like end the alert; all else fires.",
    "starts_at": "Since when.",
    "ends_at": "Until when it fires if nobody says more, or when it ended.",
    "context": "An object whose texts become the context. Left out: the whole alert, without the annotations.",
    "summary": "What is wrong, in a sentence: the annotation with which messages begin.",
    "annotations": "An object whose texts become annotations, which messages show before the context.",
}
"""The parts that a mapping may name, and what they are."""

_LITERAL: Final = frozenset(PARTS) - {"items", "context", "annotations"}
"""Parts for which the value itself may be given."""

RESOLVED_WORDS: Final = frozenset(
    (
        *("resolved", "resolve", "ok", "closed", "close", "recovered", "recovery", "normal", "up", "inactive"),
        *("success", "healthy", "clear", "cleared", "end", "ended", "done", "false", "0"),
    )
)
"""What systems write in place of `resolved`."""


@dataclass(frozen=True, slots=True)
class GenericMapping:
    """Part → path into an alert, or the value itself."""

    parts: Mapping[str, Path | str]

    def find(self, part: str, item: Json) -> Json:
        """Return what *part* is in *item*; None where it is not named, or not there."""
        where = self.parts.get(part)
        return where if where is None or isinstance(where, str) else find(item, where)


def read_mapping(texts: Mapping[str, str]) -> GenericMapping | tuple[Problem, ...]:
    """Read a mapping, or say all that is wrong with it, each problem with its part."""
    problems = tuple(_problems_of(texts))
    if problems:
        return problems
    paths = {part: (read_path(text) or ()) if text.startswith(ROOT) else text for part, text in texts.items()}
    return GenericMapping(paths)


def _problems_of(texts: Mapping[str, str]) -> Iterator[Problem]:
    if not texts.get("name", "").strip():
        yield Problem("name", ProblemCode.MISSING, "is required: a path such as $.title, or the name itself")
    for part, text in texts.items():
        if part not in PARTS:
            yield Problem(part, ProblemCode.UNKNOWN_FIELD, f"must be one of {', '.join(PARTS)}")
        elif len(text) > PATH_CHARS_MAX:
            yield Problem(part, ProblemCode.TOO_LONG, f"at most {PATH_CHARS_MAX} characters are allowed")
        elif (text.startswith(ROOT) or part not in _LITERAL) and read_path(text) is None:
            detail = "must be a path such as $.labels.host, $.list[0] or $['a b']"
            yield Problem(part, ProblemCode.UNKNOWN_VALUE, detail)


def read_generic(payload: Json, mapping: GenericMapping) -> reading.Readings:
    """Read a payload by *mapping*."""
    items = mapping.find("items", payload) if "items" in mapping.parts else payload
    if reading.is_list(items):
        return reading.read_each(items, lambda item: _alert(item, mapping))
    if "items" in mapping.parts:
        code = ProblemCode.MISSING if items is None else ProblemCode.WRONG_TYPE
        return iter([reading.Reading(problems=[Problem("items", code, "leads to no list in this payload")])])
    return reading.read_whole(payload, lambda item: _alert(item, mapping))


def _alert(item: Mapping[str, Json], mapping: GenericMapping) -> AlertDraft:
    name = text_of(mapping.find("name", item))
    if not name.strip():
        raise reading.missing("name", "leads to nothing in this payload")
    key = text_of(mapping.find("dedup_key", item))
    starts_at_ms = time_of(mapping.find("starts_at", item), "starts_at")
    ends_at_ms = time_of(mapping.find("ends_at", item), "ends_at")
    source = text_of(mapping.find("source", item)).strip() or "generic"
    is_resolved = text_of(mapping.find("status", item)).strip().casefold() in RESOLVED_WORDS
    annotations = _entries("annotations", item, mapping)
    return AlertDraft(
        severity=text_of(mapping.find("severity", item)) or None,
        source=source,
        name=reading.first_line(name),
        context=_context(item, mapping),
        annotations=reading.filled({"summary": text_of(mapping.find("summary", item)), **annotations}),
        event_ts=None if starts_at_ms is None or key else starts_at_ms // 1_000,
        fingerprint=reading.key_of(source, key) if key else None,
        status=(AlertStatus.RESOLVED if is_resolved else AlertStatus.FIRING) if key else None,
        starts_at_ms=starts_at_ms if key else None,
        ends_at_ms=_end(ends_at_ms, is_resolved=is_resolved) if key else None,
        is_made_fit=True,
    )


def _end(ends_at_ms: int | None, *, is_resolved: bool) -> int | None:
    return reading.UNTIL_RESOLVED if ends_at_ms is None and not is_resolved else ends_at_ms


def _context(item: Mapping[str, Json], mapping: GenericMapping) -> Mapping[str, str]:
    if "context" in mapping.parts:
        return _entries("context", item, mapping)
    # What the annotations say is not said twice.
    elsewhere = [path for part in ("annotations", "summary") if isinstance(path := mapping.parts.get(part), tuple)]
    return flattened(reduce(without, elsewhere, dict(item)))


def _entries(part: str, item: Mapping[str, Json], mapping: GenericMapping) -> Mapping[str, str]:
    found = mapping.find(part, item)
    return {} if found is None else flattened(dict(reading.object_of(found, part)))
