"""What runs beside the API and the pipeline: clearing away what is old, and the jobs of the alert generator."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final

import structlog

from alerting_backend.settings import Settings
from alerting_core import errors, limits
from alerting_core.codec.records import encode_alert, message_headers
from alerting_core.domain.alert import Alert
from alerting_core.generator.alerts import generate_alerts, pace_of
from alerting_core.ports import history, operations, stream
from alerting_core.ports.clock import Clock
from alerting_core.stages.loop import Failure, pause, retry_until_stopped

EVERY_MS: Final = 60_000
"""Between two rounds. What has become old is minutes late at most."""

BATCH_ROWS_MAX: Final = 5_000
"""Rows of one transaction: it holds nobody up for longer than some hundred milliseconds."""

BETWEEN_BATCHES_MS: Final = 50
"""A breath between two batches, so that clearing away never takes the disk from the pipeline."""

CHANGES_KEEP_MS: Final = 24 * 3_600_000
"""Changes of rules. An evaluator that was away for longer takes a snapshot."""

ALERTS_KEEP_MAX: Final = 1_000_000
"""Alerts kept, whatever their age: a flood must not fill the disk before a day has passed."""

EPISODES_KEEP_MS: Final = 24 * 3_600_000
"""The latest episode of an alert that is over. Until then an end by timeout can be corrected: Prometheus repeats an
end for a quarter of an hour."""

JOBS_KEEP_MS: Final = 30 * 24 * 3_600_000
"""Generator jobs that have ended: long enough to look a load test up."""

_log_janitor = structlog.get_logger("alerting.janitor")


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept, in milliseconds; 0 for notifications is for ever."""

    alerts_ms: int
    records_ms: int
    notifications_ms: int

    @classmethod
    def of(cls, settings: Settings) -> "Retention":
        """Return what *settings* say."""
        return cls(
            alerts_ms=settings.keep_alerts,
            records_ms=settings.keep_records,
            notifications_ms=settings.keep_notifications,
        )


class Janitor:
    """Goes round now and then. One is enough; two do no harm."""

    def __init__(self, tables: history.RetentionStore, clock: Clock, retention: Retention) -> None:
        """Clear *tables*."""
        self._tables = tables
        self._clock = clock
        self._retention = retention

    async def run(self, stop: asyncio.Event) -> None:
        """Go round until *stop* is set. While Postgres is away nothing is cleared, and nothing is lost."""
        while not stop.is_set():
            try:
                cleared = await self.clear(stop)
            except errors.PortUnavailable as error:
                _log_janitor.warning("clearing_postponed", code=error.code, reason=error.detail)
            else:
                if cleared:
                    _log_janitor.info("old_rows_cleared", **cleared)
            await pause(stop, EVERY_MS)

    async def clear(self, stop: asyncio.Event) -> Mapping[str, int]:
        """Go round once, or until *stop* is set; return how many rows of what were cleared away."""
        now_ms, keep, tables = self._clock.now_ms(), self._retention, self._tables
        before: dict[history.Old, int] = {
            history.Old.ALERTS: max(now_ms - keep.alerts_ms, await tables.alerts_beyond_ms(ALERTS_KEEP_MAX)),
            history.Old.EPISODES: now_ms - EPISODES_KEEP_MS,
            history.Old.RETIRED_ENDPOINTS: now_ms - limits.RETIRED_ENDPOINT_KEPT_MS,
            history.Old.IDEMPOTENCY_KEYS: now_ms - limits.IDEMPOTENCY_KEEP_MS,
            history.Old.JOBS: now_ms - JOBS_KEEP_MS,
        }
        if keep.notifications_ms:
            before[history.Old.NOTIFICATIONS] = now_ms - keep.notifications_ms
        cleared = Counter[str]()
        for what, before_ms in before.items():
            cleared[what] += await _in_batches(partial(tables.clear, what, before_ms=before_ms), stop)
        for partition, below in (await tables.readable_partitions()).items():
            batch = partial(tables.clear_records, partition, below=below, before_ms=now_ms - keep.records_ms)
            cleared["records"] += await _in_batches(batch, stop)
        await tables.forget_changes(before_ms=now_ms - CHANGES_KEEP_MS)
        return {what: rows for what, rows in cleared.items() if rows}


async def _in_batches(clear: Callable[..., Awaitable[int]], stop: asyncio.Event) -> int:
    total = 0
    while not stop.is_set():
        rows = await clear(rows_max=BATCH_ROWS_MAX)
        total += rows
        if rows < BATCH_ROWS_MAX:
            break
        await pause(stop, BETWEEN_BATCHES_MS)
    return total


