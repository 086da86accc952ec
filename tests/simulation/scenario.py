"""A world with one rule and the endpoints that a test asks for, and nothing that goes wrong by chance."""

from collections.abc import Sequence

from alerting_core.delivery.retry import RetrySchedule
from alerting_core.domain.alert import Alert, Severity
from alerting_core.domain.claim import Reply
from alerting_core.domain.client import Client
from alerting_core.domain.delivery import Attempt
from alerting_core.domain.endpoint import Endpoint, EndpointType, SigningSecret
from alerting_core.domain.rule import Rule
from alerting_core.memory.clients import add_endpoint, add_rule
from alerting_core.ports.stream import alert_record
from alerting_core.sim.faults import Faults
from alerting_core.sim.receivers import Treatment
from alerting_core.sim.workers import Size, WorkerSpec
from alerting_core.sim.world import World
from alerting_core.stages.batch import StageName
from alerting_core.stages.send import DeliveryPolicy
from alerting_core.stages.wiring import Tuning
from alerting_core.topology import alert_stages

HOUR_MS = 3_600_000
NOBODY_DIES = [spec for spec in alert_stages() if spec.name is not StageName.RECLAIMER]
"""Looking every second for who died is most of the work of a long world in which nobody does."""
CLIENT_ID = "client-1"


class Scenario:
    """One process, one client, one rule that every alert meets, and a webhook at each of *urls*."""

    def __init__(self, seed: int, urls: Sequence[str]) -> None:
        schedule = RetrySchedule()
        self.world = World(
            seed,
            Faults(),
            size=Size(clients=0, rules=0, endpoints=0, alerts=0, traffic_ms=0),
            worker_specs=[WorkerSpec("whole", "m0", NOBODY_DIES)],
            tuning=Tuning(
                records_max=100,
                outputs_max=100,
                wait_ms=600_000,
                sweep_after_ms=60_000,
                idle_pauses_ms={StageName.SWEEPER: 600_000},
                policy=DeliveryPolicy(schedule=schedule, idle_wait_ms=60_000),
                rule_clients_max=1,
            ),
            schedule=schedule,
        )
        database = self.world.database
        database.clients[CLIENT_ID] = Client(CLIENT_ID, "One", 0, 0)
        add_rule(database, Rule("rule-1", CLIENT_ID, "*", "api", "*", True, 1, 0, 0))
        for number, url in enumerate(urls):
            secret = SigningSecret("whsec_" + "A" * 32)
            add_endpoint(
                database,
                Endpoint(
                    f"endpoint-{number}", CLIENT_ID, "rule-1", EndpointType.WEBHOOK, url, True, 1, 0, 0, secret=secret
                ),
            )
        self.world.start()

    def answer(self, url: str, *replies: Reply, then: Reply | None = None, until_ms: int = 0) -> None:
        """Let *url* give *replies* one after the other and the last for ever, or *then* from *until_ms* on."""
        left = list(replies)

        def script(_: object) -> Treatment:
            reply = left.pop(0) if len(left) > 1 else left[0]
            if then is not None and self.world.loop.now_ms() >= until_ms:
                reply = then
            return Treatment(accepted=getattr(reply, "status", 0) // 100 == 2, reply=reply, after_ms=50.0)

        self.world.receivers.scripts[url] = script

    def alert(self, alert_id: str) -> None:
        """Let an alert come in."""
        self.world.log.append([alert_record(Alert(alert_id, Severity.HIGH, "api", "timeout", 1_700_000_000))])

    def end(self) -> None:
        """Run until everything has come to its end, and ask the checkers."""
        while any(row.due_at_ms is not None for row in self.world.database.deliveries.values()):
            self.world.run_until(self.world.loop.now_ms() + HOUR_MS)
        self.world.settle()
        report = self.world.finish()
        assert report.is_good, report.failure()

    def attempts(self) -> dict[str, list[Attempt]]:
        """Return URL → its attempts, first to last, of all notifications."""
        found: dict[str, list[Attempt]] = {}
        for id_, row in self.world.database.deliveries.items():
            found.setdefault(row.delivery.target, []).extend(
                self.world.database.attempts_of_delivery.get(id_, {}).values()
            )
        return found
