"""Many firing alerts that a Prometheus repeats unchanged: what that writes, tells and costs.

All parts of the distributed platform run, on a Kafka, a Redis and a Postgres of its own (with fsync). A client has a
rule that meets every alert, so that whatever is told again shows. The alerts are opened, and then sent anew ten times
in posts of 64, as Prometheus does. It breaks off with an error if a record is published, a notification is stored, any
other table is written, or an alert is written more than once in half its life.

**Time is compressed.** Rounds begin every half minute instead of each minute, and the end that a report gives is as
many rounds ahead as Prometheus gives: four. What is written hangs on nothing but the end that is stored, the one that
is given and the present (core/README.md, *What is written*), all measured in rounds: the same rounds write, whether a
round is a second or a minute. `--round-seconds 60` is the ordinary time. A machine that does not finish a round before
the next one has to begin cannot show anything, and is told so.
"""

import argparse
import asyncio
import json
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import aiohttp
import psutil

from alerting_backend.adapters.postgres.connection import owner_connection
from alerting_core.ports.stream import ALERTS_MATCHED, ALERTS_NEW, NOTIFICATIONS_READY
from tests.bench.measure import machine
from tests.bench.workers.ground import Ground, open_ground
from tests.bench.workers.processor_time import Processes, Reading, read
from tests.support.command_process import ADMIN_KEY
from tests.support.distributed import API, DistributedPlatform, distributed
from tests.support.stored_apart import StoredApart

ALERTS: Final = 100_000
ROUNDS: Final = 10
LIFE_ROUNDS: Final = 4
"""Prometheus gives an end of four resend delays ahead."""

ROUND_SECONDS: Final = 30.0

POST_ALERTS: Final = 64
"""What Prometheus sends at once, at the most."""

SENDERS: Final = 4
TOPICS: Final = (ALERTS_NEW, ALERTS_MATCHED, NOTIFICATIONS_READY)
ROUNDS_BEFORE_MAX: Final = 30
"""Rounds until all is told that the opening brings about, before those that count."""

COUNTED_SECONDS: Final = 11.0
"""Postgres' processes report what they have written at the latest ten seconds after they have become idle."""

WRITTEN_BESIDE: Final = frozenset({"processes", "api_keys"})
"""What is written however few alerts come: who runs, and when a key was used."""

_WRITTEN: Final = "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del AS n FROM pg_stat_user_tables"
_VERSIONS: Final = "SELECT fingerprint, version FROM alert_episodes"


@dataclass(frozen=True)
class Round:
    """One round: how long it took, and what it cost."""

    seconds: float
    used: Reading


@dataclass
class Results:
    """What was measured of so many alerts.

    Attributes:
        bytes_before: What the API had in memory when all were open.
        written: Rows, of each round.
        writes_of_one_max: Of all rounds.
    """

    alerts: int
    opened: Round
    bytes_before: int
    bytes_grown: int = 0
    rounds: list[Round] = field(default_factory=list[Round])
    written: list[int] = field(default_factory=list[int])
    writes_of_one_max: int = 0


class Resender:
    """Posts all alerts as a Prometheus does, from a few connections."""

    def __init__(self, url: str, alerts: int) -> None:
        self._url = f"{url}/api/v2/alerts"
        self._bodies = list(_bodies(alerts))

    async def send(self, life_seconds: float) -> None:
        """Send every alert once, firing for so long."""
        waiting = iter(self._bodies)
        headers = {"Authorization": f"Bearer {ADMIN_KEY}", "Content-Type": "application/json"}
        async with aiohttp.ClientSession(headers=headers, trust_env=False) as session:

            async def post() -> None:
                for body in waiting:
                    end = _written(time.time() + life_seconds).encode()
                    async with session.post(self._url, data=body.replace(b"ENDS_AT", end)) as answer:
                        assert answer.status == 200, await answer.text()

            await asyncio.gather(*(post() for _ in range(SENDERS)))


