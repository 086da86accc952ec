"""Deliveries at the pace of each target, and one client's trouble beside another's deliveries, in virtual time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from statistics import quantiles
from typing import Final

import pytest

from alerting_core.delivery.retry import RetrySchedule
from alerting_core.domain.alert import Alert, Severity
from alerting_core.domain.claim import HttpMessage, HttpReply, Message, Reply, Unreached
from alerting_core.domain.client import Client
from alerting_core.domain.delivery import DeliveryStatus, Reason
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
from tests.simulation.scenario import HOUR_MS, NOBODY_DIES

SECOND_MS: Final = 1_000
BURST: Final = 150
SHORT: Final = RetrySchedule((2_000, 4_000, 8_000))
"""The schedule of the report: a delivery that is held up for longer than 17 s must not be given up for that."""

A_HOOK: Final = "https://hooks.sim/a/hook"
B_HOOK: Final = "https://hooks.sim/b/hook"


@dataclass
class Hook:
    """A receiver: what it was sent, when, and what it took."""

    answer: Callable[[float], Reply]
    answer_ms: float = 50.0
    came_ms: list[float] = field(default_factory=list[float])
    took_ms: list[float] = field(default_factory=list[float])


def one_in(spacing_ms: int, *, says_when: bool = True) -> Callable[[float], Reply]:
    """Return the answers of a receiver that takes one message in so many milliseconds."""
    free_at_ms = 0.0

    def answer(now_ms: float) -> Reply:
        nonlocal free_at_ms
        if now_ms < free_at_ms:
            wait_s = ceil((free_at_ms - now_ms) / SECOND_MS)
            return HttpReply(429, retry_after=str(wait_s) if says_when else None)
        free_at_ms = now_ms + spacing_ms
        return HttpReply(200)

    return answer


class Town:
    """Clients with one rule for alerts of their own and a hook each, and as many senders as are asked for."""

    def __init__(self, *, senders: int = 1, schedule: RetrySchedule = SHORT, seed: int = 1) -> None:
        self.world = World(
            seed,
            Faults(),
            size=Size(clients=0, rules=0, endpoints=0, alerts=0, traffic_ms=0),
            worker_specs=[WorkerSpec(f"whole-{number}", "m0", NOBODY_DIES) for number in range(senders)],
            tuning=Tuning(
                records_max=500,
                outputs_max=500,
                wait_ms=600_000,
                idle_pauses_ms={StageName.SWEEPER: 600_000, StageName.EPISODE_KEEPER: 600_000},
                policy=DeliveryPolicy(schedule=schedule, idle_wait_ms=60_000),
                rule_clients_max=1,
            ),
            schedule=schedule,
        )
        self.hooks: dict[str, Hook] = {}
        self.sent_ms: dict[str, float] = {}

    def add(self, client_id: str, url: str, hook: Hook) -> None:
        """Let *client_id* be told of its alerts at *url*."""
        database, number = self.world.database, len(self.hooks)
        database.clients.setdefault(client_id, Client(client_id, client_id, 0, 0))
        add_rule(database, Rule(f"rule-{number}", client_id, "*", f"for-{url}", "*", True, 1, 0, 0))
        secret = SigningSecret("whsec_" + "A" * 32)
        endpoint = Endpoint(
            f"endpoint-{number}", client_id, f"rule-{number}", EndpointType.WEBHOOK, url, True, 1, 0, 0, secret=secret
        )
        add_endpoint(database, endpoint)
        self.hooks[url] = hook
        self.world.receivers.scripts[url] = lambda message: self._treat(hook, message)

    def alert(self, url: str, alert_id: str) -> None:
        """Let an alert come in that is told at *url*."""
        self.sent_ms[alert_id] = self.world.loop.now_ms()
        self.world.log.append([alert_record(Alert(alert_id, Severity.HIGH, f"for-{url}", "timeout", 1_700_000_000))])

    def run_until(self, at_ms: float) -> None:
        """Let time pass."""
        self.world.run_until(round(at_ms))

    def run_to_the_end(self, *, look_every_ms: int = SECOND_MS) -> None:
        """Let time pass until every delivery has ended."""
        self.run_until(self.world.loop.now_ms() + 5 * SECOND_MS)
        while any(row.due_at_ms is not None for row in self.world.database.deliveries.values()):
            self.run_until(self.world.loop.now_ms() + look_every_ms)
        self.world.settle()
        report = self.world.finish()
        assert report.is_good, report.failure()

    def statuses(self, client_id: str) -> set[DeliveryStatus]:
        """Return the states of a client's deliveries."""
        rows = self.world.database.deliveries
        return {rows[id_].delivery.status for id_ in rows if rows[id_].delivery.client_id == client_id}

    def _treat(self, hook: Hook, message: Message) -> Treatment:
        now_ms = self.world.loop.now_ms()
        assert isinstance(message, HttpMessage)
        hook.came_ms.append(now_ms)
        reply = hook.answer(now_ms)
        took = isinstance(reply, HttpReply) and reply.status == 200
        if took:
            hook.took_ms.append(now_ms)
        return Treatment(accepted=took, reply=reply, after_ms=hook.answer_ms)


