"""Loading the demo: whole or not at all, however often it is cut off."""

from collections.abc import Iterable
from typing import Any

import pytest

from alerting_backend.adapters.postgres.catalog.rules import PgBulkLoader
from alerting_backend.adapters.postgres.connection import Pools
from alerting_backend.adapters.postgres.ports import PostgresPorts
from alerting_backend.adapters.system import SystemClock, SystemIds
from alerting_backend.demo.data import CLIENTS, RULES, DemoLoader
from alerting_core.app.application import Application
from alerting_core.domain.endpoint import Endpoint
from alerting_core.ports.catalog import EndpointFilter, PageRequest, RuleFilter

pytestmark = pytest.mark.integration

URL = "http://127.0.0.1:8080/demo/inbox"


class Killed(Exception):
    """What stands for a kill at that very moment."""


class DyingBulk(PgBulkLoader):
    """Dies when it has stored the clients and the rules."""

    async def load(self, clients: Any, rules: Any, endpoints: Iterable[Endpoint], **options: Any) -> Any:
        def die() -> Iterable[Endpoint]:
            raise Killed
            yield

        return await super().load(clients, rules, die(), **options)


def loader(pools: Pools, bulk: PgBulkLoader | None = None) -> DemoLoader:
    use = Application.on(PostgresPorts.on(pools).application)
    return DemoLoader(use, bulk or PgBulkLoader(pools), SystemClock(), SystemIds(), inbox_url=URL)


async def stored(pools: Pools) -> tuple[list[str], int, int]:
    use = Application.on(PostgresPorts.on(pools).application)
    clients = await use.clients.list(None, PageRequest(200))
    rules = await use.rules.list(None, PageRequest(200), RuleFilter())
    endpoints = await use.endpoints.list(None, PageRequest(200), EndpointFilter())
    return sorted(client.name for client in clients.items), len(rules.items), len(endpoints.items)


WHOLE = (sorted(CLIENTS.values()), len(RULES), sum(len(rule.tells) for rule in RULES))


async def test_a_load_that_was_cut_off_is_made_good_and_then_left_alone(pools: Pools) -> None:
    with pytest.raises(Killed):
        await loader(pools, DyingBulk(pools)).load()
    assert await stored(pools) != WHOLE
    assert await loader(pools).load() is True
    assert await stored(pools) == WHOLE
    assert await loader(pools).load() is False


async def test_nothing_is_loaded_beside_clients_of_somebody_else(pools: Pools) -> None:
    await Application.on(PostgresPorts.on(pools).application).clients.create("acme", "Acme (being loaded)")
    assert await loader(pools).load() is False
    assert await stored(pools) == (["Acme (being loaded)"], 0, 0)