def _written(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def _bodies(alerts: int) -> Iterator[bytes]:
    started = _written(time.time())
    for first in range(0, alerts, POST_ALERTS):
        yield json.dumps(
            [_alert(number, started) for number in range(first, min(first + POST_ALERTS, alerts))]
        ).encode()


def _alert(number: int, started: str) -> Mapping[str, object]:
    labels = {"alertname": "DiskWillFillUp", "job": "node", "severity": "warning", "instance": f"web-{number}:9100"}
    labels |= {"cluster": "eu-1", "namespace": "shop", "mountpoint": "/data"}
    annotations = {
        "summary": f"Disk of web-{number} is full in 4 hours",
        "description": "The disk fills up faster than it is emptied. " * 4,
        "runbook_url": "https://wiki.example.com/disk",
    }
    link = "http://prometheus.example.com/graph?g0.expr=node_filesystem_free_bytes"
    return {
        "labels": labels, "annotations": annotations, "generatorURL": link, "startsAt": started, "endsAt": "ENDS_AT"
    }  # fmt: skip


class Watch:
    """What the platform has written, and what its processes have used."""

    def __init__(self, ground: Ground, platform: DistributedPlatform) -> None:
        self._ground, self._platform = ground, platform
        self.stored = StoredApart.of(platform.database, platform.kafka)
        workers = [part for part in platform.all_parts() if part.name != API]
        self._parts: Mapping[str, Processes] = {
            "API": lambda: [psutil.Process(platform.of(API).process_id)],
            "workers": lambda: [psutil.Process(part.process_id) for part in workers],
            **ground.processes(),
        }

    def used(self) -> Reading:
        """Return the processor time of all so far."""
        return read(self._parts)

    def memory(self) -> int:
        """Return the bytes that the API has in memory."""
        return int(psutil.Process(self._platform.of(API).process_id).memory_info().rss)

    def records(self) -> int:
        """Return the records of all topics."""
        return self.stored.records(TOPICS)

    def written(self) -> Mapping[str, int]:
        """Return table → rows written so far, by Postgres' own count; waits until that is complete."""
        time.sleep(COUNTED_SECONDS)
        return {row["relname"]: row["n"] for row in self.stored.rows(_WRITTEN)}

    def told(self) -> int:
        """Return the notifications stored."""
        (row,) = self.stored.rows("SELECT count(*) AS n FROM notifications")
        return int(row["n"])

    def versions(self) -> Mapping[str, int]:
        """Return fingerprint → version of its row, which is one more with each write."""
        return self._ground.run(self._versions())

    async def _versions(self) -> Mapping[str, int]:
        async with owner_connection(self._platform.database) as connection:
            return {row["fingerprint"]: row["version"] for row in await connection.fetch(_VERSIONS)}


class TooSlow(Exception):
    """A round took longer than there is until the next one."""


class Pace:
    """Sends round after round, each when it is due."""

    def __init__(self, ground: Ground, watch: Watch, resender: Resender, round_seconds: float) -> None:
        self._ground, self._watch, self._resender, self._apart = ground, watch, resender, round_seconds
        self._due = 0.0

    def open(self) -> Round:
        """Send all for the first time, which may take as long as it takes."""
        done = self._send()
        self._due = time.time()
        return done

    def round(self) -> Round:
        """Wait until the next round is due, and send all."""
        self._due += self._apart
        if self._due < time.time():
            late = time.time() - self._due
            raise TooSlow(f"the last round ended {late:.1f} s too late: there are --round-seconds and --alerts")
        time.sleep(self._due - time.time())
        return self._send()

    def _send(self) -> Round:
        before, began_at = self._watch.used(), time.perf_counter()
        self._ground.run(self._resender.send(LIFE_ROUNDS * self._apart))
        return Round(time.perf_counter() - began_at, self._watch.used().since(before))


def measure(ground: Ground, *, alerts: int, rounds: int, round_seconds: float) -> Results:
    """Open, repeat until all is told, then measure; all promises are held to on the way."""
    with _platform(ground) as platform:
        watch = Watch(ground, platform)
        pace = Pace(ground, watch, Resender(platform.of(API).url, alerts), round_seconds)
        results = Results(alerts, pace.open(), watch.memory())
        emit(f"opened in {results.opened.seconds:.0f} s")
        for _ in range(ROUNDS_BEFORE_MAX):
            pace.round()
            if not watch.stored.unfinished():
                break
            emit(f"still to be told: {watch.stored.unfinished()}")
        told = watch.told()
        assert told == alerts, f"{told:,} were told, each once"
        _repeat(watch, pace, results, rounds)
        assert watch.told() == told, "nothing is told again"
        return results


def _repeat(watch: Watch, pace: Pace, results: Results, rounds: int) -> None:
    written, records, begins = watch.written(), watch.records(), watch.versions()
    before, written_last = begins, frozenset[str]()
    for number in range(1, rounds + 1):
        results.rounds.append(pace.round())
        after = watch.versions()
        assert after.keys() == before.keys() and all(0 <= after[one] - before[one] <= 1 for one in before)
        written_now = frozenset(one for one in before if after[one] > before[one])
        # Half a life is two rounds.
        assert not written_now & written_last, f"{len(written_now & written_last):,} were written twice in half a life"
        results.written.append(len(written_now))
        emit(f"round {number}: {results.rounds[-1].seconds:.1f} s, {len(written_now):,} rows written")
        before, written_last = after, written_now
    results.bytes_grown = watch.memory() - results.bytes_before
    more = {table: n - written.get(table, 0) for table, n in watch.written().items() if n != written.get(table, 0)}
    assert watch.records() == records, f"{watch.records() - records:,} records were published"
    assert more.keys() <= {"alert_episodes", *WRITTEN_BESIDE}, f"other tables were written: {more}"
    assert more.get("alert_episodes", 0) == sum(results.written), f"{more} rows were written"
    results.writes_of_one_max = max(before[one] - begins[one] for one in begins)


@contextmanager
def _platform(ground: Ground) -> Iterator[DistributedPlatform]:
    """Run all parts of a platform, with one client that is told of every alert, at no endpoint."""
    with distributed(ground.servers) as platform:
        platform.start()
        with platform.http() as http:
            for path, body in (
                ("/api/v1/clients", {"client_id": "acme", "name": "acme"}),
                ("/api/v1/rules", {"client_id": "acme", "severity": "*", "source": "node", "name": "*"}),
            ):
                answer = http.post(path, json=body)
                assert answer.status_code == 201, answer.text
        yield platform


def show(results: Results) -> None:
    """Print the figures."""
    quiet = [one for one, written in zip(results.rounds, results.written, strict=True) if not written]
    busy = [one for one, written in zip(results.rounds, results.written, strict=True) if written]
    print(
        f"{results.alerts:,} alerts, {len(results.rounds)} rounds: no record, no notification; {sum(results.written):,}"
        f" rows written, {results.writes_of_one_max} of one alert at the most; the API grew by"
        f" {results.bytes_grown / 2**20:.0f} MiB, from {results.bytes_before / 2**20:.0f}"
    )
    parts = {"opening": [results.opened], "nothing written": quiet, "written": busy, "all": results.rounds}
    for name, some in parts.items():
        if some:
            per_100_000 = 100_000 / results.alerts / len(some)
            used = {part: sum(one.used.used[part] for one in some) * per_100_000 for part in some[0].used.used}
            seconds = sum(one.seconds for one in some) * per_100_000
            shown = ", ".join(f"{part} {spent:.1f}" for part, spent in used.items())
            print(f"  {name:15} × {len(some):2}: {seconds:6.1f} s for 100,000; processor seconds: {shown}")


def emit(line: str) -> None:
    """Show how far it is."""
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_resends", description=__doc__)
    parser.add_argument("--alerts", type=int, default=ALERTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--round-seconds", type=float, default=ROUND_SECONDS, help=f"default {ROUND_SECONDS:g}")
    arguments = parser.parse_args()
    # Told to end, it ends its servers and workers first, as it does at Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with open_ground() as ground:
        try:
            results = measure(
                ground, alerts=arguments.alerts, rounds=arguments.rounds, round_seconds=arguments.round_seconds
            )
        except TooSlow as error:
            print(error, file=sys.stderr)
            return 1
    print(machine())
    show(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