@pytest.mark.parametrize("says_when", [True, False])
@pytest.mark.parametrize("answer_ms", [5.0, 50.0, 300.0])
def test_a_burst_at_a_hook_that_takes_one_a_second_arrives_in_about_the_ideal_time(
    answer_ms: float, *, says_when: bool
) -> None:
    town = Town()
    hook = Hook(one_in(SECOND_MS, says_when=says_when), answer_ms)
    town.add("a", A_HOOK, hook)
    town.world.start()
    for number in range(BURST):
        town.alert(A_HOOK, f"alert-{number}")
    town.run_to_the_end()
    assert town.statuses("a") == {DeliveryStatus.DELIVERED}
    assert len(hook.took_ms) == BURST
    ideal_ms = (BURST - 1) * SECOND_MS
    took_ms = hook.took_ms[-1] - hook.took_ms[0]
    requests = len(hook.came_ms) / BURST
    print(f"{answer_ms=} {says_when=}: {took_ms / ideal_ms:.2f} x the time, {requests:.2f} x the requests")
    assert took_ms <= 1.25 * ideal_ms
    assert len(hook.came_ms) <= 1.2 * BURST


@pytest.mark.parametrize("seed", range(1, 5))
def test_two_senders_find_the_pace_of_a_hook_each_for_itself(seed: int) -> None:
    """They share no more than the times at which deliveries are due: it costs some more refusals, and no delivery."""
    town = Town(senders=2, seed=seed)
    hook = Hook(one_in(SECOND_MS))
    town.add("a", A_HOOK, hook)
    town.world.start()
    for number in range(BURST):
        town.alert(A_HOOK, f"alert-{number}")
    town.run_to_the_end()
    assert town.statuses("a") == {DeliveryStatus.DELIVERED}
    took_ms = hook.took_ms[-1] - hook.took_ms[0]
    print(f"{took_ms / (BURST - 1) / SECOND_MS:.2f} x the time, {len(hook.came_ms) / BURST:.2f} x the requests")
    assert took_ms <= 2.0 * (BURST - 1) * SECOND_MS
    assert len(hook.came_ms) <= 1.2 * BURST


def broken(_: float) -> Reply:
    return HttpReply(500)


def silent(_: float) -> Reply:
    return Unreached(Reason.TIMED_OUT)


TROUBLES: Final[dict[str, Callable[[], list[Hook]]]] = {
    "429, one a second": lambda: [Hook(one_in(SECOND_MS))],
    "500": lambda: [Hook(broken)],
    "silent": lambda: [Hook(silent, 15_000.0)],
    "silent, at twenty URLs": lambda: [Hook(silent, 15_000.0) for _ in range(20)],
    "500, at twenty URLs": lambda: [Hook(broken) for _ in range(20)],
}


