"""A whole API in this process, on the stores in memory or on those of a real Postgres."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from alerting_api.auth import KeyAuthenticator
from alerting_backend.api.app import create_app, install
from alerting_backend.api.probes import ServerContainer
from alerting_core.app.application import Application, ApplicationPorts
from alerting_core.app.dead_letters import DeadLetters
from alerting_core.app.operations import Dashboard, GeneratorJobs
from alerting_core.codec.records import NotificationReady, Rejected, decode_alert, decode_notification_ready
from alerting_core.delivery.plan import plan_deliveries
from alerting_core.domain.alert import Alert, Match, Severity
from alerting_core.domain.claim import Outcome
from alerting_core.domain.delivery import Attempt, DeliveryEvent, Reason
from alerting_core.domain.notification import Notification
from alerting_core.memory.database import MemoryClock
from alerting_core.ports.delivery import DeliveryStore, NotificationStore
from alerting_core.ports.history import AlertLog
from alerting_core.ports.idempotency import IdempotencyStore
from alerting_core.ports.operations import DeadLetterStore, JobStore
from alerting_core.ports.stream import ALERTS_NEW, NOTIFICATIONS_READY, Record, Stream, dead_letter
from alerting_core.stages.meter import StageMeter

START_MS = 1_767_323_045_678  # 2026-01-02T03:04:05.678Z
ADMIN_KEY = "alk_admin-key-of-the-tests"


class Backing:
    """What a world stands on; one of `MemoryBacking` and `PostgresBacking`."""

    clock: MemoryClock
    ports: ApplicationPorts
    idempotency: IdempotencyStore
    jobs: JobStore
    notifications: NotificationStore
    deliveries: DeliveryStore
    alerts: AlertLog
    letters: DeadLetterStore

    def stream(self, topic: str) -> Stream:
        """Return a consumer that starts at the first record of *topic*."""
        raise NotImplementedError

    async def footprint(self) -> Mapping[str, object]:
        """Return something that differs when anything stored differs, table by table."""
        raise NotImplementedError


@dataclass(frozen=True)
class World:
    """The application, what it stands on, and ways to call it and to prepare it."""

    app: FastAPI
    container: ServerContainer
    backing: Backing
    meter: StageMeter

    @property
    def clock(self) -> MemoryClock:
        """The time of this world."""
        return self.backing.clock

    def http(self, key: str | None = ADMIN_KEY, **headers: str) -> AsyncClient:
        """Return an HTTP client that sends *key*."""
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        transport = ASGITransport(self.app, raise_app_exceptions=False)
        return AsyncClient(transport=transport, base_url="http://test", headers=headers)

    async def key(self, *scopes: str, client_id: str | None = None) -> str:
        """Return the text of a new key."""
        new = await self.container.use.keys.create(None, client_id, name="test", scopes=scopes)
        return new.text

    async def footprint(self) -> Mapping[str, object]:
        """Return something that differs when anything stored differs."""
        return await self.backing.footprint()

    async def alerts(self) -> list[Alert]:
        """Return all alerts that were published, in no order that matters."""
        decoded = [decode_alert(record.value) for record in await self._records(ALERTS_NEW)]
        assert not [one for one in decoded if isinstance(one, Rejected)]
        return [one for one in decoded if not isinstance(one, Rejected)]

    async def ready(self) -> list[NotificationReady]:
        """Return what the dispatcher was told."""
        decoded = [decode_notification_ready(record.value) for record in await self._records(NOTIFICATIONS_READY)]
        return [one for one in decoded if not isinstance(one, Rejected)]

    async def _records(self, topic: str) -> list[Record]:
        return list(await self.backing.stream(topic).poll(records_max=10_000, wait_ms=0))

    async def refuse(self, value: bytes = b"\xff", *, topic: str = ALERTS_NEW, reason: str = "it is spoiled") -> None:
        """Put a record aside as a consumer does that cannot use it."""
        record = Record(topic, 1, 4_711, b"a-key", value, (("content-type", b"application/x-protobuf"),))
        await self.backing.ports.sink.publish([dead_letter(record, reason)])

    async def notify(self, rule: Mapping[str, Any], alert_id: str = "a-1", *, owner: str = "") -> Notification:
        """Make the notification that *rule* and an alert lead to, with its deliveries planned."""
        alert = Alert(alert_id, Severity.CRITICAL, "api", "timeout", START_MS // 1_000, {"region": "eu-west-1"})
        alert = replace(alert, owner=owner)
        match = Match(alert, rule["client_id"], (rule["rule_id"],))
        (recorded,) = await self.backing.notifications.record([match], now_ms=self.clock.now_ms())
        (notification,) = await self.backing.notifications.load([recorded.ref])
        endpoints = await self.backing.deliveries.endpoints_of([notification])
        plan = plan_deliveries(
            notification, endpoints.get(notification.notification_id, ()), now_ms=self.clock.now_ms(), placeholders=()
        )
        await self.backing.deliveries.plan([plan], now_ms=self.clock.now_ms())
        return notification

    async def deliver(self, reason: Reason = Reason.DELIVERED, *, event: DeliveryEvent = DeliveryEvent.ACCEPTED) -> int:
        """Make one attempt of everything that is due; return how many."""
        now_ms = self.clock.now_ms()
        claims = await self.backing.deliveries.claim_due(
            owner="test", now_ms=now_ms, lease_ms=1_000, limit=100, per_host_max=100, hosts_excluded=()
        )
        outcomes = []
        for number, claim in enumerate(claims):
            attempt = Attempt(
                attempt_id=f"00000000-0000-4000-8000-{number:012}",
                delivery_id=claim.delivery.delivery_id,
                number=claim.delivery.attempts + 1,
                reason=reason,
                started_at_ms=now_ms,
                latency_ms=42,
                status_code=200 if reason is Reason.DELIVERED else 500,
                response="ok",
            )
            outcomes.append(Outcome(claim, reason, event, attempt))
        await self.backing.deliveries.record_outcomes(outcomes, now_ms=now_ms)
        return len(outcomes)


async def make_world(backing: Backing, **changes: Any) -> World:
    """Return an empty world with one admin key; *changes* are made to its container."""
    ports, meter = backing.ports, StageMeter()
    container = ServerContainer(
        use=Application.on(ports),
        clock=ports.clock,
        authenticator=KeyAuthenticator(ports.keys, ports.clock),
        idempotency=backing.idempotency,
        jobs=GeneratorJobs(backing.jobs, ports.clock, ports.ids),
        dead_letters=DeadLetters(backing.letters),
        dashboard=Dashboard(ports.history, meter, ports.clock),
        started_at_ms=START_MS,
        stages=meter,
    )
    container = replace(container, **changes)
    await container.use.keys.ensure_admin_key(ADMIN_KEY)
    # Building the routes takes longer than most tests: one application serves all worlds, one after the other.
    if not _applications:
        _applications.append(create_app(container))
    (app,) = _applications
    install(app, container)
    return World(app, container, backing, meter)


_applications: list[FastAPI] = []


def digest(text: str) -> str:
    """Return a short stand-in for *text*."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]
