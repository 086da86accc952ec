"""Rule reconciler: finds whatever the shared snapshot has wrong, and puts it right.

Theory of operation. A snapshot that is missing, that is damaged (a reader or the reconciler itself could not use it, or
its checksums do not add up) or that is from another database (it knows later changes than there are) is built anew as a
whole. Otherwise a pass goes over all clients, a few per step, and compares checksums: of the rules in the database with
those that a reader would get. After the last client, those that the snapshot holds and the pass did not meet are looked
up: they were deleted. A client that differs is put in anew. Often an edit is just on its way and would have come a
moment later, which is no harm.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from alerting_core import limits
from alerting_core.matching.checksum import rules_checksum
from alerting_core.pipeline.rebuild_rules import rebuild_rules
from alerting_core.pipeline.report import BatchReport, Count, StageName
from alerting_core.ports.clock import Clock
from alerting_core.ports.ids import IdSource
from alerting_core.ports.rule_origin import RuleOrigin, RulesAsOf
from alerting_core.ports.rule_snapshot import HeldRules, RuleSnapshotStore

RECONCILE_EVERY_MS: Final = 1_000
"""Pause between two steps: a missing snapshot is noticed within it, and a pass over 1,000 clients takes a minute."""

SUSPICION_EVERY_MS_MAX: Final = 30_000
"""A snapshot that stays suspect is not built anew more often: then the fault is with the reader."""


@dataclass(slots=True)
class _Pass:
    """Where a pass over all clients is."""

    after: str | None = None
    met: set[str] = field(default_factory=set[str])


class RuleReconciler:
    """Database of record → shared snapshot, for all that the rule updater did not or could not do."""

    def __init__(
        self,
        origin: RuleOrigin,
        snapshot: RuleSnapshotStore,
        clock: Clock,
        ids: IdSource,
        *,
        clients_max: int = limits.RULE_CLIENTS_AT_ONCE_MAX,
    ) -> None:
        self._origin = origin
        self._snapshot = snapshot
        self._clock = clock
        self._ids = ids
        self._clients_max = clients_max
        self._pass = _Pass()
        self._rebuilt_at_ms: int | None = None

    async def step(self) -> BatchReport:
        """Build the snapshot when that is needed, else check some clients. Idle when nothing had to be done."""
        state = await self._snapshot.state()
        if state is None or (state.suspect and self._may_act_on_suspicion()):
            return await self._rebuild()
        read = await self._origin.next_clients(self._pass.after, clients_max=self._clients_max)
        if read.by_client:
            self._pass.after = [*read.by_client][-1]
            self._pass.met.update(read.by_client)
            return await self._compare(read)
        return await self._end_pass()

    async def _end_pass(self) -> BatchReport:
        met, self._pass = self._pass.met, _Pass()
        if not await self._snapshot.is_sound():
            return await self._rebuild()
        unmet = [client_id for client_id in await self._snapshot.client_ids() if client_id not in met]
        counts: Counter[Count] = Counter()
        for start in range(0, len(unmet), self._clients_max):
            report = await self._compare(await self._origin.rules_of(unmet[start : start + self._clients_max]))
            counts.update(report.counts)
            if counts[Count.RULES_REBUILT]:
                break
        return _report(counts)

    async def _compare(self, read: RulesAsOf) -> BatchReport:
        held = await self._snapshot.held([*read.by_client])
        damaged = any(one.checksum is None for one in held.values())
        if damaged or await self._is_foreign(held.values(), read.as_of):
            return await self._rebuild()
        differing = {c: rules for c, rules in read.by_client.items() if rules_checksum(rules) != held[c].checksum}
        if not differing:
            return _report({})
        return _report({Count.RULE_CLIENTS_REPAIRED: await self._snapshot.replace(RulesAsOf(read.as_of, differing))})

    async def _is_foreign(self, held: Iterable[HeldRules], as_of: int) -> bool:
        """Tell whether the snapshot knows changes that its database does not, as one of before a restore would."""
        newest = max(one.as_of for one in held)
        if newest <= as_of:
            return False
        # An updater may have come in between with what it read later: then the database knows it by now.
        return newest > (await self._origin.rules_of([])).as_of

    async def _rebuild(self) -> BatchReport:
        self._pass = _Pass()
        built = await rebuild_rules(
            self._origin, self._snapshot, owner=self._ids.new_uuid(), clients_max=self._clients_max
        )
        if built:
            self._rebuilt_at_ms = self._clock.now_ms()
        return _report({Count.RULES_REBUILT: int(built)})

    def _may_act_on_suspicion(self) -> bool:
        last_ms = self._rebuilt_at_ms
        return last_ms is None or abs(self._clock.now_ms() - last_ms) >= SUSPICION_EVERY_MS_MAX


def _report(counts: Mapping[Count, int]) -> BatchReport:
    return BatchReport(StageName.RULE_RECONCILER, counts=Counter(counts))
