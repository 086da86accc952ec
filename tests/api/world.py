"""A whole API in this process, on the stores in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from alerting_backend.adapters.metrics.meter import StageMeter
from alerting_backend.api.app import create_app
from alerting_backend.api.container import Container
from alerting_core.app.application import Application, ApplicationPorts
from alerting_core.app.jobs import GeneratorJobs
from alerting_core.memory.alerts import MemoryAlertLog
from alerting_core.memory.catalog.clients import MemoryClientStore
from alerting_core.memory.catalog.endpoints import MemoryEndpointStore
from alerting_core.memory.catalog.keys import MemoryKeyStore
from alerting_core.memory.catalog.rules import MemoryRuleStore
from alerting_core.memory.clock import MemoryClock
from alerting_core.memory.database import MemoryDatabase
from alerting_core.memory.idempotency import MemoryIdempotencyStore
from alerting_core.memory.ids import SeededIds
from alerting_core.memory.jobs import MemoryJobStore
from alerting_core.memory.journal import MemoryJournal
from alerting_core.memory.log import MemoryLog
from alerting_core.memory.stream import MemorySink

START_MS = 1_767_323_045_678  # 2026-01-02T03:04:05.678Z
ADMIN_KEY = "alk_admin-key-of-the-tests"


@dataclass(frozen=True)
class World:
    """The application, what it stands on, and a way to call it."""

    app: FastAPI
    container: Container
    clock: MemoryClock
    database: MemoryDatabase
    log: MemoryLog
    meter: StageMeter

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


async def make_world() -> World:
    """Return an empty world with one admin key."""
    clock, database = MemoryClock(START_MS), MemoryDatabase()
    log, keys, alerts = MemoryLog(clock=clock), MemoryKeyStore(database), MemoryAlertLog(database)
    ids, meter = SeededIds(1), StageMeter()
    ports = ApplicationPorts(
        clients=MemoryClientStore(database),
        rules=MemoryRuleStore(database),
        endpoints=MemoryEndpointStore(database),
        keys=keys,
        journal=MemoryJournal(database),
        alerts=alerts,
        sink=MemorySink(log),
        clock=clock,
        ids=ids,
    )
    container = Container(
        use=Application.on(ports),
        clock=clock,
        keys=keys,
        idempotency=MemoryIdempotencyStore(),
        alerts=alerts,
        jobs=GeneratorJobs(MemoryJobStore(), clock, ids),
        stages=meter,
    )
    await container.use.keys.ensure_admin_key(ADMIN_KEY)
    return World(create_app(container), container, clock, database, log, meter)


@asynccontextmanager
async def open_world() -> AsyncIterator[tuple[World, AsyncClient]]:
    """Yield a world and an HTTP client of its admin."""
    world = await make_world()
    async with world.http() as http:
        yield world, http
