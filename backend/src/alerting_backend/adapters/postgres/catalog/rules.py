"""Rules and their endpoints on Postgres: one by one as people edit them, and in bulk.

Every change of a rule is told to the evaluators in the transaction that makes it, that of a bulk load like any other.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from alerting_backend.adapters.postgres import connection as postgres
from alerting_backend.adapters.postgres.catalog.rule_distribution import RuleChange, append_changes
from alerting_backend.adapters.postgres.delivery.ends import retire_endpoints
from alerting_backend.adapters.postgres.rows import CATCH_ALL, CATCHES, CLIENTS, ENDPOINTS, RULES
from alerting_backend.adapters.postgres.tables import (
    Conditions,
    NewestFirst,
    Table,
    all_storable,
    batches,
    refusals,
    scoped,
)
from alerting_core import errors, limits
from alerting_core.codec.records import RuleAction, is_uuid
from alerting_core.domain.alert import WILDCARD
from alerting_core.domain.client import Client
from alerting_core.domain.endpoint import KEPT_OF_ENDPOINT, Endpoint, next_endpoint_version
from alerting_core.domain.rule import KEPT_OF_RULE, Pattern, Rule, next_rule_version
from alerting_core.ports import catalog as ports

Kept = TypeVar("Kept", Rule, Endpoint)


class _ById(Generic[Kept]):
    """Finds one row of a table by its id, for whom it exists."""

    def __init__(self, table: Table[Kept], key: str, noun: str) -> None:
        self._table: Table[Kept] = table
        self._key, self._noun = key, noun

    async def find(self, connection: postgres.Connection, scope: ports.Scope, id_: str, *, lock: str = "") -> Kept:
        conditions = Conditions(scope)
        conditions.add_equal(**{self._key: id_})
        row = None
        if is_uuid(id_):
            select = f"SELECT {self._table.columns} FROM {self._table.name}"
            row = await connection.fetchrow(select + conditions.sql + lock, *conditions.arguments)
        if row is None:
            raise errors.NotFound(f"there is no such {self._noun}")
        return self._table.read(row)

    async def lock(
        self, connection: postgres.Connection, scope: ports.Scope, id_: str, expected_version: int | None
    ) -> Kept:
        found = await self.find(connection, scope, id_, lock=" FOR UPDATE")
        if expected_version not in {None, found.version}:
            raise errors.VersionConflict(f"the {self._noun} was changed meanwhile", current_version=found.version)
        return found


_RULE: Final = _ById(RULES, "rule_id", "rule")
_ENDPOINT: Final = _ById(ENDPOINTS, "endpoint_id", "endpoint")

_SELECT_RULES: Final = f"SELECT {RULES.columns} FROM rules"
_LIST_RULES: Final = NewestFirst("rules", _SELECT_RULES, "rule_id", RULES.read)

_INSERT_RULE: Final = f"INSERT INTO rules ({RULES.columns}) VALUES ({RULES.places})"

_UPDATE_RULE: Final = f"UPDATE rules SET {RULES.changes(KEPT_OF_RULE, first=3)} WHERE client_id = $1 AND rule_id = $2"

_COUNT_CATCH_ALLS: Final = f"SELECT count(*) FROM rules WHERE {CATCH_ALL}"

# The index is of the first comparison; the second tells apart what blanks make look the same.
_HAVING: Final = f"""
SELECT found.* FROM unnest($1::text[], $2::text[], $3::text[]) AS p (severity, source, name) CROSS JOIN LATERAL (
    SELECT {RULES.columns} FROM rules r
    WHERE (r.severity || ' ' || r.source || ' ' || r.name) = (p.severity || ' ' || p.source || ' ' || p.name)
        AND (r.severity, r.source, r.name) = (p.severity, p.source, p.name) AND r.enabled AND NOT ({CATCH_ALL})
    LIMIT 1
) found
"""

_REFUSED_RULES: Final = {
    "rules_unique_pattern": lambda: errors.Conflict(
        "the client has a rule with the same severity, source and name already"
    ),
    "rules_pkey": lambda: errors.Conflict("there is a rule with this rule_id already"),
    "rules_rule_id_key": lambda: errors.Conflict("there is a rule with this rule_id already"),
    "rules_client_id_fkey": lambda: errors.NotFound("there is no such client"),
}


class PgRuleStore:
    """Stores rules and tells of their changes in the same transaction."""

    def __init__(self, pools: postgres.Pools, *, rules_per_client_max: int = limits.RULES_PER_CLIENT_MAX) -> None:
        self._pools = pools
        self._rules_per_client_max = rules_per_client_max

    async def create(self, rule: Rule, *, by_operator: bool = False) -> Rule:
        """Store a new rule."""
        if not rule.client_id or not all_storable(rule.client_id):
            raise errors.NotFound("there is no such client")
        with refusals(_REFUSED_RULES):
            async with scoped(self._pools, None if by_operator else rule.client_id, "create_rule") as connection:
                # One after the other per client, so that the count is that of the rules that will be there.
                await connection.execute(postgres.LOCK_RULES_OF_CLIENT, rule.client_id)
                await connection.execute(_INSERT_RULE, *RULES.row(rule))
                counted = await connection.fetchval("SELECT count(*) FROM rules WHERE client_id = $1", rule.client_id)
                if counted > self._rules_per_client_max:
                    raise errors.LimitExceeded(f"a client has at most {self._rules_per_client_max} rules")
                await _bound_catch_alls(connection, rule)
                await _append_change(connection, rule, RuleAction.CREATED, now_ms=rule.updated_at_ms)
        return rule

    async def get(self, scope: ports.Scope, rule_id: str) -> Rule:
        """Return one rule."""
        async with scoped(self._pools, scope, "get_rule") as connection:
            return await _RULE.find(connection, scope, rule_id)

    async def list(self, scope: ports.Scope, page: ports.PageRequest, where: ports.RuleFilter) -> ports.Page[Rule]:
        """Return a page of rules."""
        conditions = Conditions(scope)
        conditions.add_equal(client_id=where.client_id, severity=where.severity, enabled=where.enabled)
        if where.catches is not None:
            conditions.add(CATCHES[where.catches])
        if where.text is not None:
            holds = "(strpos(lower(source), lower({})) > 0 OR strpos(lower(name), lower({})) > 0)"
            conditions.add(holds, where.text, where.text)
        if not all_storable(where.client_id, where.severity, where.text):
            return ports.Page([])
        return await _LIST_RULES.page(self._pools, scope, conditions, page)

    async def all_of(self, client_id: str) -> Sequence[Rule]:
        """Return every rule of one client."""
        if not all_storable(client_id):
            return []
        async with postgres.tenant_transaction(self._pools.api, "all_rules_of", client_id=client_id) as connection:
            rows = await connection.fetch(_SELECT_RULES + " WHERE client_id = $1", client_id)
        return [RULES.read(row) for row in rows]

    async def having(self, patterns: Collection[Pattern]) -> Mapping[Pattern, Rule]:
        """Return for each of *patterns* one enabled rule with just this pattern."""
        texts = [texts for texts in map(_as_texts, patterns) if all_storable(*texts)]
        columns = [list(column) for column in zip(*texts, strict=True)] or [[], [], []]
        async with scoped(self._pools, None, "rules_having") as connection:
            found = [RULES.read(row) for row in await connection.fetch(_HAVING, *columns)]
        return {rule.pattern: rule for rule in found}

    async def replace(self, scope: ports.Scope, rule: Rule, *, expected_version: int | None) -> Rule:
        """Store the changed fields."""
        with refusals(_REFUSED_RULES):
            async with scoped(self._pools, scope, "replace_rule") as connection:
                stored = await _RULE.lock(connection, scope, rule.rule_id, expected_version)
                changed = next_rule_version(stored, rule)
                values = RULES.changed_values(changed, KEPT_OF_RULE)
                await connection.execute(_UPDATE_RULE, stored.client_id, stored.rule_id, *values)
                await _bound_catch_alls(connection, changed)
                action = RuleAction.UPDATED if changed.enabled else RuleAction.DISABLED
                await _append_change(connection, changed, action, now_ms=changed.updated_at_ms)
        return changed

    async def delete(self, scope: ports.Scope, rule_id: str, *, expected_version: int | None, now_ms: int) -> None:
        """Delete the rule and its endpoints."""
        async with scoped(self._pools, scope, "delete_rule") as connection:
            stored = await _RULE.lock(connection, scope, rule_id, expected_version)
            await retire_endpoints(connection, stored.client_id, stored.rule_id, now_ms=now_ms)
            gone = "DELETE FROM rules WHERE client_id = $1 AND rule_id = $2"
            await connection.execute(gone, stored.client_id, stored.rule_id)
            await _append_change(connection, stored, RuleAction.DELETED, now_ms=now_ms)


async def _bound_catch_alls(connection: postgres.Connection, rule: Rule) -> None:
    """Raise LimitExceeded if *rule*, which is stored, is one too many that catches more than its pattern."""
    if not rule.is_catch_all:
        return
    # One after the other until their transactions end, so that the count is that of the rules that will be there.
    await connection.execute(postgres.LOCK_CATCH_ALLS)
    if await connection.fetchval(_COUNT_CATCH_ALLS) > limits.CATCH_ALL_RULES_MAX:
        raise errors.LimitExceeded(ports.CATCH_ALLS_EXCEEDED)


def _as_texts(pattern: Pattern) -> tuple[str, str, str]:
    severity, source, name = pattern
    return (
        WILDCARD if severity is None else severity.name,
        WILDCARD if source is None else source,
        WILDCARD if name is None else name,
    )


async def _append_change(connection: postgres.Connection, rule: Rule, action: RuleAction, *, now_ms: int) -> None:
    change = RuleChange(rule.client_id, rule.rule_id, action, rule.version)
    await append_changes(connection, [change], now_ms=now_ms)


_LIST_ENDPOINTS: Final = NewestFirst(
    "endpoints", f"SELECT {ENDPOINTS.columns} FROM endpoints", "endpoint_id", ENDPOINTS.read
)

_INSERT_ENDPOINT: Final = f"INSERT INTO endpoints ({ENDPOINTS.columns}) VALUES ({ENDPOINTS.places})"

_UPDATE_ENDPOINT: Final = f"""
UPDATE endpoints SET {ENDPOINTS.changes(KEPT_OF_ENDPOINT, first=3)} WHERE client_id = $1 AND endpoint_id = $2
"""

_ENDPOINTS_MAX: Final = limits.ENDPOINTS_PER_RULE_MAX

_REFUSED_ENDPOINTS: Final = {
    "endpoints_unique_value": lambda: errors.Conflict("the rule has an endpoint with the same type and value already"),
    "endpoints_pkey": lambda: errors.Conflict("there is an endpoint with this endpoint_id already"),
    "endpoints_endpoint_id_key": lambda: errors.Conflict("there is an endpoint with this endpoint_id already"),
}


class PgEndpointStore:
    """Stores endpoints."""

    def __init__(self, pools: postgres.Pools) -> None:
        self._pools = pools

    async def create(self, scope: ports.Scope, endpoint: Endpoint) -> Endpoint:
        """Store a new endpoint."""
        if scope not in {None, endpoint.client_id} or not is_uuid(endpoint.rule_id):
            raise errors.NotFound("there is no such rule")
        with refusals(_REFUSED_ENDPOINTS):
            async with scoped(self._pools, scope, "create_endpoint") as connection:
                # The lock lets the rule's endpoints grow one after the other, so that they are counted right.
                locked = "SELECT 1 FROM rules WHERE client_id = $1 AND rule_id = $2 FOR UPDATE"
                if await connection.fetchval(locked, endpoint.client_id, endpoint.rule_id) is None:
                    raise errors.NotFound("there is no such rule")
                await connection.execute(_INSERT_ENDPOINT, *ENDPOINTS.row(endpoint))
                count = "SELECT count(*) FROM endpoints WHERE client_id = $1 AND rule_id = $2"
                if await connection.fetchval(count, endpoint.client_id, endpoint.rule_id) > _ENDPOINTS_MAX:
                    raise errors.LimitExceeded(f"a rule has at most {_ENDPOINTS_MAX} endpoints")
        return endpoint

    async def get(self, scope: ports.Scope, endpoint_id: str) -> Endpoint:
        """Return one endpoint."""
        async with scoped(self._pools, scope, "get_endpoint") as connection:
            return await _ENDPOINT.find(connection, scope, endpoint_id)

    async def list(
        self, scope: ports.Scope, page: ports.PageRequest, where: ports.EndpointFilter
    ) -> ports.Page[Endpoint]:
        """Return a page of endpoints."""
        conditions = Conditions(scope)
        conditions.add_equal(client_id=where.client_id, rule_id=where.rule_id, type=where.type, enabled=where.enabled)
        if where.rule_id is not None:
            # The indexes begin with the client.
            conditions.add("client_id = (SELECT client_id FROM rules WHERE rule_id = {}::uuid)", where.rule_id)
        if not all_storable(where.client_id) or not (where.rule_id is None or is_uuid(where.rule_id)):
            return ports.Page([])
        return await _LIST_ENDPOINTS.page(self._pools, scope, conditions, page)

    async def replace(self, scope: ports.Scope, endpoint: Endpoint, *, expected_version: int | None) -> Endpoint:
        """Store the changed fields."""
        with refusals(_REFUSED_ENDPOINTS):
            async with scoped(self._pools, scope, "replace_endpoint") as connection:
                stored = await _ENDPOINT.lock(connection, scope, endpoint.endpoint_id, expected_version)
                changed = next_endpoint_version(stored, endpoint)
                values = ENDPOINTS.changed_values(changed, KEPT_OF_ENDPOINT)
                await connection.execute(_UPDATE_ENDPOINT, stored.client_id, stored.endpoint_id, *values)
        return changed

    async def delete(self, scope: ports.Scope, endpoint_id: str, *, expected_version: int | None) -> None:
        """Delete the endpoint."""
        async with scoped(self._pools, scope, "delete_endpoint") as connection:
            stored = await _ENDPOINT.lock(connection, scope, endpoint_id, expected_version)
            gone = "DELETE FROM endpoints WHERE client_id = $1 AND endpoint_id = $2"
            await connection.execute(gone, stored.client_id, stored.endpoint_id)


_LOAD_CLIENTS: Final = f"""
INSERT INTO clients ({CLIENTS.columns}) SELECT * FROM unnest({CLIENTS.arrays}) ON CONFLICT DO NOTHING RETURNING 1
"""

_LOAD_RULES: Final = f"""
INSERT INTO rules ({RULES.columns})
SELECT n.* FROM unnest({RULES.arrays}) AS n ({RULES.columns})
WHERE EXISTS (SELECT 1 FROM clients c WHERE c.client_id = n.client_id)
ON CONFLICT DO NOTHING RETURNING client_id, rule_id, version, created_at
"""

_LOAD_ENDPOINTS: Final = f"""
INSERT INTO endpoints ({ENDPOINTS.columns})
SELECT n.* FROM unnest({ENDPOINTS.arrays}) AS n ({ENDPOINTS.columns})
WHERE EXISTS (SELECT 1 FROM rules r WHERE r.client_id = n.client_id AND r.rule_id = n.rule_id)
ON CONFLICT DO NOTHING RETURNING 1
"""


class PgBulkLoader:
    """Loads test data."""

    def __init__(self, pools: postgres.Pools) -> None:
        self._pools = pools

    async def load(
        self,
        clients: Iterable[Client],
        rules: Iterable[Rule],
        endpoints: Iterable[Endpoint],
        *,
        beside_other_data: bool = False,
        progress: ports.Progress | None = None,
    ) -> ports.Loaded:
        """Store what is not stored yet."""
        given = list(clients)
        if not beside_other_data:
            await self._refuse_other_data([client.client_id for client in given])
        report = progress or _ignore
        done = ports.Loaded(0, 0, 0)
        for client_batch in batches(given, limits.BULK_ROWS_MAX):
            done = ports.Loaded(done.clients + await self._insert(_LOAD_CLIENTS, CLIENTS.rows(client_batch)), 0, 0)
            report(done)
        for rule_batch in batches(rules, limits.BULK_ROWS_MAX):
            done = ports.Loaded(done.clients, done.rules + await self._insert_rules(rule_batch), 0)
            report(done)
        for endpoint_batch in batches(endpoints, limits.BULK_ROWS_MAX):
            stored = await self._insert(_LOAD_ENDPOINTS, ENDPOINTS.rows(endpoint_batch))
            done = ports.Loaded(done.clients, done.rules, done.endpoints + stored)
            report(done)
        return done

    async def _refuse_other_data(self, client_ids: Sequence[str]) -> None:
        other = "SELECT EXISTS (SELECT 1 FROM clients WHERE client_id <> ALL ($1::text[]))"
        async with postgres.transaction(self._pools.admin, "bulk_load", readonly=True) as connection:
            if await connection.fetchval(other, client_ids):
                raise errors.Conflict("there are other clients in the database")

    async def _insert(self, statement: str, columns: Sequence[Sequence[Any]]) -> int:
        async with postgres.transaction(self._pools.admin, "bulk_load") as connection:
            return len(await connection.fetch(statement, *columns))

    async def _insert_rules(self, rules: Sequence[Rule]) -> int:
        async with postgres.transaction(self._pools.admin, "bulk_load") as connection:
            stored = await connection.fetch(_LOAD_RULES, *RULES.rows(rules))
            changes = [RuleChange(s["client_id"], s["rule_id"], RuleAction.CREATED, s["version"]) for s in stored]
            now_ms = max((s["created_at"] for s in stored), default=0)
            await append_changes(connection, changes, now_ms=now_ms)
        return len(stored)


def _ignore(_loaded: ports.Loaded) -> None:
    """Tell nobody."""
