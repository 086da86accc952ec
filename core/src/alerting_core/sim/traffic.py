"""The sources of a world: alerts, repeated until they are accepted, and records that no codec can read."""

from collections.abc import Sequence
from random import Random
from typing import Final

from alerting_core.codec.alert import encode_alert
from alerting_core.domain.alert import Alert
from alerting_core.domain.severity import Severity
from alerting_core.errors import PortUnavailable
from alerting_core.memory.log import MemoryLog
from alerting_core.ports.records import alert_record
from alerting_core.ports.stream import ALERTS_MATCHED, ALERTS_NEW, NOTIFICATIONS_READY, Outgoing, Sink
from alerting_core.sim.dice import dice_for, happens
from alerting_core.sim.gate import Gate
from alerting_core.sim.process import Process
from alerting_core.sim.simulation import Simulation
from alerting_core.sim.streams import open_sink
from alerting_core.sim.tenants import NAMES, SOURCES

BATCH_MAX: Final = 6
RETRY_MS: Final = 700.0


class Source:
    """Sends alerts to the log as the API does, and sends them again until it is told that they are accepted.

    Attributes:
        accepted: Those for which the log has answered.
        poison: The values that were put among them.
    """

    def __init__(self, simulation: Simulation, log: MemoryLog) -> None:
        self._simulation, self._log = simulation, log
        self._dice = dice_for(simulation.seed, "source")
        self.accepted: list[Alert] = []
        self.poison: list[tuple[str, bytes]] = []
        self.is_done = False

    async def run(self, *, alerts: int, over_ms: int) -> None:
        """Send *alerts* alerts within about *over_ms*."""
        gate = Gate(self._simulation, Process("source"), mortal=False)
        sink = open_sink(gate, self._log)
        sent = 0
        while sent < alerts:
            count = min(alerts - sent, self._dice.randint(1, BATCH_MAX))
            batch = [self._alert(sent + number) for number in range(count)]
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

    def _alert(self, number: int) -> Alert:
        dice = self._dice
        context = {"number": str(number)} | ({"region": dice.choice(("eu", "us"))} if dice.random() < 0.3 else {})
        severity = dice.choice((*Severity, Severity.HIGH, Severity.CRITICAL))
        return Alert(f"alert-{number}", severity, dice.choice(SOURCES), dice.choice(NAMES), 1_700_000_000, context)


def poison_value(dice: Random) -> bytes:
    """Return bytes that no message of any topic has: broken protobuf, or a message without what it must have."""
    blank = encode_alert(Alert("", Severity.LOW, "api", "timeout", 1))
    return dice.choice((b"\xff", b"\x0a\xff\xff\xff\xff\x0f", b"", b"{}", blank, dice.randbytes(12) + b"\xff"))
