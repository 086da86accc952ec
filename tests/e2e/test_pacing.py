"""One client's busy or broken hook beside another client's healthy one at the same host, on the real process."""

import json
import time
from collections.abc import Callable
from math import ceil
from statistics import median, quantiles

import httpx
import pytest
from aiohttp import web

from tests.support.platform_process import PlatformProcess
from tests.support.receiver import Receiver
from tests.support.thorough import amount

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(1_200)]

ROUNDS = amount(1, thorough=3)
BURST = amount(60, thorough=150)
B_ALERTS = amount(100, thorough=300)
B_EVERY_SECONDS = 0.1
NOISE_SECONDS = 0.1
"""What a machine with other work adds to the slowest of a hundred. A host that is left alone would add ten and more."""


def one_a_second() -> Callable[[float], web.Response | None]:
    """Return the answers of a hook that takes one message a second."""
    free_at = 0.0

    def answer(now: float) -> web.Response | None:
        nonlocal free_at
        if now < free_at:
            return web.Response(status=429, headers={"Retry-After": str(ceil(free_at - now))})
        free_at = now + 1.0
        return None

    return answer


def broken(_: float) -> web.Response:
    """Answer as a server that has a fault."""
    return web.Response(status=500)


def make_client(http: httpx.Client, receiver: Receiver, client_id: str) -> str:
    """Make a client that is notified of the alerts of the source of its name; return its target."""
    target = f"{receiver.url}/{client_id}"
    http.post("/api/v1/clients", json={"client_id": client_id, "name": client_id}).raise_for_status()
    rule = http.post(
        "/api/v1/rules", json={"client_id": client_id, "severity": "*", "source": client_id, "name": "*"}
    ).raise_for_status()
    endpoint = http.post(
        f"/api/v1/rules/{rule.json()['rule_id']}/endpoints", json={"type": "webhook", "value": target}
    ).raise_for_status()
    receiver.know_secrets({target: endpoint.json()["secret"]})
    return target


def send(http: httpx.Client, source: str, *alert_ids: str) -> None:
    alerts = [{"alert_id": id_, "severity": "HIGH", "source": source, "name": "timeout"} for id_ in alert_ids]
    http.post("/api/v1/alerts", json={"alerts": alerts}).raise_for_status()


def arrivals_at(receiver: Receiver, target: str) -> dict[str, float]:
    """Return alert id → when it arrived."""
    return {json.loads(one.body)["alert_id"]: one.at for one in receiver.arrivals if one.target == target}


def p99_of_b(http: httpx.Client, receiver: Receiver, target: str, name: str) -> float:
    """Send B's alerts one after the other, and return within how many seconds 99 of 100 arrived."""
    sent: dict[str, float] = {}
    for number in range(B_ALERTS):
        alert_id = f"{name}-{number}"
        sent[alert_id] = time.monotonic()
        send(http, "b", alert_id)
        time.sleep(B_EVERY_SECONDS)
    receiver.wait_for(lambda: sent.keys() <= arrivals_at(receiver, target).keys(), what=f"B's alerts, {name}")
    arrived = arrivals_at(receiver, target)
    return quantiles([arrived[alert_id] - at for alert_id, at in sent.items()], n=100)[98]


def pace_of(receiver: Receiver, target: str) -> tuple[float, float]:
    """Wait for the burst at *target*; return its time and its requests, as multiples of the ideal ones."""
    receiver.wait_for(
        lambda: len(arrivals_at(receiver, target)) == BURST, what=f"the burst at {target}", seconds_max=4 * BURST
    )
    took = arrivals_at(receiver, target).values()
    return (max(took) - min(took)) / (BURST - 1), receiver.requests_of(target) / BURST


def test_b_is_told_as_fast_beside_a_busy_and_a_broken_hook_and_a_at_its_hooks_pace(
    process: PlatformProcess, receiver: Receiver
) -> None:
    process.start()
    alone, beside, paces = list[float](), list[float](), list[tuple[float, float]]()
    with process.http() as http:
        well = make_client(http, receiver, "b")
        send(http, "b", "first")
        receiver.wait_for(lambda: "first" in arrivals_at(receiver, well), what="the first alert")
        for round_ in range(ROUNDS):
            alone.append(p99_of_b(http, receiver, well, f"alone-{round_}"))
            names = f"busy-{round_}", f"broke-{round_}"
            busy, broke = (make_client(http, receiver, name) for name in names)
            receiver.answer(busy, one_a_second())
            receiver.answer(broke, broken)
            for name in names:
                send(http, name, *(f"{name}-{number}" for number in range(BURST)))
            beside.append(p99_of_b(http, receiver, well, f"beside-{round_}"))
            paces.append(pace_of(receiver, busy))
            for name in names:  # The next round begins without their trouble.
                http.delete(f"/api/v1/clients/{name}").raise_for_status()
    print(
        f"\nB's p99 alone {shown(alone)} s, beside {shown(beside)} s; A's {BURST} at one a second:"
        f" {shown([time for time, _ in paces])} x the ideal time, {shown([n for _, n in paces])} x the ideal requests"
    )
    assert median(beside) <= 1.2 * median(alone) + NOISE_SECONDS
    assert max(time for time, _ in paces) <= 1.25
    assert max(requests for _, requests in paces) <= 1.2


def shown(figures: list[float]) -> str:
    """Return the median of *figures*, and from where to where they go."""
    return f"{median(figures):.3f} ({min(figures):.3f} to {max(figures):.3f})"
