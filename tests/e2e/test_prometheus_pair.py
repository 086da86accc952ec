"""An hour of a pair of Prometheus servers in a minute, beside a real Alertmanager that is sent the same.

Both servers evaluate and send each second instead of each minute, so that an hour of their ordinary time passes in a
minute: what they give as the end of an alert is four seconds ahead instead of four minutes. Both see the same outages,
one of them some of these two seconds later. Label `replica` is dropped, so that they send the same alerts. At random
each is killed, started anew and cut off, for between half a second and nine, and so are amtool and a script that leave
out both times. What each sends goes through `tee` to the platform and to the Alertmanager.

What is compared, and why it may differ where it may, is in `tests/support/prometheus/verdict.py` and `said.py`.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx
import pytest

from tests.support.install.prometheus import AlertmanagerPrograms, alertmanager_programs
from tests.support.install.unavailable import Unavailable
from tests.support.platform_process import PlatformProcess
from tests.support.prometheus import senders
from tests.support.prometheus.oracle import Oracle, oracle
from tests.support.prometheus.said import stretches
from tests.support.prometheus.senders import Firing, Troubles
from tests.support.prometheus.server import PrometheusServer
from tests.support.prometheus.tee import Door, Tee, tee
from tests.support.prometheus.verdict import Agreement, Episode, difference_to_posts, read_episodes, wrongly_told
from tests.support.receiver import Receiver
from tests.support.stored import Stored
from tests.support.thorough import amount

SECONDS: Final = amount(45, thorough=600)
SEED: Final = 20_261_130
LIFE_SECONDS: Final = 4
"""Of an alert that is reported without times, and of what Prometheus sends: four times its resend delay."""

REST_SECONDS_MAX: Final = 60.0

OF_PAIR: Final = (
    Firing("DiskWillFillUp", period=31, on=12),
    Firing("NodeDown", period=37, on=15, phase=7),
    Firing("LatencyHigh", period=43, on=20, phase=3, pending="2s"),
    Firing("QueueGrows", period=29, on=8, phase=11),
    Firing("CertificateExpires", period=1_000_000_000, on=1_000_000_000),
    Firing("Flaps", period=9, on=4, phase=2),
)
OF_AMTOOL: Final = (Firing("BackupFailed", period=23, on=9), Firing("BuildBroken", period=19, on=7, phase=5))
OF_SCRIPT: Final = (Firing("CronFailed", period=21, on=9, phase=4), Firing("RaidDegraded", period=27, on=11))

LAG_OF_SECOND_SECONDS: Final = {"NodeDown": 2, "LatencyHigh": 2, "Flaps": 1}

ENDPOINTS: Final = (("acme", "on-call"), ("acme", "wall"), ("globex", "on-call"))
"""Client, and a place where it is told of everything."""


@dataclass
class Sides:
    """The pieces of one run, while it runs and after."""

    tee: Tee
    oracle: Oracle
    receiver: Receiver
    key: str
    troubles: Counter[str] = field(default_factory=Counter[str])

    def episodes(self, client_id: str, target: str) -> Sequence[Episode]:
        """Return what an endpoint was told."""
        url = f"{self.receiver.url}/{client_id}/{target}/"
        started_at = time.time() - time.monotonic()
        arrivals = [one for one in self.receiver.arrivals if one.target.startswith(url)]
        return read_episodes([(started_at + one.at, json.loads(one.body)) for one in arrivals])


@pytest.fixture(scope="session")
def alertmanager() -> AlertmanagerPrograms:
    """Return a real Alertmanager and amtool, installed when this machine has none."""
    try:
        return alertmanager_programs()
    except Unavailable as error:
        pytest.skip(f"no Alertmanager: {error}")


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 180)
def test_each_episode_of_a_pair_of_amtool_and_of_a_script_is_told_once_with_its_end_as_an_alertmanager_tells_it(
    process: PlatformProcess,
    stored: Stored,
    receiver: Receiver,
    prometheus_program: Path,
    alertmanager: AlertmanagerPrograms,
    tmp_path: Path,
) -> None:
    process.start(ALERTING_RESOLVE_TIMEOUT=f"{LIFE_SECONDS}s")
    with process.http() as http:
        key = _prepare(http, receiver)
    with (
        oracle(alertmanager, tmp_path / "oracle", life_seconds=LIFE_SECONDS) as beside,
        tee(process.url, beside.url) as posts,
    ):
        sides = Sides(posts, beside, receiver, key)
        _let_it_happen(sides, prometheus_program, alertmanager.amtool, tmp_path)
        # Nobody says anything any more: all is over by silence.
        try:
            receiver.wait_for(lambda: not _unfinished(sides), what="the ends", seconds_max=REST_SECONDS_MAX)
        except TimeoutError as error:
            raise TimeoutError(f"{error}: {_unfinished(sides)}") from error
        stored.wait_until_settled(seconds_max=REST_SECONDS_MAX)
        failures = beside.failures()

    assert posts.refused == []
    assert not receiver.refused
    _judge(sides, failures)


def _prepare(http: httpx.Client, receiver: Receiver) -> str:
    """Make the clients, and a key of an operator that may send."""
    for client_id in dict.fromkeys(client_id for client_id, _ in ENDPOINTS):
        _created(http, "/api/v1/clients", {"client_id": client_id, "name": client_id})
        for name in (one.name for one in (*OF_PAIR, *OF_AMTOOL, *OF_SCRIPT)):
            fields = {"client_id": client_id, "severity": "*", "source": "*", "name": name}
            rule = _created(http, "/api/v1/rules", fields)
            for target in (place for of, place in ENDPOINTS if of == client_id):
                url = f"{receiver.url}/{client_id}/{target}/{name}"
                wanted = {"type": "webhook", "value": url}
                endpoint = _created(http, f"/api/v1/rules/{rule['rule_id']}/endpoints", wanted)
                receiver.know_secrets({url: endpoint["secret"]})
    return str(_created(http, "/api/v1/keys", {"name": "prometheus", "scopes": ["alerts:write"]})["key"])


def _created(http: httpx.Client, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    response = http.post(path, json=body)
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


def _let_it_happen(sides: Sides, prometheus: Path, amtool: Path, folder: Path) -> None:
    dice = Random(SEED)
    with _pair(sides, prometheus, folder) as pair:
        doors = {name: sides.tee.door(name) for name in ("amtool", "script")}
        works = [
            senders.amtool(amtool, folder, doors["amtool"], sides.key, OF_AMTOOL),
            senders.script(doors["script"], sides.key, OF_SCRIPT),
        ]
        for door, server in [*pair, *((door, None) for door in doors.values())]:
            kinds = {**senders.troubles_of_network(door), **(senders.troubles_of_server(server) if server else {})}
            works.append(Troubles(Random(dice.random()), kinds, sides.troubles).run)
        deadline = time.monotonic() + SECONDS
        with senders.in_threads(works) as check:
            while time.monotonic() < deadline:
                time.sleep(0.5)
                check()


@contextmanager
def _pair(sides: Sides, program: Path, folder: Path) -> Iterator[Sequence[tuple[Door, PrometheusServer]]]:
    """Run both servers, each with its door, until the block ends."""
    pair: list[tuple[Door, PrometheusServer]] = []
    for number, replica in enumerate(("a", "b")):
        door = sides.tee.door(f"prometheus {replica}")
        rules = [one.rule(lag=number * LAG_OF_SECOND_SECONDS.get(one.name, 0)) for one in OF_PAIR]
        server = PrometheusServer(program, folder / replica, door.address, sides.key, rules, replica, timeout="1s")
        pair.append((door, server))
    try:
        for _, server in pair:
            server.start()
        yield pair
    finally:
        for _, server in pair:
            server.stop()


def _unfinished(sides: Sides) -> Sequence[str]:
    """Return what is still to be told, in words."""
    names = {one.name for one in sides.tee.reports if one.fires}
    found = [f"the oracle's end of {name}" for name in sides.oracle.open_names]
    for endpoint in ENDPOINTS:
        episodes = sides.episodes(*endpoint)
        found += [f"{endpoint}: {name}" for name in names - {one.name for one in episodes}]
        found += [f"{endpoint}: the end of {one.name}" for one in episodes if one.ends_at is None]
    return found


def _judge(sides: Sides, oracle_failures: int) -> None:
    told = {endpoint: sides.episodes(*endpoint) for endpoint in ENDPOINTS}
    wrong = [f"{endpoint}: {what}" for endpoint, episodes in told.items() for what in wrongly_told(episodes)]
    print(f"\nIn {SECONDS} s: {', '.join(f'{count} × {kind}' for kind, count in sorted(sides.troubles.items()))}")
    for group in (OF_PAIR, OF_AMTOOL, OF_SCRIPT):
        agreement, episodes_of_group, reports_of_group = Agreement(LIFE_SECONDS, oracle_failures), 0, 0
        for name in (one.name for one in group):
            reports = [one for one in sides.tee.reports if one.name == name]
            said = stretches(reports, life_seconds=LIFE_SECONDS)
            for endpoint, all_episodes in told.items():
                episodes = [one for one in all_episodes if one.name == name]
                wrong += [f"{endpoint}, {name}: {what}" for what in difference_to_posts(said, episodes)]
            episodes = [one for one in told[ENDPOINTS[0]] if one.name == name]
            starts = {one.starts_at for one in reports if one.starts_at is not None}
            agreement.add(episodes, [one for one in sides.oracle.told if one.name == name], starts)
            episodes_of_group, reports_of_group = episodes_of_group + len(episodes), reports_of_group + len(reports)
        wrong += agreement.wrong
        print(
            f"{', '.join(one.name for one in group)}: {reports_of_group:,} reports, {episodes_of_group} episodes:"
            f" {agreement.same} as the oracle, {agreement.ends_that_were_none} of which it told an end that was none,"
            f" {agreement.told_as_one} that it told as one, {agreement.unseen} that it did not see"
        )
        assert agreement.same >= SECONDS // 30, "there was something to compare"
    assert wrong == [], "\n".join(wrong)
