"""Episodes and reports with boring defaults, for whoever drives the life of alerts."""

from dataclasses import replace
from typing import Any

from alerting_core.domain.alert import Severity
from alerting_core.domain.episode import Episode, Reporter
from alerting_core.domain.episode_report import Report, apply
from tests.support.catalog import NOW_MS

MINUTE_MS = 60_000
LIFE_MS = 4 * MINUTE_MS
"""What Prometheus promises with each report, four times its resend delay."""

FINGERPRINT = "0123456789abcdef0123456789abcdef"


def make_report(fingerprint: str = FINGERPRINT, **changes: Any) -> Report:
    """Return a report that the alert fires, of a sender that says neither since when nor until when."""
    report = Report(
        owner="",
        fingerprint=fingerprint,
        severity=Severity.HIGH,
        source="api",
        name="timeout",
        context={"region": "eu"},
    )
    return replace(report, **changes)


def firing(starts_at_ms: int | None = None, ends_at_ms: int | None = None, **changes: Any) -> Report:
    """Return a report that the alert fires."""
    return make_report(starts_at_ms=starts_at_ms, ends_at_ms=ends_at_ms, **changes)


def resolved(starts_at_ms: int | None = None, ends_at_ms: int | None = None, **changes: Any) -> Report:
    """Return a report that the alert is over."""
    return make_report(is_resolved=True, starts_at_ms=starts_at_ms, ends_at_ms=ends_at_ms, **changes)


def make_episode(fingerprint: str = FINGERPRINT, *, owner: str = "", now_ms: int = NOW_MS, **changes: Any) -> Episode:
    """Return the first episode of an identity, as it is opened: it ends in `LIFE_MS` unless it is reported again."""
    report = make_report(fingerprint, owner=owner, starts_at_ms=now_ms)
    episode = apply(None, report, now_ms=now_ms, life_ms=LIFE_MS).episode
    assert episode is not None
    return replace(episode, **changes)


def reporters(**until_ms: int) -> tuple[Reporter, ...]:
    """Return reporters by their starts: `s0` began at `NOW_MS`, `s7` seven minutes later, `nameless` does not say."""
    return tuple(
        Reporter(None if name == "nameless" else NOW_MS + int(name[1:]) * MINUTE_MS, until)
        for name, until in until_ms.items()
    )
