"""How many files of the project one alert passes from its POST to the webhook: what has to be read to follow it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

import httpx
import pytest

from alerting_backend.adapters.postgres.connection import Address, owner_connection
from alerting_backend.embedded.platform import Audience, Started, run_platform
from alerting_backend.runtime.listening import Stop
from alerting_backend.settings import Settings, read_settings
from tests.support.passage import Passage
from tests.support.patience import ARRIVE_SECONDS_MAX
from tests.support.receiver import Receiver, serve_receiver

pytestmark = pytest.mark.integration

FILES_HANDED_MAX: Final = 33
"""Files with a function that is given the alert, or what is made of it: who follows it has to open these.
30 are wanted; three came with turns between clients and the pace of targets."""

FILES_CALLED_MAX: Final = 53
"""Files with any function that is called for it: who asks for it, how long it took, which hosts are rested too."""

FOLLOWED: Final = "followed-all-the-way"

ADMIN_KEY: Final = "a-key-for-one-trace"

IDLE_SECONDS: Final = 6.0
"""Long enough for everything that runs anyhow to have had its turn: the slowest looks every five seconds."""


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[str]:
    stop, started = Stop(), asyncio.get_running_loop().create_future()
    audience = Audience(told=lambda _: None, step=lambda *_: None, ready=started.set_result)
    platform = asyncio.ensure_future(run_platform(settings, stop, audience))
    await asyncio.wait([started, platform], return_when=asyncio.FIRST_COMPLETED)
    if platform.done():
        await platform
    found: Started = started.result()
    try:
        yield found.url
    finally:
        stop.asked.set()
        await platform


async def arrive(receiver: Receiver, name: str) -> None:
    there = partial(_has, receiver, name)
    await asyncio.to_thread(receiver.wait_for, there, what=f"the alert {name}")


async def all_recorded(database: Address) -> None:
    async with owner_connection(database) as connection, asyncio.timeout(ARRIVE_SECONDS_MAX):
        # What it waits for is in another program, and asking the platform would pass more of its files.
        while await connection.fetchval("SELECT count(*) FROM notifications WHERE status = 'RECEIVED'"):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def ids_made_of(http: httpx.AsyncClient, alert_id: str) -> list[str]:
    found = (await http.get("/api/v1/notifications", params={"alert_id": alert_id})).raise_for_status().json()["items"]
    (notification_id,) = [one["notification_id"] for one in found]
    detail = (await http.get(f"/api/v1/notifications/{notification_id}")).raise_for_status().json()
    return [notification_id, *(one["delivery_id"] for one in detail["deliveries"])]


def _has(receiver: Receiver, name: str) -> bool:
    return any(json.loads(arrival.body)["name"] == name for arrival in receiver.arrivals)


async def test_an_alert_passes_few_files(database: Address, tmp_path: Path) -> None:
    settings = read_settings(
        {
            "ALERTING_POSTGRES_DSN": database.dsn,
            "ALERTING_DATA_DIR": str(tmp_path),
            "ALERTING_ADMIN_KEY": ADMIN_KEY,
            "ALERTING_HTTP_PORT": "0",
            "ALERTING_DEMO": "0",
        }
    )
    with serve_receiver() as receiver, Passage() as passage:
        async with (
            running(settings) as url,
            httpx.AsyncClient(
                base_url=url, headers={"Authorization": f"Bearer {ADMIN_KEY}"}, trust_env=False, timeout=30
            ) as http,
        ):
            (await http.post("/api/v1/clients", json={"client_id": "acme", "name": "Acme"})).raise_for_status()
            rule = {"client_id": "acme", "severity": "*", "source": "api", "name": "*"}
            rule_id = (await http.post("/api/v1/rules", json=rule)).raise_for_status().json()["rule_id"]
            hook = {"type": "webhook", "value": f"{receiver.url}/hook"}
            made = (await http.post(f"/api/v1/rules/{rule_id}/endpoints", json=hook)).raise_for_status().json()
            receiver.know_secrets({hook["value"]: made["secret"]})

            async def send(name: str) -> str:
                alert = {"severity": "HIGH", "source": "api", "name": name}
                answer = (await http.post("/api/v1/alerts", json=alert)).raise_for_status()
                return str(answer.json()["alert_ids"][0])

            # Alerts pass by until the evaluator knows the rule; when the last one is there, none is under way.
            async with asyncio.timeout(ARRIVE_SECONDS_MAX):
                for number in count():
                    await send(f"early-{number}")
                    if receiver.arrived:
                        break
                    await asyncio.sleep(0.2)
            await send("last")
            await arrive(receiver, "last")
            await all_recorded(database)
            with passage.idle():
                await asyncio.sleep(IDLE_SECONDS)
            with passage.of_interest():
                alert_id = await send(FOLLOWED)
                await arrive(receiver, FOLLOWED)
                await all_recorded(database)
            marks = [FOLLOWED, alert_id, *await ids_made_of(http, alert_id)]
    handed, called = passage.files_handed(marks), passage.files_called
    print(f"handed to {len(handed)} files:", *handed, sep="\n  ")
    print("called for it besides:", *sorted(set(called) - set(handed)), sep="\n  ")
    assert 20 < len(handed) <= FILES_HANDED_MAX, handed
    assert len(called) <= FILES_CALLED_MAX, called
