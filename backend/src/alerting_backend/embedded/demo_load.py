"""Loads the demo into an empty database, and sees to it that its endpoints lead to the inbox of this start."""

from collections.abc import AsyncIterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from alerting_backend.demo.inbox import Inbox
from alerting_backend.demo.routes import INBOX_PATH
from alerting_backend.embedded.demo_data import CLIENTS, RULES, demo_clients, demo_endpoints, demo_rules
from alerting_core import limits
from alerting_core.app.application import Application
from alerting_core.domain.endpoint import Endpoint, EndpointChange, EndpointType
from alerting_core.domain.webhook_check import new_secret
from alerting_core.ports.catalog import BulkLoader, EndpointFilter
from alerting_core.ports.clock import Clock
from alerting_core.ports.ids import IdSource
from alerting_core.ports.paging import PageRequest

_LOADING: Final = " (being loaded)"
"""At the end of a client's name until the demo is whole: a start that was cut off is told by it, and made good."""


class DemoLoader:
    """Works on one database for one inbox."""

    def __init__(self, use: Application, bulk: BulkLoader, clock: Clock, ids: IdSource, *, inbox_url: str) -> None:
        """Lead the endpoints to *inbox_url*."""
        self._use = use
        self._bulk = bulk
        self._clock = clock
        self._ids = ids
        self._inbox_url = inbox_url

    async def load(self) -> bool:
        """Load the demo when there is no client, or only half a demo; return whether it was loaded."""
        first = await self._use.clients.list(None, PageRequest(limits.PAGE_ITEMS_MAX))
        unfinished = any(one.client_id in CLIENTS and one.name.endswith(_LOADING) for one in first.items)
        if first.items and not unfinished:
            return False
        now_ms = self._clock.now_ms()
        await self._bulk.load(
            demo_clients(name_suffix=_LOADING, now_ms=now_ms),
            demo_rules(now_ms=now_ms),
            demo_endpoints(self._new_secrets(), inbox_url=self._inbox_url, now_ms=now_ms),
            beside_other_data=True,
        )
        for client_id, name in CLIENTS.items():
            await self._use.clients.rename(client_id, name)
        return True

    async def open_inbox(self, inbox: Inbox) -> None:
        """Lead the demo's endpoints to this inbox, whose port may be a new one, and give it their secrets."""
        async for endpoint in self._endpoints():
            parts = urlsplit(endpoint.value)
            if endpoint.type is EndpointType.EMAIL or not parts.path.startswith(f"{INBOX_PATH}/"):
                continue
            value = self._inbox_url + parts.path.removeprefix(INBOX_PATH)
            if value != endpoint.value:
                change = EndpointChange(value=value)
                await self._use.endpoints.change(None, endpoint.endpoint_id, change, expected_version=None)
            if endpoint.secret is not None:
                inbox.know_secret(parts.path.rpartition("/")[2], endpoint.secret.current)

    def _new_secrets(self) -> Mapping[str, str]:
        names = {tells.partition(":")[2] for rule in RULES for tells in rule.tells if tells.startswith("webhook:")}
        return {name: new_secret(self._ids.new_bytes(limits.NEW_SECRET_BYTES)) for name in sorted(names)}

    async def _endpoints(self) -> AsyncIterator[Endpoint]:
        for client_id in CLIENTS:
            cursor, more = None, True
            while more:
                page = await self._use.endpoints.list(
                    None, PageRequest(limits.PAGE_ITEMS_MAX, cursor), EndpointFilter(client_id=client_id)
                )
                for endpoint in page.items:
                    yield endpoint
                cursor, more = page.next_cursor, page.next_cursor is not None
