"""Golden payloads of other systems: what each sends, and the alerts that are made of it. See README.md.

`python -m tests.golden.payloads` writes what the core makes of them now; look at what changed before it is committed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from alerting_core.app.intake import AlertDraft
from alerting_core.domain.text import rfc3339
from alerting_core.sources.generic import GenericMapping, read_mapping
from alerting_core.sources.reading import UNTIL_RESOLVED, Reading, merged
from alerting_core.sources.table import Hints, SourceName, read_source

FOLDER: Final = Path(__file__).with_name("payloads")


@dataclass(frozen=True, slots=True)
class GoldenPayload:
    """One file."""

    source: SourceName
    name: str
    content: Mapping[str, Any]

    def reading(self) -> Reading:
        """What the core makes of it now."""
        return merged(read_source(self.source, self.content["payload"], hints_of(self.content.get("hints", {}))))

    def written(self) -> dict[str, Any]:
        """What the core makes of it now, as it is written in the file."""
        reading = self.reading()
        return {
            "alerts": [{"at": place} | _written(draft) for place, draft in reading.drafts],
            "problems": [f"{problem.path}: {problem.code}" for problem in reading.problems],
            "passed_over": list(reading.passed_over),
        }


def hints_of(hints: Mapping[str, Any]) -> Hints:
    """Return the hints of a file."""
    mapping = read_mapping(hints.get("mapping", {})) if "mapping" in hints else None
    assert mapping is None or isinstance(mapping, GenericMapping)
    return Hints(hints.get("severity"), new_key="a-new-key", mapping=mapping)


def _written(draft: AlertDraft) -> dict[str, Any]:
    end = draft.ends_at_ms
    written = {
        "severity": draft.severity,
        "source": draft.source,
        "name": draft.name,
        "context": dict(draft.context),
        "annotations": dict(draft.annotations),
        "alert_id": draft.alert_id,
        "event_ts": draft.event_ts,
        "fingerprint": draft.fingerprint,
        "status": None if draft.status is None else draft.status.word,
        "starts_at": None if draft.starts_at_ms is None else rfc3339(draft.starts_at_ms),
        "ends_at": None if end is None else "until resolved" if end == UNTIL_RESOLVED else rfc3339(end),
    }
    return {key: value for key, value in written.items() if value is not None}


def payloads() -> list[GoldenPayload]:
    """Return all files."""
    return [
        GoldenPayload(SourceName(path.parent.name), path.stem, json.loads(path.read_text()))
        for path in sorted(FOLDER.glob("*/*.json"))
    ]


def write(golden: GoldenPayload) -> None:
    """Write what the core makes of *golden* now."""
    kept = {key: golden.content[key] for key in ("hints", "payload") if key in golden.content}
    text = json.dumps(kept | golden.written(), indent=2, ensure_ascii=False)
    (FOLDER / golden.source / f"{golden.name}.json").write_text(text + "\n")


if __name__ == "__main__":
    for one in payloads():
        write(one)