JOBS_AT_ONCE_MAX: Final = 4
"""Jobs that run side by side; others wait. More would only share out what the platform can take."""

LOOK_MS: Final = 500
"""How often waiting jobs are looked for: a person who starts one sees it run at once."""

BATCH_ALERTS_MAX: Final = 1_000
"""Alerts published together, as many as one request of the API may hold."""

STEP_MS: Final = 100
"""Between two batches of a slow job: ten times a second look even, and a stop is obeyed as fast."""

_log_job_runner = structlog.get_logger("alerting.jobs")


@dataclass(frozen=True, slots=True)
class JobRunner:
    """Takes jobs and sends their alerts. There may be only one on a job store."""

    store: operations.JobStore
    sink: stream.Sink
    clock: Clock

    async def run(self, stop: asyncio.Event) -> None:
        """Work until *stop* is set. Jobs under way then go on at the next start."""
        if not await retry_until_stopped(self._take_up_again, stop=stop, on_failure=_waiting):
            return
        running: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as tasks:
            while not stop.is_set():
                while len(running) < JOBS_AT_ONCE_MAX and (job := await self._take()):
                    task = tasks.create_task(self._work_off(job, stop))
                    running.add(task)
                    task.add_done_callback(running.discard)
                await pause(stop, LOOK_MS)

    async def _take_up_again(self) -> None:
        if count := await self.store.requeue_running():
            _log_job_runner.info("jobs_taken_up_again", jobs=count)

    async def _take(self) -> operations.GeneratorJob | None:
        try:
            return await self.store.take(now_ms=self.clock.now_ms())
        except errors.PortUnavailable as error:
            _log_job_runner.debug("jobs_not_looked_for", code=error.code)
            return None

    async def _work_off(self, job: operations.GeneratorJob, stop: asyncio.Event) -> None:
        _log_job_runner.info("job_begun", job_id=job.job_id, mode=str(job.config.mode), alerts_sent=job.alerts_sent)
        pace, now_ms = pace_of(job.config), self.clock.now_ms()
        # A job that was away for an hour goes on at its pace, it does not catch up in one burst.
        begun_at_ms = now_ms - pace.due_at_ms(job.alerts_sent) if job.alerts_sent else now_ms
        alerts = generate_alerts(job.config, started_at_ms=job.started_at_ms or now_ms)
        rest, sent, goes_on = islice(alerts, job.alerts_sent, None), job.alerts_sent, True
        while goes_on and sent < pace.alerts_total and not stop.is_set():
            due = min(pace.due_by(self.clock.now_ms() - begun_at_ms) - sent, BATCH_ALERTS_MAX)
            if due > 0:
                outputs = [_outgoing(alert) for alert in islice(rest, due)]
                publish = partial(self.sink.publish, outputs)
                if not await retry_until_stopped(publish, stop=stop, on_failure=_waiting):
                    return
                sent += due
            goes_on = await self._note(job, sent)
            if sent < pace.alerts_total:
                await pause(stop, self._wait_ms(begun_at_ms + pace.due_at_ms(sent)))
        if stop.is_set() and sent < pace.alerts_total:
            return
        status = operations.JobStatus.COMPLETED if sent >= pace.alerts_total else operations.JobStatus.CANCELLED
        finish = partial(
            self.store.finish, job.job_id, status, alerts_sent=sent, error=None, now_ms=self.clock.now_ms()
        )
        if await retry_until_stopped(finish, stop=stop, on_failure=_waiting):
            _log_job_runner.info("job_ended", job_id=job.job_id, status=str(status), alerts_sent=sent)

    async def _note(self, job: operations.GeneratorJob, sent: int) -> bool:
        """Note how far the job is; while that cannot be noted, it goes on."""
        try:
            return await self.store.note_progress(job.job_id, sent)
        except errors.PortUnavailable:
            return True

    def _wait_ms(self, next_due_at_ms: int) -> int:
        left_ms = next_due_at_ms - self.clock.now_ms()
        return 0 if left_ms < 0 else min(max(left_ms, STEP_MS), LOOK_MS)


def _outgoing(alert: Alert) -> stream.Outgoing:
    return stream.Outgoing(stream.ALERTS_NEW, alert.alert_id.encode(), encode_alert(alert), message_headers(None))


def _waiting(failure: Failure) -> None:
    if failure.in_a_row == 1:
        _log_job_runner.warning("job_waiting", code=failure.error.code)
