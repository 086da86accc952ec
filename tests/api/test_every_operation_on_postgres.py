"""What every operation refuses, on a database that would stumble over it: each check, all operations in one world."""

import pytest

from tests.api import test_every_body, test_every_caller, test_every_operation
from tests.api.operations import ALL, SECURED, WITH_BODY, Operation
from tests.api.stage import set_up
from tests.api.world import World


@pytest.mark.parametrize("cluster", ["postgres"], indirect=True)
@pytest.mark.parametrize(
    ("check", "operations"),
    [
        (test_every_operation.test_ids_that_name_nothing_are_not_found, ALL),
        (test_every_operation.test_query_parameters_are_checked, ALL),
        (test_every_operation.test_an_idempotency_key_is_checked, ALL),
        (test_every_body.test_every_field_is_checked_and_nothing_is_stored, WITH_BODY),
        (test_every_caller.test_a_key_without_the_scope_is_refused, SECURED),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_on_postgres_every_operation_refuses_the_same(
    world: World, check: object, operations: list[Operation]
) -> None:
    assert callable(check)
    async with set_up(world) as stage:
        for operation in operations:
            await check(stage, operation)