def b_latencies(troubles: list[Hook]) -> list[float]:
    """Return how long B's deliveries took, beside A's burst to *troubles* at the same host."""
    town = Town()
    town.add("b", B_HOOK, Hook(lambda _: HttpReply(200)))
    urls = [f"{A_HOOK}/{number}" for number in range(len(troubles))]
    for url, hook in zip(urls, troubles, strict=True):
        town.add("a", url, hook)
    town.world.start()
    for number in range(BURST if troubles else 0):
        town.alert(urls[number % len(urls)], f"a-{number}")
    for number in range(100):
        town.run_until(number * 700)
        town.alert(B_HOOK, f"b-{number}")
    town.run_until(100 * 700 + 5 * SECOND_MS)
    assert town.statuses("b") == {DeliveryStatus.DELIVERED}
    sent_ms = [town.sent_ms[f"b-{number}"] for number in range(100)]
    latencies = [took - sent for took, sent in zip(town.hooks[B_HOOK].took_ms, sent_ms, strict=True)]
    town.world.finish()
    return latencies


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_clients_trouble_at_a_host_does_not_move_another_clients_deliveries_there(trouble: str) -> None:
    alone, beside = b_latencies([]), b_latencies(TROUBLES[trouble]())
    p99_alone, p99 = (quantiles(latencies, n=100)[98] for latencies in (alone, beside))
    print(f"{trouble}: B's p99 {p99:.1f} ms, alone {p99_alone:.1f} ms")
    assert p99 <= 1.2 * max(p99_alone, 1.0)


@pytest.mark.parametrize("answer", [broken, lambda _: HttpReply(429)], ids=["500", "429"])
def test_nothing_is_dead_without_one_request(answer: Callable[[float], Reply]) -> None:
    town = Town()
    hook = Hook(answer)
    town.add("a", A_HOOK, hook)
    town.world.start()
    for number in range(12):
        town.alert(A_HOOK, f"alert-{number}")
    town.run_to_the_end(look_every_ms=HOUR_MS)
    database = town.world.database
    dead = [id_ for id_ in database.deliveries if database.deliveries[id_].delivery.status is DeliveryStatus.DEAD]
    assert dead
    for id_ in dead:
        reasons = [attempt.reason for attempt in database.attempts_of_delivery[id_].values()]
        assert any(reason is not Reason.CIRCUIT_OPEN for reason in reasons)


def test_a_hook_that_recovers_is_trusted_again_within_minutes() -> None:
    town = Town()
    busy = one_in(SECOND_MS)
    hook = Hook(lambda now_ms: busy(now_ms) if now_ms < 60_000 else HttpReply(200))
    town.add("a", A_HOOK, hook)
    town.world.start()
    for number in range(1_000):
        town.alert(A_HOOK, f"alert-{number}")
    town.run_to_the_end()
    assert len(hook.took_ms) == 1_000
    print(f"the last arrived {hook.took_ms[-1] / SECOND_MS - 60:.0f} s after the recovery")
    assert hook.took_ms[-1] <= 60_000 + 180_000


def test_a_healthy_hook_of_the_same_client_does_not_wait_for_its_busy_one() -> None:
    town, other = Town(), "https://hooks.sim/a/other"
    town.add("a", A_HOOK, Hook(one_in(SECOND_MS)))
    well = Hook(lambda _: HttpReply(200))
    town.add("a", other, well)
    town.world.start()
    for number in range(BURST):
        town.alert(A_HOOK, f"busy-{number}")
    town.run_until(2 * SECOND_MS)
    for number in range(20):
        town.run_until((2 + number) * SECOND_MS)
        town.alert(other, f"well-{number}")
    town.run_until(30 * SECOND_MS)
    waits = [took - town.sent_ms[f"well-{number}"] for number, took in enumerate(well.took_ms)]
    assert len(waits) == 20
    assert max(waits) <= SECOND_MS
    town.run_to_the_end()
