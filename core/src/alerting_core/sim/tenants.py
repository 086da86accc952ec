"""The clients of a world with their rules and endpoints, the people who edit them, and the alerts."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from alerting_core.codec.records import encode_alert
from alerting_core.domain.alert import SEVERITY_NAMES, WILDCARD, Alert, AlertKey, Severity
from alerting_core.domain.client import Client
from alerting_core.domain.endpoint import DisableReason, Endpoint, EndpointType, SigningSecret
from alerting_core.domain.rule import Catches, Rule
from alerting_core.domain.text import derive_uuid
from alerting_core.errors import Conflict, LimitExceeded, PortUnavailable
from alerting_core.memory.clients import MemoryClientStore
from alerting_core.memory.database import MemoryDatabase
from alerting_core.memory.endpoints import MemoryEndpointStore
from alerting_core.memory.log import MemoryLog
from alerting_core.memory.rules import MemoryRuleStore
from alerting_core.ports.stream import ALERTS_MATCHED, ALERTS_NEW, NOTIFICATIONS_READY, Outgoing, Sink, alert_record
from alerting_core.sim.facts import Process
from alerting_core.sim.faults import dice_for, happens
from alerting_core.sim.observations import Gate
from alerting_core.sim.simulation import Simulation
from alerting_core.sim.streams import open_sink

SOURCES: Final = ("api", "db", "cache")
NAMES: Final = ("timeout", "crash", "disk", "*")
"""`*` is plain text in an alert."""

HOSTS_MAX: Final = 4

_SECRET_OVERLAP_MS: Final = 60_000

CATCH_ALLS: Final = (0, 0, 1, 2)
"""Rules that catch everything, or what is unmatched, in as many drawn worlds each."""

CATCH_ALL_EDIT_SHARE: Final = 0.25
"""Of the edits of rules, where there are such rules."""

CATCH_ALL_EDIT: Final = "edit of a catch-all"


@dataclass(frozen=True, slots=True)
class Edit:
    """Something that a person did."""

    kind: str
    what: str
    changed_rules: bool


class Tenants:
    """Creates and edits clients, rules and endpoints through the stores that the API uses."""

    def __init__(self, database: MemoryDatabase, *, dice: Random, seed: int, now_ms: Callable[[], int]) -> None:
        self._database, self._dice, self._seed, self._now_ms = database, dice, seed, now_ms
        self._catch_dice = dice_for(seed, "catch-alls")
        self._has_catch_alls = False
        self._clients = MemoryClientStore(database)
        self._rules = MemoryRuleStore(database)
        self._endpoints = MemoryEndpointStore(database)
        self._ids = 0

    async def populate(self, *, clients: int, rules: int, endpoints: int) -> None:
        """Create *clients*, each with up to *rules* rules of up to *endpoints* endpoints."""
        for number in range(clients):
            client_id = f"client-{number}"
            await self._clients.create(Client(client_id, f"Client {number}", self._now_ms(), self._now_ms()))
            for _ in range(self._dice.randint(1, rules)):
                await self._new_rule(client_id, endpoints)
        for _ in range(self._catch_dice.choice(CATCH_ALLS)):
            self._has_catch_alls = True
            await self._new_catch_all(endpoints)

    async def edit_rule(self) -> Edit | None:
        """Create, change, enable, disable or delete a rule of some client; None when there is none."""
        if not self._database.clients:
            return None
        if self._has_catch_alls and self._catch_dice.random() < CATCH_ALL_EDIT_SHARE:
            return await self._edit_catch_all()
        client_id = self._dice.choice(list(self._database.clients))
        rules = list(await self._rules.all_of(client_id))
        action = self._dice.choice(("create", "change", "toggle", "toggle", "delete"))
        if action == "create" or not rules:
            created = await self._new_rule(client_id, 2)
            return Edit("rule edit", f"{client_id} creates rule {created}", changed_rules=True) if created else None
        rule = self._dice.choice(rules)
        if action == "delete":
            await self._rules.delete(client_id, rule.rule_id, expected_version=None, now_ms=self._now_ms())
            return Edit("rule edit", f"{client_id} deletes rule {rule.rule_id}", changed_rules=True)
        if action == "toggle":
            changed = replace(rule, enabled=not rule.enabled, updated_at_ms=self._now_ms())
        else:
            severity, source, name = self._pattern()
            changed = replace(rule, severity=severity, source=source, name=name, catches=Catches.PATTERN)
            changed = replace(changed, updated_at_ms=self._now_ms())
        try:
            await self._rules.replace(client_id, changed, expected_version=rule.version)
        except Conflict:
            return None
        return Edit("rule edit", f"{client_id} changes rule {rule.rule_id}", changed_rules=True)

    async def edit_endpoint(self) -> Edit | None:
        """Change, disable, delete or re-key an endpoint of some client; None when there is none."""
        if not self._database.endpoints:
            return None
        endpoint = self._dice.choice(list(self._database.endpoints.values()))
        action = self._dice.choice(("move", "toggle", "rotate", "delete"))
        if action == "delete":
            await self._endpoints.delete(endpoint.client_id, endpoint.endpoint_id, expected_version=None)
            return Edit(
                "endpoint edit", f"{endpoint.client_id} deletes endpoint {endpoint.endpoint_id}", changed_rules=False
            )
        try:
            await self._endpoints.replace(endpoint.client_id, self._edited(endpoint, action), expected_version=None)
        except Conflict:
            return None
        return Edit(
            "endpoint edit", f"{endpoint.client_id} {action}s endpoint {endpoint.endpoint_id}", changed_rules=False
        )

    async def delete_client(self) -> Edit | None:
        """Delete a client, but never the last one."""
        if len(self._database.clients) < 2:
            return None
        client_id = self._dice.choice(list(self._database.clients))
        await self._clients.delete(client_id, now_ms=self._now_ms())
        return Edit("client deletion", f"{client_id} is deleted", changed_rules=True)

    async def _edit_catch_all(self) -> Edit | None:
        """Let an operator create, switch, change or delete a rule that catches more than a pattern."""
        dice = self._catch_dice
        rules = [rule for rule in self._database.rules.values() if rule.is_catch_all]
        action = dice.choice(("create", "toggle", "toggle", "change", "delete"))
        if action == "create" or not rules:
            created = await self._new_catch_all(2)
            return Edit(CATCH_ALL_EDIT, f"an operator creates rule {created}", changed_rules=True) if created else None
        rule = dice.choice(rules)
        if action == "delete":
            await self._rules.delete(None, rule.rule_id, expected_version=None, now_ms=self._now_ms())
            return Edit(CATCH_ALL_EDIT, f"an operator deletes rule {rule.rule_id}", changed_rules=True)
        changed = replace(rule, updated_at_ms=self._now_ms())
        if action == "toggle":
            changed = replace(changed, enabled=not rule.enabled)
        else:
            changed = replace(changed, catches=dice.choice((Catches.EVERYTHING, Catches.UNMATCHED)))
        try:
            await self._rules.replace(None, changed, expected_version=rule.version)
        except Conflict:
            return None
        return Edit(CATCH_ALL_EDIT, f"an operator changes rule {rule.rule_id}", changed_rules=True)

    async def _new_catch_all(self, endpoints: int) -> str | None:
        client_id = self._catch_dice.choice(list(self._database.clients))
        catches = self._catch_dice.choice((Catches.EVERYTHING, Catches.UNMATCHED, Catches.UNMATCHED))
        return await self._create(client_id, (WILDCARD, WILDCARD, WILDCARD), endpoints, catches)

    async def _new_rule(self, client_id: str, endpoints: int) -> str | None:
        return await self._create(client_id, self._pattern(), endpoints, Catches.PATTERN)

    async def _create(
        self, client_id: str, pattern: tuple[str, str, str], endpoints: int, catches: Catches
    ) -> str | None:
        rule_id, now_ms = self._new_id("sim-rule"), self._now_ms()
        rule = Rule(rule_id, client_id, *pattern, True, 1, now_ms, now_ms, catches=catches)
        try:
            await self._rules.create(rule, by_operator=rule.is_catch_all)
        except (Conflict, LimitExceeded):
            return None
        for _ in range(self._dice.randint(0, endpoints)):
            try:
                await self._endpoints.create(client_id, self._new_endpoint(client_id, rule_id))
            except Conflict:
                continue
        return rule_id

    def _pattern(self) -> tuple[str, str, str]:
        while True:
            severity = self._dice.choice((*SEVERITY_NAMES, WILDCARD, WILDCARD))
            source, name = self._dice.choice((*SOURCES, WILDCARD)), self._dice.choice((*NAMES[:3], WILDCARD, WILDCARD))
            if (severity, source, name) != (WILDCARD, WILDCARD, WILDCARD):
                return severity, source, name

    def _new_endpoint(self, client_id: str, rule_id: str) -> Endpoint:
        kind = self._dice.choice((EndpointType.WEBHOOK, EndpointType.WEBHOOK, EndpointType.SLACK, EndpointType.EMAIL))
        return Endpoint(
            endpoint_id=self._new_id("sim-endpoint"),
            client_id=client_id,
            rule_id=rule_id,
            type=kind,
            value=self._value(client_id, kind),
            enabled=self._dice.random() < 0.9,
            version=1,
            created_at_ms=self._now_ms(),
            updated_at_ms=self._now_ms(),
            secret=SigningSecret(self._secret()) if kind is EndpointType.WEBHOOK else None,
        )

    def _edited(self, endpoint: Endpoint, action: str) -> Endpoint:
        now_ms = self._now_ms()
        if action == "toggle":
            reason = DisableReason.BY_USER if endpoint.enabled else None
            return replace(endpoint, enabled=not endpoint.enabled, disabled_reason=reason, updated_at_ms=now_ms)
        if action == "rotate" and endpoint.secret is not None:
            secret = SigningSecret(self._secret(), endpoint.secret.current, now_ms + _SECRET_OVERLAP_MS)
            return replace(endpoint, secret=secret, updated_at_ms=now_ms)
        return replace(endpoint, value=self._value(endpoint.client_id, endpoint.type), updated_at_ms=now_ms)

    def _value(self, client_id: str, kind: EndpointType) -> str:
        """Few different targets for each client, so that several rules lead to the same one."""
        place, host = self._dice.randrange(3), f"h{self._dice.randrange(HOSTS_MAX)}.sim"
        match kind:
            case EndpointType.EMAIL:
                others = [f"{client_id}+{n}@mail.sim" for n in range(place)]
                return ", ".join((f"{client_id}+{place}@mail.sim", *others))
            case EndpointType.SLACK:
                return f"https://{host}/{client_id}/slack/{place}"
            case EndpointType.WEBHOOK:
                return f"https://{host}/{client_id}/hook/{place}"

    def _secret(self) -> str:
        return "whsec_" + b64encode(self._dice.randbytes(24)).decode()

    def _new_id(self, kind: str) -> str:
        self._ids += 1
        return derive_uuid(kind, str(self._seed), str(self._ids))


BATCH_MAX: Final = 6
RETRY_MS: Final = 700.0

PRIVATE_SHARE: Final = 0.3
"""Of the alerts, in every other world."""

SAME_ID_SHARE: Final = 0.5
"""Of the private ones: they take an id that a shared one, or another client's, may have too."""


