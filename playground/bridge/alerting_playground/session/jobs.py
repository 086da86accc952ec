"""Works off the jobs of the alert generator, on virtual time."""

from itertools import islice
from typing import TYPE_CHECKING, Final

from alerting_core.generator.alerts import generate_alerts, pace_of
from alerting_core.memory.jobs import MemoryJobStore
from alerting_core.ports.jobs import GeneratorJob, JobStatus
from alerting_core.ports.stream import alert_record
from alerting_core.sim.faults import Resource
from alerting_playground.session import limits

if TYPE_CHECKING:
    from alerting_playground.session.world import LiveWorld

LOOK_MS: Final = 200
BATCH_MAX: Final = 500
AT_ONCE_MAX: Final = 4
"""Jobs that run beside each other; the others wait."""


async def run_jobs(world: "LiveWorld", store: MemoryJobStore) -> None:
    """Take up waiting jobs for ever."""
    running = 0

    async def work_off(job: GeneratorJob) -> None:
        nonlocal running
        await _work_off(world, store, job)
        running -= 1

    while True:
        await world.loop.pause(LOOK_MS)
        while running < AT_ONCE_MAX and (job := await store.take(now_ms=world.wall_ms("people"))):
            running += 1
            world.outside(work_off(job))


async def _work_off(world: "LiveWorld", store: MemoryJobStore, job: GeneratorJob) -> None:
    begun_ms, pace, sent = world.loop.now_ms(), pace_of(job.config), 0
    alerts = generate_alerts(job.config, started_at_ms=world.wall_ms("people"))
    while sent < pace.alerts_total:
        held_back = world.is_away(Resource.LOG) or world.under_way() > limits.UNFINISHED_MAX
        due = 0 if held_back else min(pace.due_by(world.loop.now_ms() - begun_ms) - sent, BATCH_MAX)
        if due > 0:
            world.log.append([alert_record(alert) for alert in islice(alerts, due)])
            sent += due
        if not await store.note_progress(job.job_id, sent):
            break
        if sent < pace.alerts_total:
            await world.loop.pause(max(10, min(LOOK_MS, begun_ms + pace.due_at_ms(sent) - world.loop.now_ms())))
    status = JobStatus.COMPLETED if sent >= pace.alerts_total else JobStatus.CANCELLED
    now_ms = world.wall_ms("people")
    await store.finish(job.job_id, status, alerts_sent=sent, error=None, now_ms=now_ms)
