"""A platform in memory for tests of stages: the adapters that ship, a clock that stands still."""

from collections.abc import Sequence

from alerting_core.domain.alert import Alert, Severity
from alerting_core.domain.client import Client
from alerting_core.domain.endpoint import Endpoint, EndpointType, SigningSecret
from alerting_core.domain.rule import Catches, Rule
from alerting_core.memory.clients import MemoryClientStore
from alerting_core.memory.database import MemoryClock, MemoryDatabase
from alerting_core.memory.deliveries import MemoryAbandonedLeases, MemoryDeliveryStore, MemoryPresence
from alerting_core.memory.endpoints import MemoryEndpointStore
from alerting_core.memory.episodes import MemoryEpisodeStore
from alerting_core.memory.history import MemoryAlertLog
from alerting_core.memory.log import MemoryLog
from alerting_core.memory.notifications import MemoryNotificationStore
from alerting_core.memory.rule_distribution import MemoryRuleSource
from alerting_core.memory.rules import MemoryRuleStore
from alerting_core.memory.stream import MemorySink, MemoryStream
from alerting_core.memory.transport import MemoryTransport
from alerting_core.ports.stream import Stream, alert_record
from alerting_core.stages.batch import BatchReport, StageName
from alerting_core.stages.loop import DrainableStage
from alerting_core.stages.send import DeliveryPolicy
from alerting_core.stages.wiring import Tuning
from alerting_core.topology import Pipeline, PipelinePorts

NOW_MS = 1_700_000_000_000
SECRET = SigningSecret("whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0")


class Platform:
    """The pipeline and all that it stands on."""

    def __init__(self) -> None:
        self.clock = MemoryClock(NOW_MS)
        self.log = MemoryLog(clock=self.clock, partitions=2)
        self.db = MemoryDatabase()
        self.transport = MemoryTransport()
        self.deliveries = MemoryDeliveryStore(self.db)
        self.notifications = MemoryNotificationStore(self.db)
        self.episodes = MemoryEpisodeStore(self.db)
        self.alert_log = MemoryAlertLog(self.db)
        self.pipeline = self.new_pipeline()

    def new_pipeline(self) -> Pipeline:
        """Start over, as a process does after a crash: only what is stored remains."""
        ports = PipelinePorts(
            open_stream=self.open_stream,
            sink=MemorySink(self.log),
            rules=MemoryRuleSource(self.db),
            alerts=self.alert_log,
            episodes=self.episodes,
            notifications=self.notifications,
            deliveries=self.deliveries,
            transport=self.transport,
            clock=self.clock,
            presence=MemoryPresence(self.db, "only"),
            abandoned=MemoryAbandonedLeases(self.db),
        )
        return Pipeline(ports, Tuning(policy=DeliveryPolicy(idle_wait_ms=1), wait_ms=0))

    async def drain(self) -> BatchReport:
        """Let the sender end what it has under way; return what it did."""
        sender = self.pipeline.by_name[StageName.SENDER]
        assert isinstance(sender, DrainableStage)
        return await sender.drain()

    def open_stream(self, topic: str, group: str) -> Stream:
        """Return the one consumer of a group."""
        return MemoryStream(self.log, topic=topic, group=group, member="only")

    async def catch(self, client_id: str, catches: Catches) -> Rule:
        """Store a client, if it is new, and a rule that catches more than a pattern."""
        return await self.add_rule(client_id, source="*", catches=catches)

    async def add_rule(
        self,
        client_id: str,
        *,
        severity: str = "*",
        source: str = "api",
        name: str = "*",
        catches: Catches = Catches.PATTERN,
    ) -> Rule:
        """Store a client, if it is new, and a rule with one webhook endpoint."""
        if client_id not in self.db.clients:
            await MemoryClientStore(self.db).create(Client(client_id, client_id, NOW_MS, NOW_MS))
        number = len(self.db.rules)
        rule_id = f"00000000-0000-4000-8000-{number:012d}"
        rule = await MemoryRuleStore(self.db).create(
            Rule(rule_id, client_id, severity, source, name, True, 1, NOW_MS, NOW_MS, catches=catches), by_operator=True
        )
        endpoint_id = f"00000000-0000-4000-9000-{number:012d}"
        url = f"http://{client_id}.local/{number}"
        endpoint = Endpoint(
            endpoint_id, client_id, rule_id, EndpointType.WEBHOOK, url, True, 1, NOW_MS, NOW_MS, secret=SECRET
        )
        await MemoryEndpointStore(self.db).create(None, endpoint)
        return rule

    def send(self, *alerts: Alert) -> None:
        """Append alerts to alerts.new."""
        self.log.append([alert_record(alert) for alert in alerts])

    async def step(self, stage: StageName) -> BatchReport:
        """Run one step of one stage."""
        return await self.pipeline.by_name[stage].step()

    async def run_all(self, *, steps: int = 6) -> None:
        """Run every stage in turn, often enough for an alert to pass through."""
        for _ in range(steps):
            for stage in (
                StageName.RECORDER,
                StageName.EPISODE_KEEPER,
                StageName.EVALUATOR,
                StageName.AGGREGATOR,
                StageName.RESOLVER,
                StageName.DISPATCHER,
                StageName.SENDER,
            ):
                await self.step(stage)

    def records(self, topic: str) -> Sequence[bytes]:
        """Return the values in a topic."""
        return [
            record.value
            for partition in range(self.log.partitions)
            for record in self.log.read(topic, partition, offset=0, records_max=1_000)
        ]


def make_alert(alert_id: str = "a1", *, source: str = "api", name: str = "timeout") -> Alert:
    """Return an alert with boring values."""
    return Alert(alert_id, Severity.HIGH, source, name, NOW_MS // 1_000, {"region": "eu"})