class Source:
    """Sends alerts to the log as the API does, and sends them again until it is told that they are accepted.

    Attributes:
        accepted: Those for which the log has answered.
        poison: The values that were put among them.
    """

    def __init__(self, simulation: Simulation, log: MemoryLog) -> None:
        self._simulation, self._log = simulation, log
        self._dice = dice_for(simulation.seed, "source")
        self._owner_dice = dice_for(simulation.seed, "owners")
        self._private_share = self._owner_dice.choice((0.0, PRIVATE_SHARE))
        self._keys: set[AlertKey] = set()
        self.accepted: list[Alert] = []
        self.poison: list[tuple[str, bytes]] = []
        self.is_done = False

    async def run(self, *, alerts: int, clients: int, over_ms: int) -> None:
        """Send *alerts* alerts within about *over_ms*, some of them private to one of *clients* clients."""
        gate = Gate(self._simulation, Process("source"), mortal=False)
        sink = open_sink(gate, self._log)
        sent = 0
        while sent < alerts:
            count = min(alerts - sent, self._dice.randint(1, BATCH_MAX))
            batch = [self._owned(self._alert(sent + number), sent + number, clients) for number in range(count)]
            sent += count
            await self._simulation.loop.pause(self._dice.random() * 2.0 * over_ms * count / alerts)
            await self._send(sink, [alert_record(alert) for alert in batch])
            self.accepted += batch
            if happens(self._dice, self._simulation.faults.poison_per_alert * count):
                await self._poison(sink)
            if happens(self._dice, self._simulation.faults.duplicates_per_record):
                self._simulation.count("alert sent again")
                await self._send(sink, [alert_record(self._dice.choice(self.accepted))])
        self.is_done = True

    async def _send(self, sink: Sink, records: Sequence[Outgoing]) -> None:
        while True:
            try:
                return await sink.publish(records)
            except PortUnavailable:
                await self._simulation.loop.pause(RETRY_MS)

    async def _poison(self, sink: Sink) -> None:
        topic = self._dice.choice((ALERTS_NEW, ALERTS_NEW, ALERTS_MATCHED, NOTIFICATIONS_READY))
        value = poison_value(self._dice)
        self._simulation.count(f"poison in {topic}")
        self.poison.append((topic, value))
        await self._send(sink, [Outgoing(topic, f"poison-{len(self.poison)}".encode(), value)])

    def _owned(self, alert: Alert, number: int, clients: int) -> Alert:
        """Return *alert*, or one that is private to a client and may have an id that others use too."""
        dice = self._owner_dice
        if dice.random() < self._private_share:
            owner = f"client-{dice.randrange(clients)}"
            wanted = f"alert-{dice.randrange(number + 1)}" if dice.random() < SAME_ID_SHARE else alert.alert_id
            self._simulation.count("private alert")
            if (owner, wanted) not in self._keys and wanted != alert.alert_id:
                self._simulation.count("private alert of an id that is in use")
                alert = replace(alert, alert_id=wanted)
            alert = replace(alert, owner=owner)
        self._keys.add(alert.key)
        return alert

    def _alert(self, number: int) -> Alert:
        dice = self._dice
        context = {"number": str(number)} | ({"region": dice.choice(("eu", "us"))} if dice.random() < 0.3 else {})
        severity = dice.choice((*Severity, Severity.HIGH, Severity.CRITICAL))
        return Alert(f"alert-{number}", severity, dice.choice(SOURCES), dice.choice(NAMES), 1_700_000_000, context)


def poison_value(dice: Random) -> bytes:
    """Return bytes that no message of any topic has: broken protobuf, or a message without what it must have."""
    blank = encode_alert(Alert("alert-0", Severity.LOW, "", "", 1))
    return dice.choice((b"\xff", b"\x0a\xff\xff\xff\xff\x0f", b"", b"{}", blank, dice.randbytes(12) + b"\xff"))
