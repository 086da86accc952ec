"""Our own OpenAPI document, believed: generated requests get no answer that it does not describe."""

import asyncio

import schemathesis
from hypothesis import HealthCheck, settings

from alerting_backend.api.app import create_app
from tests.api.backing_memory import MemoryBacking
from tests.api.world import ADMIN_KEY, make_world

EXAMPLES_PER_OPERATION = 25

_world = asyncio.run(make_world(MemoryBacking()))
_schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(_world.container))


@_schema.parametrize()
@settings(max_examples=EXAMPLES_PER_OPERATION, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_gets_an_answer_that_is_not_described(case: schemathesis.Case) -> None:
    # A schema cannot say that a cursor must be one of ours, or that not all three fields may be wildcards.
    case.call_and_validate(
        headers={"Authorization": f"Bearer {ADMIN_KEY}"}, excluded_checks=[schemathesis.checks.positive_data_acceptance]
    )
