"""Fixtures of Postgres, for all tests: loaded as a plugin, so that there is one server of a kind per test run."""

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest

# The driver is imported by those tests alone that use it.
if TYPE_CHECKING:
    from alerting_backend.adapters.postgres.connection import Address, Pools
    from tests.support.postgres.cluster import Cluster


@pytest.fixture(scope="session")
def embedded_postgres_cluster() -> "Iterator[Cluster]":
    """Return the server that comes with the platform, started once per test run."""
    from tests.support.postgres.servers import embedded_cluster

    with embedded_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def oldest_postgres_cluster() -> "Iterator[Cluster]":
    """Return a server of the oldest supported version."""
    from tests.support.install.unavailable import Unavailable
    from tests.support.postgres.servers import oldest_cluster

    try:
        with oldest_cluster() as cluster:
            yield cluster
    except Unavailable as error:
        pytest.skip(str(error))


@pytest.fixture
async def database(embedded_postgres_cluster: "Cluster") -> "AsyncIterator[Address]":
    """Return a database of this test's own, with the schema and no rows."""
    async with embedded_postgres_cluster.database() as address:
        yield address


@pytest.fixture
async def empty_database(embedded_postgres_cluster: "Cluster") -> "AsyncIterator[Address]":
    """Return a database of this test's own without any schema."""
    async with embedded_postgres_cluster.database(empty=True) as address:
        yield address


@pytest.fixture
async def pools(database: "Address") -> "AsyncIterator[Pools]":
    """Return the pools of the roles on `database`."""
    from alerting_backend.adapters.postgres.connection import open_pools

    async with open_pools(database, size_max=4) as opened:
        yield opened
