"""Telling of changes of rules: in the transaction that makes them, in commit order."""

from collections.abc import Sequence
from dataclasses import dataclass

from alerting_backend.adapters.postgres.pools import Connection
from alerting_core.codec.rule import RuleAction

# The row of outbox_head stays locked until the transaction ends: whoever appends next gets higher numbers, and its
# changes become visible later. A reader who sees change N therefore sees all below N.
_APPEND = """
WITH head AS (
    UPDATE outbox_head SET last_change_id = last_change_id + cardinality($1::text[]) RETURNING last_change_id AS last
)
INSERT INTO outbox (change_id, client_id, rule_id, action, version, created_at)
SELECT head.last - cardinality($1::text[]) + c.place, c.client_id, c.rule_id, c.action, c.version, $5
FROM head, unnest($1::text[], $2::uuid[], $3::smallint[], $4::integer[])
    WITH ORDINALITY AS c (client_id, rule_id, action, version, place)
"""

_TRIM = """
WITH head AS (
    UPDATE outbox_head SET trimmed_change_id = greatest(trimmed_change_id, least($1, last_change_id))
    RETURNING trimmed_change_id
)
DELETE FROM outbox USING head WHERE change_id <= $1 AND change_id <= head.trimmed_change_id
"""


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One rule was changed.

    Attributes:
        version: Of the rule after the change; of a deleted rule, the last it had.
    """

    client_id: str
    rule_id: str
    action: RuleAction
    version: int


async def append_changes(connection: Connection, changes: Sequence[RuleChange], *, now_ms: int) -> None:
    """Append *changes* to the outbox, in the transaction that *connection* is in.

    Call it once per transaction, as its last statement: it lets no other writer append until the transaction ends, so
    that what is locked after it could deadlock, and what takes long after it holds up every edit.
    """
    assert connection.is_in_transaction(), "a change is told in the transaction that makes it, or not at all"
    if not changes:
        return
    await connection.execute(
        _APPEND,
        [change.client_id for change in changes],
        [change.rule_id for change in changes],
        [int(change.action) for change in changes],
        [change.version for change in changes],
        now_ms,
    )


async def trim_changes(connection: Connection, *, up_to: int) -> None:
    """Forget the changes numbered *up_to* and below; who has not read them yet must take a snapshot."""
    await connection.execute(_TRIM, up_to)
