"""Endpoints on Postgres."""

from typing import Final

from alerting_backend.adapters.postgres.delivery.rows import ENDPOINTS
from alerting_backend.adapters.postgres.pools import Connection, Pools
from alerting_backend.adapters.postgres.scope import Conditions, NewestFirst, all_storable, refusals, scoped
from alerting_core import limits
from alerting_core.codec.records import is_uuid
from alerting_core.domain.endpoint import KEPT_FIELDS, Endpoint, next_version
from alerting_core.errors import Conflict, LimitExceeded, NotFound, VersionConflict
from alerting_core.ports.catalog import EndpointFilter
from alerting_core.ports.paging import Page, PageRequest, Scope

_SELECT: Final = f"SELECT {ENDPOINTS.columns} FROM endpoints"
_LIST: Final = NewestFirst("endpoints", _SELECT, "endpoint_id", ENDPOINTS.read)

_INSERT: Final = f"INSERT INTO endpoints ({ENDPOINTS.columns}) VALUES ({ENDPOINTS.places})"

_UPDATE: Final = f"""
UPDATE endpoints SET {ENDPOINTS.changes(KEPT_FIELDS, first=3)} WHERE client_id = $1 AND endpoint_id = $2
"""

_REFUSED: Final = {
    "endpoints_unique_value": lambda: Conflict("the rule has an endpoint with the same type and value already"),
    "endpoints_pkey": lambda: Conflict("there is an endpoint with this endpoint_id already"),
    "endpoints_endpoint_id_key": lambda: Conflict("there is an endpoint with this endpoint_id already"),
}


class PgEndpointStore:
    """Stores endpoints."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    async def create(self, scope: Scope, endpoint: Endpoint) -> Endpoint:
        """Store a new endpoint."""
        if scope not in {None, endpoint.client_id} or not is_uuid(endpoint.rule_id):
            raise NotFound("there is no such rule")
        with refusals(_REFUSED):
            async with scoped(self._pools, scope, "create_endpoint") as connection:
                # The lock lets the rule's endpoints grow one after the other, so that they are counted right.
                locked = "SELECT 1 FROM rules WHERE client_id = $1 AND rule_id = $2 FOR UPDATE"
                if await connection.fetchval(locked, endpoint.client_id, endpoint.rule_id) is None:
                    raise NotFound("there is no such rule")
                await connection.execute(_INSERT, *ENDPOINTS.row(endpoint))
                count = "SELECT count(*) FROM endpoints WHERE client_id = $1 AND rule_id = $2"
                if await connection.fetchval(count, endpoint.client_id, endpoint.rule_id) > _ENDPOINTS_MAX:
                    raise LimitExceeded(f"a rule has at most {_ENDPOINTS_MAX} endpoints")
        return endpoint

    async def get(self, scope: Scope, endpoint_id: str) -> Endpoint:
        """Return one endpoint."""
        async with scoped(self._pools, scope, "get_endpoint") as connection:
            return await _find(connection, scope, endpoint_id)

    async def list(self, scope: Scope, page: PageRequest, where: EndpointFilter) -> Page[Endpoint]:
        """Return a page of endpoints."""
        conditions = Conditions(scope)
        conditions.add_equal(client_id=where.client_id, rule_id=where.rule_id, type=where.type, enabled=where.enabled)
        if where.rule_id is not None:
            # The indexes begin with the client.
            conditions.add("client_id = (SELECT client_id FROM rules WHERE rule_id = {}::uuid)", where.rule_id)
        if not all_storable(where.client_id) or not (where.rule_id is None or is_uuid(where.rule_id)):
            return Page([])
        return await _LIST.page(self._pools, scope, conditions, page)

    async def replace(self, scope: Scope, endpoint: Endpoint, *, expected_version: int | None) -> Endpoint:
        """Store the changed fields."""
        with refusals(_REFUSED):
            async with scoped(self._pools, scope, "replace_endpoint") as connection:
                stored = await _lock(connection, scope, endpoint.endpoint_id, expected_version)
                changed = next_version(stored, endpoint)
                values = ENDPOINTS.changed_values(changed, KEPT_FIELDS)
                await connection.execute(_UPDATE, stored.client_id, stored.endpoint_id, *values)
        return changed

    async def delete(self, scope: Scope, endpoint_id: str, *, expected_version: int | None) -> None:
        """Delete the endpoint."""
        async with scoped(self._pools, scope, "delete_endpoint") as connection:
            stored = await _lock(connection, scope, endpoint_id, expected_version)
            gone = "DELETE FROM endpoints WHERE client_id = $1 AND endpoint_id = $2"
            await connection.execute(gone, stored.client_id, stored.endpoint_id)


_ENDPOINTS_MAX: Final = limits.ENDPOINTS_PER_RULE_MAX


async def _find(connection: Connection, scope: Scope, endpoint_id: str, *, lock: str = "") -> Endpoint:
    conditions = Conditions(scope)
    conditions.add_equal(endpoint_id=endpoint_id)
    row = None
    if is_uuid(endpoint_id):
        row = await connection.fetchrow(_SELECT + conditions.sql + lock, *conditions.arguments)
    if row is None:
        raise NotFound("there is no such endpoint")
    return ENDPOINTS.read(row)


async def _lock(connection: Connection, scope: Scope, endpoint_id: str, expected_version: int | None) -> Endpoint:
    endpoint = await _find(connection, scope, endpoint_id, lock=" FOR UPDATE")
    if expected_version not in {None, endpoint.version}:
        raise VersionConflict("the endpoint was changed meanwhile", current_version=endpoint.version)
    return endpoint
