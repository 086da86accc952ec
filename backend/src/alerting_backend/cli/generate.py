"""`alerting generate`: made-up alerts, to a running platform or to the screen."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from alerting_backend.cli.calls import Platform, calling
from alerting_backend.cli.exits import ExitCode, told_errors
from alerting_backend.cli.output import write_json
from alerting_backend.cli.progress import Advance, progress_bar
from alerting_backend.settings import Settings
from alerting_core import limits
from alerting_core.domain.alert import Alert
from alerting_core.generator.alerts import generate_alerts
from alerting_core.generator.config import GeneratorConfig, choose_seed
from alerting_core.generator.pace import Pace, pace_of

STEP_SECONDS: Final = 0.1
"""Between two requests of a slow job: ten times a second look even."""


@dataclass(slots=True)
class _Sent:
    accepted: int = 0
    seconds: float = 0.0


def run_generate(config: GeneratorConfig, settings: Settings, *, mock: bool, as_json: bool) -> None:
    """Send what *config* asks for, or print it."""
    now_ms = time.time_ns() // 1_000_000
    with told_errors(as_json=as_json):
        config = choose_seed(config, now_ms=now_ms)
        pace = pace_of(config)
        alerts = generate_alerts(config, started_at_ms=now_ms)
    if mock:
        _print_all(alerts, as_json=as_json)
        return
    sent = _Sent()
    try:
        with (
            calling(settings.url, settings.key, as_json=as_json) as platform,
            progress_bar("sending", total=pace.alerts_total, unit="alerts", shown=not as_json) as advance,
        ):
            _send(platform, alerts, pace, sent, advance)
    finally:
        _sum_up(sent, config, total=pace.alerts_total, as_json=as_json)
    if sent.accepted < pace.alerts_total:
        raise SystemExit(ExitCode.FAILED)


def _send(platform: Platform, alerts: Iterator[Alert], pace: Pace, sent: _Sent, advance: Advance) -> None:
    begun = time.monotonic()
    published = 0
    try:
        while published < pace.alerts_total:
            elapsed_ms = int((time.monotonic() - begun) * 1_000)
            due = min(pace.due_by(elapsed_ms) - published, limits.ALERTS_PER_REQUEST_MAX)
            if due > 0:
                # The ids follow from the seed: a request whose answer was lost is sent again, and tells nobody twice.
                batch = [_as_json(alert) for alert in islice(alerts, due)]
                sent.accepted += platform.post("/api/v1/alerts", {"alerts": batch})["accepted"]
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
    }


def _print_all(alerts: Iterator[Alert], *, as_json: bool) -> None:
    """Print without times: what is printed follows from the seed alone."""
    for alert in alerts:
        if as_json:
            fields = _as_json(alert)
            del fields["event_ts"]
            write_json(fields)
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
        write_json({**summary, "seed": config.seed})
        return
    print(f"{sent.accepted:,} of {total:,} alerts accepted in {sent.seconds:.1f} s ({rate:,.1f}/s), seed {config.seed}")
