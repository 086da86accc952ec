"""A real Alertmanager that tells each alert on its own, as soon as it can, and a receiver of what it tells."""

import json
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx
from aiohttp import web

from tests.support.install.prometheus import AlertmanagerPrograms
from tests.support.loop_thread import loop_thread
from tests.support.patience import END_SECONDS_MAX
from tests.support.servers.process import free_ports

GROUP_INTERVAL_SECONDS: Final = 1
"""How often it looks at a group: what begins and ends, or ends and begins, between two looks it does not tell. The
shortest that is of any use where senders repeat themselves each second."""

READY_SECONDS_MAX: Final = 60.0

_FAILED: Final = re.compile(
    r"""^alertmanager_notification_requests_failed_total\{integration="webhook"\} (\S+)$""", re.MULTILINE
)


@dataclass
class Told:
    """What it told of one firing of an alert. Times are unix seconds.

    Attributes:
        starts_at: As it says.
        told_at: When that it fires was told.
        ends_at: As it says; None while its end is not told.
        end_told_at: When its end was told.
    """

    name: str
    starts_at: float
    told_at: float
    ends_at: float | None = None
    end_told_at: float | None = None


@dataclass
class Oracle:
    """What an Alertmanager has told.

    Attributes:
        url: Its own.
        told: In the order in which it was told that they fire.
        odd: What it told that is neither that an alert fires nor the end of one that does.
    """

    url: str = ""
    told: list[Told] = field(default_factory=list[Told])
    odd: list[str] = field(default_factory=list[str])
    _open: dict[str, Told] = field(default_factory=dict[str, Told])

    @property
    def open_names(self) -> Sequence[str]:
        """Return the alerts that it told and whose end it has not told."""
        return list(self._open)

    def failures(self) -> int:
        """Return how many of its messages did not reach their receiver at the first try, by its own count."""
        text = httpx.get(f"{self.url}/metrics", timeout=30, trust_env=False).text
        return int(sum(float(count) for count in _FAILED.findall(text)))

    async def take(self, request: web.Request) -> web.Response:
        """Take one webhook of the Alertmanager."""
        for alert in (await request.json())["alerts"]:
            self._hear(alert, time.time())
        return web.Response()

    def _hear(self, alert: dict[str, Any], now: float) -> None:
        name, is_open = alert["labels"]["alertname"], alert["labels"]["alertname"] in self._open
        if alert["status"] == "firing" and not is_open:
            self._open[name] = Told(name, datetime.fromisoformat(alert["startsAt"]).timestamp(), now)
            self.told.append(self._open[name])
        elif alert["status"] == "resolved" and is_open:
            told = self._open.pop(name)
            told.ends_at, told.end_told_at = datetime.fromisoformat(alert["endsAt"]).timestamp(), now
        else:
            self.odd.append(f"{name} {alert['status']}")


@contextmanager
def oracle(programs: AlertmanagerPrograms, folder: Path, *, life_seconds: int) -> Iterator[Oracle]:
    """Run an Alertmanager in *folder* until the block ends.

    Args:
        life_seconds: How long an alert fires of which a sender does not say until when.
    """
    made = Oracle()
    with loop_thread("receiver of the oracle") as thread:
        app = web.Application()
        app.router.add_post("/", made.take)
        runner = web.AppRunner(app, access_log=None)
        thread.call(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        thread.call(site.start())
        try:
            with _alertmanager(programs, folder, _config(runner.addresses[0][1], life_seconds)) as made.url:
                yield made
        finally:
            thread.call(runner.cleanup())


def _config(port: int, life_seconds: int) -> dict[str, Any]:
    route = {
        "receiver": "test",
        "group_by": ["..."],
        "group_wait": "0s",
        "group_interval": f"{GROUP_INTERVAL_SECONDS}s",
        "repeat_interval": "30d",
    }
    webhook = {"url": f"http://127.0.0.1:{port}/", "send_resolved": True}
    return {
        "global": {"resolve_timeout": f"{life_seconds}s"},
        "route": route,
        "receivers": [{"name": "test", "webhook_configs": [webhook]}],
    }


@contextmanager
def _alertmanager(programs: AlertmanagerPrograms, folder: Path, config: dict[str, Any]) -> Iterator[str]:
    folder.mkdir(exist_ok=True)
    (folder / "alertmanager.yml").write_text(json.dumps(config), encoding="utf-8")
    address = f"127.0.0.1:{free_ports(1)[0]}"
    command: Sequence[str | Path] = [
        programs.alertmanager,
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    with (folder / "alertmanager.log").open("wb") as log:
        running = subprocess.Popen(command, cwd=programs.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _wait_until_ready(f"http://{address}", folder / "alertmanager.log")
        yield f"http://{address}"
    finally:
        running.terminate()
        try:
            running.wait(END_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def _wait_until_ready(url: str, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    while True:
        try:
            if httpx.get(f"{url}/-/ready", timeout=5, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        if time.monotonic() > deadline:
            raise TimeoutError(f"Alertmanager is not ready; it said:\n{log.read_text(encoding='utf-8')[-4_000:]}")
        time.sleep(0.05)
