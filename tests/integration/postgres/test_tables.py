"""What the adapters say of the tables is what the migrations made of them."""

import pytest

from alerting_backend.adapters.postgres import rows
from alerting_backend.adapters.postgres.connection import Pools, transaction
from alerting_backend.adapters.postgres.tables import Table

pytestmark = pytest.mark.integration

TABLES = [each for each in vars(rows).values() if isinstance(each, Table)]

_TYPES = "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = $1::text::regclass"
_NAMED = "SELECT format_type($1::text::regtype, NULL)"


async def test_every_column_is_there_with_its_type(pools: Pools) -> None:
    assert len(TABLES) >= 7
    async with transaction(pools.admin, "look_at_tables", readonly=True) as connection:
        for table in TABLES:
            there = {row[0]: row[1] for row in await connection.fetch(_TYPES, table.name)}
            for name, type_ in table.types.items():
                assert there[name] == await connection.fetchval(_NAMED, type_), f"{table.name}.{name}"
