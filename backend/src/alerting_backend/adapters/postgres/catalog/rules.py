"""Rules on Postgres."""

from collections.abc import Sequence
from typing import Final

from alerting_backend.adapters.postgres.catalog.rule_distribution import RuleChange, append_changes
from alerting_backend.adapters.postgres.connection import LOCK_RULES_OF_CLIENT
from alerting_backend.adapters.postgres.delivery.rows import RULES
from alerting_backend.adapters.postgres.pools import Connection, Pools, tenant_transaction
from alerting_backend.adapters.postgres.scope import Conditions, NewestFirst, all_storable, refusals, scoped
from alerting_core import limits
from alerting_core.codec.records import RuleAction, is_uuid
from alerting_core.domain.rule import KEPT_FIELDS, Rule, next_version
from alerting_core.errors import Conflict, LimitExceeded, NotFound, VersionConflict
from alerting_core.ports.catalog import RuleFilter
from alerting_core.ports.paging import Page, PageRequest, Scope

_SELECT: Final = f"SELECT {RULES.columns} FROM rules"
_LIST: Final = NewestFirst("rules", _SELECT, "rule_id", RULES.read)

_INSERT: Final = f"INSERT INTO rules ({RULES.columns}) VALUES ({RULES.places})"

_UPDATE: Final = f"UPDATE rules SET {RULES.changes(KEPT_FIELDS, first=3)} WHERE client_id = $1 AND rule_id = $2"

_REFUSED: Final = {
    "rules_unique_pattern": lambda: Conflict("the client has a rule with the same severity, source and name already"),
    "rules_pkey": lambda: Conflict("there is a rule with this rule_id already"),
    "rules_rule_id_key": lambda: Conflict("there is a rule with this rule_id already"),
    "rules_client_id_fkey": lambda: NotFound("there is no such client"),
}


class PgRuleStore:
    """Stores rules and tells of their changes in the same transaction."""

    def __init__(self, pools: Pools, *, rules_per_client_max: int = limits.RULES_PER_CLIENT_MAX) -> None:
        self._pools = pools
        self._rules_per_client_max = rules_per_client_max

    async def create(self, rule: Rule) -> Rule:
        """Store a new rule."""
        if not rule.client_id or not all_storable(rule.client_id):
            raise NotFound("there is no such client")
        with refusals(_REFUSED):
            async with tenant_transaction(self._pools.api, "create_rule", client_id=rule.client_id) as connection:
                # One after the other per client, so that the count is that of the rules that will be there.
                await connection.execute(LOCK_RULES_OF_CLIENT, rule.client_id)
                await connection.execute(_INSERT, *RULES.row(rule))
                counted = await connection.fetchval("SELECT count(*) FROM rules WHERE client_id = $1", rule.client_id)
                if counted > self._rules_per_client_max:
                    raise LimitExceeded(f"a client has at most {self._rules_per_client_max} rules")
                await _report(connection, rule, RuleAction.CREATED, now_ms=rule.updated_at_ms)
        return rule

    async def get(self, scope: Scope, rule_id: str) -> Rule:
        """Return one rule."""
        async with scoped(self._pools, scope, "get_rule") as connection:
            return await _find(connection, scope, rule_id)

    async def list(self, scope: Scope, page: PageRequest, where: RuleFilter) -> Page[Rule]:
        """Return a page of rules."""
        conditions = Conditions(scope)
        conditions.add_equal(client_id=where.client_id, severity=where.severity, enabled=where.enabled)
        if where.text is not None:
            holds = "(strpos(lower(source), lower({})) > 0 OR strpos(lower(name), lower({})) > 0)"
            conditions.add(holds, where.text, where.text)
        if not all_storable(where.client_id, where.severity, where.text):
            return Page([])
        return await _LIST.page(self._pools, scope, conditions, page)

    async def all_of(self, client_id: str) -> Sequence[Rule]:
        """Return every rule of one client."""
        if not all_storable(client_id):
            return []
        async with tenant_transaction(self._pools.api, "all_rules_of", client_id=client_id) as connection:
            rows = await connection.fetch(_SELECT + " WHERE client_id = $1", client_id)
        return [RULES.read(row) for row in rows]

    async def replace(self, scope: Scope, rule: Rule, *, expected_version: int | None) -> Rule:
        """Store the changed fields."""
        with refusals(_REFUSED):
            async with scoped(self._pools, scope, "replace_rule") as connection:
                stored = await _lock(connection, scope, rule.rule_id, expected_version)
                changed = next_version(stored, rule)
                values = RULES.changed_values(changed, KEPT_FIELDS)
                await connection.execute(_UPDATE, stored.client_id, stored.rule_id, *values)
                action = RuleAction.UPDATED if changed.enabled else RuleAction.DISABLED
                await _report(connection, changed, action, now_ms=changed.updated_at_ms)
        return changed

    async def delete(self, scope: Scope, rule_id: str, *, expected_version: int | None, now_ms: int) -> None:
        """Delete the rule and its endpoints."""
        async with scoped(self._pools, scope, "delete_rule") as connection:
            stored = await _lock(connection, scope, rule_id, expected_version)
            gone = "DELETE FROM rules WHERE client_id = $1 AND rule_id = $2"
            await connection.execute(gone, stored.client_id, stored.rule_id)
            await _report(connection, stored, RuleAction.DELETED, now_ms=now_ms)


async def _find(connection: Connection, scope: Scope, rule_id: str, *, lock: str = "") -> Rule:
    conditions = Conditions(scope)
    conditions.add_equal(rule_id=rule_id)
    row = None
    if is_uuid(rule_id):
        row = await connection.fetchrow(_SELECT + conditions.sql + lock, *conditions.arguments)
    if row is None:
        raise NotFound("there is no such rule")
    return RULES.read(row)


async def _lock(connection: Connection, scope: Scope, rule_id: str, expected_version: int | None) -> Rule:
    rule = await _find(connection, scope, rule_id, lock=" FOR UPDATE")
    if expected_version not in {None, rule.version}:
        raise VersionConflict("the rule was changed meanwhile", current_version=rule.version)
    return rule


async def _report(connection: Connection, rule: Rule, action: RuleAction, *, now_ms: int) -> None:
    change = RuleChange(rule.client_id, rule.rule_id, action, rule.version)
    await append_changes(connection, [change], now_ms=now_ms)
