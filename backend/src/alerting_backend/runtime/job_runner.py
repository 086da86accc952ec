"""Works the jobs of the alert generator off.

The alerts of a job follow from its seed, with ids: a job that was cut off goes on where it was last noted to be, and
what is sent once more because of that is, for the platform, the same alerts again.
"""

import asyncio
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final

import structlog

from alerting_core.codec.records import encode_alert, message_headers
from alerting_core.domain.alert import Alert
from alerting_core.errors import PortUnavailable
from alerting_core.generator.alerts import generate_alerts, pace_of
from alerting_core.ports.clock import Clock
from alerting_core.ports.operations import GeneratorJob, JobStatus, JobStore
from alerting_core.ports.stream import ALERTS_NEW, Outgoing, Sink
from alerting_core.stages.loop import Failure, pause, retry_until_stopped

JOBS_AT_ONCE_MAX: Final = 4
"""Jobs that run side by side; others wait. More would only share out what the platform can take."""

LOOK_MS: Final = 500
"""How often waiting jobs are looked for: a person who starts one sees it run at once."""

BATCH_ALERTS_MAX: Final = 1_000
"""Alerts published together, as many as one request of the API may hold."""

STEP_MS: Final = 100
"""Between two batches of a slow job: ten times a second look even, and a stop is obeyed as fast."""

_log = structlog.get_logger("alerting.jobs")


@dataclass(frozen=True, slots=True)
class JobRunner:
    """Takes jobs and sends their alerts. There may be only one on a job store."""

    store: JobStore
    sink: Sink
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
            _log.info("jobs_taken_up_again", jobs=count)

    async def _take(self) -> GeneratorJob | None:
        try:
            return await self.store.take(now_ms=self.clock.now_ms())
        except PortUnavailable as error:
            _log.debug("jobs_not_looked_for", code=error.code)
            return None

    async def _work_off(self, job: GeneratorJob, stop: asyncio.Event) -> None:
        _log.info("job_begun", job_id=job.job_id, mode=str(job.config.mode), alerts_sent=job.alerts_sent)
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
        status = JobStatus.COMPLETED if sent >= pace.alerts_total else JobStatus.CANCELLED
        finish = partial(
            self.store.finish, job.job_id, status, alerts_sent=sent, error=None, now_ms=self.clock.now_ms()
        )
        if await retry_until_stopped(finish, stop=stop, on_failure=_waiting):
            _log.info("job_ended", job_id=job.job_id, status=str(status), alerts_sent=sent)

    async def _note(self, job: GeneratorJob, sent: int) -> bool:
        """Note how far the job is; while that cannot be noted, it goes on."""
        try:
            return await self.store.note_progress(job.job_id, sent)
        except PortUnavailable:
            return True

    def _wait_ms(self, next_due_at_ms: int) -> int:
        left_ms = next_due_at_ms - self.clock.now_ms()
        return 0 if left_ms < 0 else min(max(left_ms, STEP_MS), LOOK_MS)


def _outgoing(alert: Alert) -> Outgoing:
    return Outgoing(ALERTS_NEW, alert.alert_id.encode(), encode_alert(alert), message_headers(None))


def _waiting(failure: Failure) -> None:
    if failure.in_a_row == 1:
        _log.warning("job_waiting", code=failure.error.code)
