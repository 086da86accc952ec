"""Endpoints in memory."""

from alerting_core import limits
from alerting_core.domain.endpoint import Endpoint, next_endpoint_version
from alerting_core.errors import Conflict, LimitExceeded, NotFound, VersionConflict
from alerting_core.memory.clients import add_endpoint, remove_endpoint
from alerting_core.memory.database import MemoryDatabase, newest_first
from alerting_core.ports.catalog import EndpointFilter, Page, PageRequest, Scope, TimeKey


class MemoryEndpointStore:
    """Stores endpoints."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def create(self, scope: Scope, endpoint: Endpoint) -> Endpoint:
        """Store a new endpoint."""
        rule = self._database.rules.get(endpoint.rule_id)
        if rule is None or rule.client_id != endpoint.client_id or scope not in {None, rule.client_id}:
            raise NotFound("there is no such rule")
        if endpoint.endpoint_id in self._database.endpoints:
            raise Conflict("there is an endpoint with this endpoint_id already")
        self._check_unique(endpoint)
        if len(self._database.endpoints_of_rule.get(rule.rule_id, {})) >= limits.ENDPOINTS_PER_RULE_MAX:
            raise LimitExceeded(f"a rule has at most {limits.ENDPOINTS_PER_RULE_MAX} endpoints")
        add_endpoint(self._database, endpoint)
        return endpoint

    async def get(self, scope: Scope, endpoint_id: str) -> Endpoint:
        """Return one endpoint."""
        endpoint = self._database.endpoints.get(endpoint_id)
        if endpoint is None or scope not in {None, endpoint.client_id}:
            raise NotFound("there is no such endpoint")
        return endpoint

    async def list(self, scope: Scope, page: PageRequest, where: EndpointFilter) -> Page[Endpoint]:
        """Return a page of endpoints."""
        found = (e for e in self._database.endpoints.values() if scope in {None, e.client_id} and _meets(e, where))
        return newest_first("endpoints", found, lambda e: TimeKey(e.created_at_ms, e.endpoint_id), page)

    async def replace(self, scope: Scope, endpoint: Endpoint, *, expected_version: int | None) -> Endpoint:
        """Store the changed fields."""
        stored = await self._at_version(scope, endpoint.endpoint_id, expected_version)
        changed = next_endpoint_version(stored, endpoint)
        self._check_unique(changed)
        self._database.endpoints[endpoint.endpoint_id] = changed
        return changed

    async def delete(self, scope: Scope, endpoint_id: str, *, expected_version: int | None) -> None:
        """Delete the endpoint."""
        remove_endpoint(self._database, await self._at_version(scope, endpoint_id, expected_version))

    async def _at_version(self, scope: Scope, endpoint_id: str, expected_version: int | None) -> Endpoint:
        endpoint = await self.get(scope, endpoint_id)
        if expected_version not in {None, endpoint.version}:
            raise VersionConflict("the endpoint was changed meanwhile", current_version=endpoint.version)
        return endpoint

    def _check_unique(self, endpoint: Endpoint) -> None:
        for endpoint_id in self._database.endpoints_of_rule.get(endpoint.rule_id, {}):
            other = self._database.endpoints[endpoint_id]
            same = (other.type, other.value) == (endpoint.type, endpoint.value)
            if same and other.endpoint_id != endpoint.endpoint_id:
                raise Conflict("the rule has an endpoint with the same type and value already")


def _meets(endpoint: Endpoint, where: EndpointFilter) -> bool:
    return (
        where.client_id in {None, endpoint.client_id}
        and where.rule_id in {None, endpoint.rule_id}
        and where.type in {None, endpoint.type}
        and where.enabled in {None, endpoint.enabled}
    )
