"""Senders of alerts as the field has them, each with its troubles: servers of a pair, amtool, and a script.

What they say follows from the clock alone, so that the servers of a pair see the same, as they do when they scrape the
same. What befalls them is drawn from a seed: they are started anew, killed, and cut off, for as long as it takes.
"""

import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx

from tests.support.prometheus.server import PrometheusServer
from tests.support.prometheus.tee import PATH, Cut, Door

QUIET_SECONDS: Final = (5.0, 15.0)
"""Between the troubles of one sender. A server that was started anew is silent for the first five of them: it asks no
earlier where its Alertmanagers are."""

TROUBLE_SECONDS: Final = (0.5, 9.0)
"""Of one trouble: from less than the pause between two reports to more than twice the life that a report gives."""


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert that fires by the clock: for *on* of every *period* seconds."""

    name: str
    period: int
    on: int
    phase: int = 0
    pending: str = "0s"

    def rule(self, *, lag: int) -> Mapping[str, Any]:
        """Return the rule of Prometheus for it, on a server that sees it *lag* seconds late."""
        return {
            "alert": self.name,
            "expr": f"(vector(time()) + {self.phase - lag}) % {self.period} < {self.on}",
            "for": self.pending,
            "labels": {"severity": "critical", "job": "node", "instance": "web-1:9100"},
            "annotations": {"summary": f"{self.name} since {{{{ $value }}}} s"},
        }

    def fires_at(self, now: float) -> bool:
        """Tell whether it fires."""
        return (now + self.phase) % self.period < self.on


@dataclass
class Troubles:
    """What befalls one sender, drawn from *dice*, until it is told that it is enough.

    Attributes:
        kinds: Begins a trouble, and returns what ends it.
        counts: Of what befell it.
    """

    dice: Random
    kinds: Mapping[str, Callable[[], Callable[[], None]]]
    counts: Counter[str]

    def run(self, enough: threading.Event) -> None:
        while not enough.wait(self.dice.uniform(*QUIET_SECONDS)):
            kind = self.dice.choice(sorted(self.kinds))
            end = self.kinds[kind]()
            enough.wait(self.dice.uniform(*TROUBLE_SECONDS))
            end()
            self.counts[kind] += 1


def troubles_of_network(door: Door) -> Mapping[str, Callable[[], Callable[[], None]]]:
    """Return the ways in which a sender can be cut off."""

    def cut(how: Cut) -> Callable[[], None]:
        door.cut(how)
        return door.mend

    return {f"cut off ({how.name.lower()})": partial(cut, how) for how in Cut}


def troubles_of_server(server: PrometheusServer) -> Mapping[str, Callable[[], Callable[[], None]]]:
    """Return the ways in which a server ends and is started anew."""

    def end(order: signal.Signals) -> Callable[[], None]:
        server.stop(order)
        return server.start

    return {f"started anew ({order.name})": partial(end, order) for order in (signal.SIGTERM, signal.SIGKILL)}


@contextmanager
def in_threads(works: Sequence[Callable[[threading.Event], None]]) -> Iterator[Callable[[], None]]:
    """Run *works* until the block ends; yield what raises the failure of one that has failed."""
    enough, failures = threading.Event(), list[BaseException]()

    def run(work: Callable[[threading.Event], None]) -> None:
        try:
            work(enough)
        except BaseException as error:  # The test raises it.
            failures.append(error)

    def check() -> None:
        if failures:
            raise failures[0]

    threads = [threading.Thread(target=run, args=[work], daemon=True) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield check
    finally:
        enough.set()
        for thread in threads:
            thread.join(60)
    check()


def script(door: Door, key: str, firing: Sequence[Firing]) -> Callable[[threading.Event], None]:
    """Return a script that posts what fires each second, with neither time."""

    def run(enough: threading.Event) -> None:
        with httpx.Client(
            base_url=f"http://{door.address}", headers={"Authorization": f"Bearer {key}"}, timeout=1, trust_env=False
        ) as http:
            while not enough.wait(1 - time.time() % 1):
                body = [{"labels": {"alertname": one.name}} for one in firing if one.fires_at(time.time())]
                try:
                    http.post(PATH, json=body)
                except httpx.TransportError:
                    continue  # It sends again in a second.

    return run


def amtool(
    program: Path, folder: Path, door: Door, key: str, firing: Sequence[Firing]
) -> Callable[[threading.Event], None]:
    """Return who adds what fires by amtool, each second; and says at every other end that it is over."""
    config = folder / "amtool.yml"
    config.write_text(f"authorization: {{credentials: {key}}}\n", encoding="utf-8")
    where = f"--alertmanager.url=http://{door.address}"
    options = [where, f"--http.config.file={config}", "--timeout=1s", "--no-version-check"]

    def add(one: Firing, *more: str) -> bool:
        command = [str(program), "alert", "add", one.name, "instance=web-1", *options, *more]
        return subprocess.run(command, capture_output=True, check=False, timeout=20).returncode == 0

    def run(enough: threading.Event) -> None:
        to_end: dict[str, int] = {one.name: 0 for one in firing}
        while not enough.wait(1 - time.time() % 1):
            for one in firing:
                if one.fires_at(time.time()):
                    add(one)
                    to_end[one.name] = int(time.time() // one.period) % 2 + 1
                elif to_end[one.name] == 1 and add(one, f"--end={datetime.now(UTC).isoformat(timespec='seconds')}"):
                    to_end[one.name] = 0

    return run
