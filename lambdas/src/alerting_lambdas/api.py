"""The HTTP API on AWS Lambda: the same application as the server's, behind API Gateway or a function URL.

One event loop lives as long as the process. The pools are made at the first invocation, on that loop, hold no
connection that nobody asked for, and at most a few: every running copy of the function has its own. The schema is
brought up to date beforehand, by `alerting migrate`.
"""

import asyncio
import os
from collections.abc import Mapping
from typing import Any, Final

from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES
from mangum.types import LambdaContext, LambdaEvent

from alerting_backend.adapters.postgres.connection import Address, Pools, Role, make_pool
from alerting_backend.adapters.postgres.ports import PostgresPorts, postgres_check
from alerting_backend.api.app import create_app, make_container
from alerting_backend.runtime.reporting import configure_logs
from alerting_backend.settings import Settings, SettingsInvalid, read_settings
from alerting_backend.wiring.dependencies import address_set_in
from alerting_core.stages.meter import StageMeter

CONNECTIONS_MAX: Final = 2
"""Of each role: a copy of the function serves one request at a time."""


TEXT_TYPES: Final = [*DEFAULT_TEXT_MIME_TYPES, "application/problem+json"]
"""What goes out as text; anything else is packed into base64."""


class LambdaApi:
    """Answers invocations; everything is made when the first one comes."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Read nothing of *environment* yet."""
        self._environment = environment
        self._loop: asyncio.AbstractEventLoop | None = None
        self._mangum: Mangum | None = None
        self._pools: Pools | None = None

    def __call__(self, event: LambdaEvent, context: LambdaContext) -> dict[str, Any]:
        """Answer one request.

        Raises:
            SettingsInvalid: The settings name no database, or have other problems.
        """
        if self._mangum is None:
            self._mangum = self._open()
        return self._mangum(event, context)

    def close(self) -> None:
        """Let go of all connections. Lambda never asks for it; who runs this elsewhere does."""
        if self._loop is None:
            return
        if self._pools is not None:
            for pool in (self._pools.api, self._pools.admin, self._pools.worker):
                self._loop.run_until_complete(pool.close())
        self._loop.close()
        asyncio.set_event_loop(None)

    def _open(self) -> Mangum:
        settings = read_settings(self._environment)
        address = address_set_in(settings)
        if address is None:
            raise SettingsInvalid(["ALERTING_POSTGRES_DSN is needed: a function has no database of its own"])
        configure_logs(settings.log_level, "json")
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        # Mangum runs each request on the loop that is current.
        asyncio.set_event_loop(self._loop)
        self._pools = self._loop.run_until_complete(_make_pools(address))
        return self._loop.run_until_complete(_make_mangum(self._pools, settings))


async def _make_pools(address: Address) -> Pools:
    api, admin, worker = [await make_pool(address, role, size_min=0, size_max=CONNECTIONS_MAX) for role in Role]
    return Pools(api=api, admin=admin, worker=worker)


async def _make_mangum(pools: Pools, settings: Settings) -> Mangum:
    container = make_container(
        PostgresPorts.on(pools), settings, stages=StageMeter(), checks={"postgres": postgres_check(pools.admin)}
    )
    if settings.admin_key is not None:
        await container.use.keys.ensure_admin_key(settings.admin_key)
    return Mangum(create_app(container), lifespan="off", text_mime_types=TEXT_TYPES)


handler: Final = LambdaApi(os.environ)
"""What Lambda calls."""
