"""A stage that is added to the table of the topology is wherever stages are: nothing else has to be changed."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

import pytest

from alerting_api.metrics import MetricsShown, topology_shown
from alerting_backend.settings import Settings
from alerting_backend.workers.process import NEEDS, Resources, make_worker
from alerting_core.app.operations import Dashboard
from alerting_core.memory.history import MemoryNotificationHistory
from alerting_core.ports.stream import NOTIFICATIONS_READY, Record, Stream
from alerting_core.sim.faults import Faults
from alerting_core.sim.world import World
from alerting_core.stages.batch import BatchReport, StageName, WorkerKind, offsets_after
from alerting_core.stages.meter import StageMeter
from alerting_core.stages.wiring import AlertPorts, StageSpec, Wiring
from alerting_core.topology import ALERT_WORKERS, alert_stages, groups_of, rule_stages, workers
from alerting_playground.session.scenario import Scenario
from tests.playground.live import session_of
from tests.unit.core.stages.platform import NOW_MS, Platform, make_alert

GROUP: Final = "auditor-group"


def _another_name(value: str) -> StageName:
    """Return what the next member of the enum would be; an enum cannot be extended while it is in use."""
    name = str.__new__(StageName, value)
    name._name_, name._value_ = value.upper(), value
    return name


AUDITOR: Final = _another_name("auditor")


@dataclass
class Auditor:
    """Reads what is ready in a group of its own, and notes it."""

    stream: Stream
    wait_ms: int
    seen: list[Record]

    async def step(self) -> BatchReport:
        records = await self.stream.poll(records_max=10, wait_ms=self.wait_ms)
        if not records:
            return BatchReport(AUDITOR)
        self.seen += records
        await self.stream.commit((), offsets_after(records))
        return BatchReport(AUDITOR, received=len(records))


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Record]:
    """Add the auditor to the recorder's stages; return what it has seen."""
    records: list[Record] = []

    def make(wiring: Wiring[AlertPorts]) -> Auditor:
        return Auditor(wiring.input(), wiring.tuning.wait_ms, records)

    added = StageSpec(name=AUDITOR, does="Notes what is ready", reads=NOTIFICATIONS_READY, group=GROUP, make=make)
    monkeypatch.setitem(ALERT_WORKERS, WorkerKind.RECORDER, (*ALERT_WORKERS[WorkerKind.RECORDER], added))
    return records


async def test_an_added_stage_runs_in_the_embedded_pipeline(seen: list[Record]) -> None:
    platform = Platform()
    await platform.add_rule("acme")
    platform.send(make_alert())
    await platform.run_all()
    assert (await platform.step(AUDITOR)).received == len(seen) == 1
    assert AUDITOR in platform.pipeline.streams


async def test_an_added_stage_is_run_by_its_worker(seen: list[Record]) -> None:
    settings = Settings(kafka_brokers="127.0.0.1:9", postgres_dsn="postgresql://nobody@127.0.0.1:9/none")
    async with AsyncExitStack() as stack:
        resources = Resources(settings, stack)
        await resources.open(NEEDS[WorkerKind.RECORDER])
        worker = await make_worker(WorkerKind.RECORDER, resources)
    added = next(one for one in worker.stages if one.name is AUDITOR)
    assert isinstance(added.stage, Auditor)
    assert added.stream is added.stage.stream
    assert seen == []


def test_an_added_stage_runs_in_every_simulated_world(seen: list[Record]) -> None:
    for seed in range(3):
        seen.clear()
        world = World(seed, Faults())
        assert world.run().is_good
        assert world.groups[GROUP] == NOTIFICATIONS_READY
        assert len(seen) == sum(world.log.end_offsets(NOTIFICATIONS_READY)) > 0


def test_an_added_stage_is_in_the_picture_of_the_playground(seen: list[Record]) -> None:
    with session_of(Scenario()) as session:
        session.advance(5_000)
        snapshot = session.snapshot()
    shown = next(stage for stage in snapshot["stages"] if stage["stage"] == AUDITOR)
    assert (shown["worker_group"], shown["topic"], shown["group"]) == ("recorder", NOTIFICATIONS_READY, GROUP)
    assert shown["in_total"] == len(seen) > 0
    topic = next(topic for topic in snapshot["topics"] if topic["topic"] == NOTIFICATIONS_READY)
    assert GROUP in [group["group"] for group in topic["groups"]]
    worker = next(worker for worker in snapshot["workers"] if worker["worker"] == "recorder-1")
    assert NOTIFICATIONS_READY in worker["partitions"]


async def test_the_user_interface_gets_an_added_stage_with_its_figures(seen: list[Record]) -> None:
    platform, meter = Platform(), StageMeter()
    await platform.add_rule("acme")
    platform.send(make_alert())
    await platform.run_all()
    for one in platform.pipeline.stages:
        meter.step_done(await one.stage.step(), instance="only", now_ms=NOW_MS)
    figures = await Dashboard(MemoryNotificationHistory(platform.db), meter, platform.clock).read(None)
    shown = MetricsShown.of(figures, topology=topology_shown()).model_dump(mode="json")
    assert {
        "stage": "auditor",
        "worker": "recorder",
        "does": "Notes what is ready",
        "reads": NOTIFICATIONS_READY,
        "group": GROUP,
        "on_path": False,
        "handles": "alerts",
    } in shown["topology"]
    assert next(stage["received"] for stage in shown["pipeline"] if stage["stage"] == "auditor") == len(seen) == 1


def test_every_stage_has_one_place_in_the_table() -> None:
    names = [spec.name for specs in workers().values() for spec in specs]
    assert sorted(names) == sorted(StageName)
    assert list(workers()) == list(WorkerKind)
    assert set(NEEDS) == set(WorkerKind)


def test_no_two_stages_share_a_group() -> None:
    specs = [*alert_stages(), *rule_stages()]
    assert len(groups_of(specs)) == sum(spec.group is not None for spec in specs)
    assert [spec.name for spec in specs if spec.group is not None and spec.idle_pause_ms] == []
