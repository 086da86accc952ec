"""A world with one of everything, for tests that walk all operations. Import the fixture `stage`."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from httpx import AsyncClient, Response

from alerting_core.codec.records import encode_alert
from alerting_core.domain.alert import Alert, Severity
from alerting_core.ports.catalog import PageRequest
from tests.api.backing_memory import MemoryBacking
from tests.api.catalog import Catalog
from tests.api.operations import ALL, SECURED, WITH_BODY, Operation
from tests.api.world import World, make_world

__all__ = ["JSON", "Stage", "every", "every_secured", "every_with_body", "set_up", "stage"]

every = pytest.mark.parametrize("operation", ALL, ids=str)
every_secured = pytest.mark.parametrize("operation", SECURED, ids=str)
every_with_body = pytest.mark.parametrize("operation", WITH_BODY, ids=str)

JSON: Final = {"content-type": "application/json"}


class Stage:
    """A world with one of everything, so that a request fails for the reason that is tested and for no other."""

    def __init__(self, world: World, http: AsyncClient, ids: Mapping[str, str]) -> None:
        self.world = world
        self.http = http
        self.ids = ids

    async def call(self, operation: Operation, **arguments: Any) -> Response:
        """Call *operation* on the objects that exist; its answer must be a documented one."""
        if operation.body_schema is not None and not {"json", "content"} & arguments.keys():
            arguments["json"] = operation.valid_body
        response = await self.http.request(operation.method, operation.url(self.ids), **arguments)
        assert response.status_code in operation.statuses, f"{response.status_code} is not documented"
        return response


ALERT: Final = {"severity": "LOW", "source": "api", "name": "timeout"}


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """Return a stage in memory."""
    async with set_up(await make_world(MemoryBacking())) as made:
        yield made


@asynccontextmanager
async def set_up(world: World) -> AsyncIterator[Stage]:
    """Yield a stage in *world*."""
    async with world.http() as http:
        catalog = Catalog(http)
        await catalog.client("acme")
        rule = await catalog.rule(severity="*", source="database", name="disk")
        endpoint = await catalog.endpoint(rule["rule_id"], value="https://hooks.acme.io/existing")
        notification = await world.notify(rule)
        await world.deliver()
        (alert_id,) = (await http.post("/api/v1/alerts", json=ALERT)).json()["alert_ids"]
        await world.backing.alerts.record(await world.alerts(), now_ms=world.clock.now_ms())
        key = (await http.post("/api/v1/keys", json={"name": "a key", "scopes": ["admin"]})).json()
        job = (await http.post("/api/v1/generator/jobs", json={})).json()
        # One that can be mended, as the examples of requests do.
        await world.refuse(encode_alert(Alert("a-1", Severity.HIGH, "api", "", 7)))
        (letter,) = (await world.container.dead_letters.list(PageRequest(1))).items
        ids = {
            "client_id": "acme",
            "rule_id": rule["rule_id"],
            "endpoint_id": endpoint["endpoint_id"],
            "notification_id": notification.notification_id,
            "alert_id": alert_id,
            "key_id": key["key_id"],
            "job_id": job["job_id"],
            "letter_id": letter.id,
        }
        yield Stage(world, http, ids)
