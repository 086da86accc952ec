"""`alerting generate`: made-up alerts, to a running platform, straight to Kafka, or to the screen."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Final

from alerting_backend.adapters.kafka.sink import KafkaSink
from alerting_backend.cli.calls import PATIENCE_SECONDS_MAX, calling
from alerting_backend.cli.output import Advance, ExitCode, progress_bar, report_errors, write_json
from alerting_backend.settings import Settings
from alerting_backend.wiring.ports import kafka_address
from alerting_backend.workers.dependencies import Dependency, require
from alerting_core import limits
from alerting_core.domain.alert import Alert
from alerting_core.generator.alerts import Pace, generate_alerts, pace_of
from alerting_core.generator.config import GeneratorConfig, choose_seed
from alerting_core.ports.stream import Outgoing, alert_record
from alerting_core.stages.loop import Failure, retry_until_stopped

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


def run_generate(config: GeneratorConfig, settings: Settings, *, mock: bool, to_kafka: bool, as_json: bool) -> None:
    """Send what *config* asks for, or print it."""
    now_ms = time.time_ns() // 1_000_000
    with report_errors(as_json=as_json):
        if to_kafka:
            require(settings, Dependency.KAFKA, needed_by="--kafka")
        config = choose_seed(config, now_ms=now_ms)
        pace = pace_of(config)
        alerts = generate_alerts(config, started_at_ms=now_ms)
    if mock:
        _print_all(alerts, as_json=as_json)
        return
    sent = _Sent()
    try:
        with (
            report_errors(as_json=as_json),
            _kafka(settings) if to_kafka else _api(settings, as_json=as_json) as target,
            progress_bar("sending", total=pace.alerts_total, unit="alerts", shown=not as_json) as advance,
        ):
            _send(target, alerts, pace, sent, advance)
    finally:
        _sum_up(sent, config, total=pace.alerts_total, as_json=as_json)
    if sent.accepted < pace.alerts_total:
        raise SystemExit(ExitCode.FAILED)


@contextmanager
def _api(settings: Settings, *, as_json: bool) -> Iterator[_Target]:
    with calling(settings.url, settings.key, as_json=as_json) as platform:

        def send(batch: Sequence[Alert]) -> int:
            body = {"alerts": [_as_json(alert) for alert in batch]}
            accepted: int = platform.post("/api/v1/alerts", body)["accepted"]
            return accepted

        yield _Target(limits.ALERTS_PER_REQUEST_MAX, send)


@contextmanager
def _kafka(settings: Settings) -> Iterator[_Target]:
    with asyncio.Runner() as runner:
        sink = KafkaSink(kafka_address(settings))

        def send(batch: Sequence[Alert]) -> int:
            runner.run(_publish(sink, [alert_record(alert) for alert in batch]))
            return len(batch)

        try:
            yield _Target(KAFKA_BATCH_MAX, send)
        finally:
            runner.run(sink.close())


async def _publish(sink: KafkaSink, outputs: Sequence[Outgoing]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS_MAX

    def lose_patience(failure: Failure) -> None:
        if time.monotonic() > deadline:
            raise failure.error

    await retry_until_stopped(partial(sink.publish, outputs), stop=asyncio.Event(), on_failure=lose_patience)


def _send(target: _Target, alerts: Iterator[Alert], pace: Pace, sent: _Sent, advance: Advance) -> None:
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
