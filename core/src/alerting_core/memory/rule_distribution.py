"""How rules get to the evaluators, in memory: outbox, database of record, shared snapshot, source."""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from alerting_core import limits
from alerting_core.codec.records import RuleAction, RuleChanged
from alerting_core.domain.rule import Rule, deciding
from alerting_core.errors import FencedOff, PortUnavailable
from alerting_core.memory.database import MemoryDatabase, RuleChange
from alerting_core.ports import rule_distribution as distribution
from alerting_core.ports.clock import Clock


class MemoryRuleSource:
    """Reads rules and the outbox of their changes; the version is that of the latest change."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def snapshot(self) -> distribution.RuleSnapshot:
        """Return all enabled rules."""
        rules = [deciding(rule) for rule in self._database.rules.values() if rule.enabled]
        return distribution.RuleSnapshot(self._version(), rules)

    async def changes(self, since_version: int) -> distribution.RuleChanges | None:
        """Return the enabled rules of each client changed after *since_version*; None for a version not known here."""
        outbox = self._database.outbox
        first_version = outbox[0].version if outbox else 1
        if not first_version - 1 <= since_version <= self._version():
            return None
        changed = {change.client_id: None for change in outbox[since_version - first_version + 1 :]}
        return distribution.RuleChanges(self._version(), {client_id: self._enabled(client_id) for client_id in changed})

    def _version(self) -> int:
        return self._database.outbox[-1].version if self._database.outbox else 0

    def _enabled(self, client_id: str) -> Sequence[Rule]:
        ids = self._database.rules_of_client.get(client_id, {})
        return [deciding(rule) for rule in map(self._database.rules.__getitem__, ids) if rule.enabled]


class MemoryRuleDatabase:
    """Reads rules client by client; they are as of the latest change."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def rules_of(self, client_ids: Collection[str]) -> distribution.RulesAsOf:
        """Return the enabled rules of these clients."""
        outbox = self._database.outbox
        return distribution.RulesAsOf(outbox[-1].version if outbox else 0, {c: self._enabled(c) for c in client_ids})

    async def next_clients(self, after: str | None, *, clients_max: int) -> distribution.RulesAsOf:
        """Return the next clients, in the order of their ids."""
        client_ids = sorted(self._database.clients)
        start = 0 if after is None else bisect_right(client_ids, after)
        return await self.rules_of(client_ids[start : start + clients_max])

    def _enabled(self, client_id: str) -> list[Rule]:
        rules = map(self._database.rules.__getitem__, self._database.rules_of_client.get(client_id, {}))
        return [deciding(rule) for rule in rules if rule.enabled]


class MemoryOutbox:
    """The outbox of a database in memory."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def unpublished(self, *, limit: int) -> Sequence[distribution.OutboxRow]:
        """Return the oldest changes that are not marked as published."""
        marked = self._database.outbox_published
        waiting = [change for change in self._database.outbox if change.version not in marked]
        return [distribution.OutboxRow(change.version, _message(change)) for change in waiting[:limit]]

    async def mark_published(self, change_ids: Sequence[int], *, now_ms: int) -> None:
        """Note that these changes were published."""
        kept = {change.version for change in self._database.outbox}
        marked = self._database.outbox_published
        marked.update(change_ids)
        marked &= kept


def _message(change: RuleChange) -> RuleChanged:
    return RuleChanged(
        change.rule_id,
        change.client_id,
        RuleAction(change.action),
        change.rule_version,
        change.rule_updated_at_ms // 1_000,
    )


Readings = dict[str, tuple[int, Sequence[Rule]]]
"""client_id → the number of the latest change in the reading, and the enabled rules."""


@dataclass(slots=True)
class _Snapshot:
    """What readers see. `changed` holds, per version after `epoch`, the client that it changed."""

    epoch: int
    clients: Readings
    changed: list[str] = field(default_factory=list[str])
    checksum: str = distribution.NO_RULES

    @property
    def version(self) -> int:
        return self.epoch + len(self.changed)


@dataclass(slots=True)
class _Claim:
    """A snapshot under construction."""

    owner: str
    until_ms: int
    clients: Readings = field(default_factory=Readings)


@dataclass(frozen=True, slots=True)
class Held:
    """A snapshot in figures."""

    epoch: int
    version: int
    clients: int
    rules: int
    checksum: str


class MemoryRuleSnapshot:
    """The snapshot; missing until one was built. It is the `RuleSource` of those who share its process, too.

    Args:
        clock: For the claims of builders.
        changes_max: How many of the latest changes readers can still be told.
    """

    def __init__(self, clock: Clock, *, changes_max: int = limits.RULE_CHANGES_KEPT_MAX) -> None:
        self._clock = clock
        self.changes_max = changes_max
        self._now: _Snapshot | None = None
        self._claim: _Claim | None = None
        self._last_version = 0

    async def state(self) -> distribution.SnapshotState | None:
        """Return what there is."""
        return None if self._now is None else distribution.SnapshotState(self._now.epoch, self._now.version)

    async def replace(self, rules: distribution.RulesAsOf) -> int:
        """Put these clients in with exactly these rules."""
        claim = self._live_claim()
        if self._now is None and claim is None:
            raise _missing("replace")
        if claim is not None:
            _put(claim.clients, rules)
        if self._now is None:
            return 0
        changed = _put(self._now.clients, rules)
        self._now.changed += changed
        self._now.checksum = distribution.combined_checksum((self._now.checksum, *changed.values()))
        self._last_version = self._now.version
        return len(changed)

    async def held(self, client_ids: Collection[str]) -> Mapping[str, distribution.HeldRules]:
        """Return what the snapshot holds of these clients."""
        clients = self._held("held").clients
        found = {client_id: clients.get(client_id, (-1, ())) for client_id in client_ids}
        return {
            client_id: distribution.HeldRules(as_of, distribution.rules_checksum(rules))
            for client_id, (as_of, rules) in found.items()
        }

    async def client_ids(self) -> Sequence[str]:
        """Return all clients of which the snapshot holds rules."""
        return [client_id for client_id, (_, rules) in self._held("client_ids").clients.items() if rules]

    async def is_sound(self) -> bool:
        """Tell whether the checksums add up."""
        held = self._held("is_sound")
        return held.checksum == _checksum(held.clients)

    async def begin(self, owner: str) -> "MemorySnapshotBuild | None":
        """Claim the construction of a new snapshot."""
        if self._live_claim() is not None:
            return None
        self._claim = _Claim(owner, self._lease_end_ms())
        return MemorySnapshotBuild(self, owner)

    async def snapshot(self) -> distribution.RuleSnapshot:
        """Return all enabled rules."""
        held = self._held("snapshot")
        return distribution.RuleSnapshot(
            held.version, [rule for _, rules in held.clients.values() for rule in rules], held.checksum
        )

    async def changes(self, since_version: int) -> distribution.RuleChanges | None:
        """Return the enabled rules of each client changed after *since_version*."""
        held = self._held("changes")
        first = max(held.epoch, held.version - self.changes_max)
        if not first <= since_version <= held.version:
            return None
        changed = dict.fromkeys(held.changed[since_version - held.epoch :])
        return distribution.RuleChanges(held.version, {c: held.clients[c][1] for c in changed}, held.checksum)

    def glance(self) -> Held | None:
        """Return what there is in figures, for people; None when there is no snapshot."""
        held = self._now
        if held is None:
            return None
        rules = [rules for _, rules in held.clients.values() if rules]
        return Held(held.epoch, held.version, len(rules), sum(map(len, rules)), held.checksum)

    def empty(self) -> None:
        """Lose everything, as a store does that is emptied."""
        self._now = self._claim = None

    def add(self, owner: str, rules: distribution.RulesAsOf) -> None:
        """Put clients into the snapshot that *owner* builds."""
        claim = self._claim_of(owner)
        claim.until_ms = self._lease_end_ms()
        _put(claim.clients, rules)

    def finish(self, owner: str) -> None:
        """Make what *owner* has built the snapshot."""
        clients = self._claim_of(owner).clients
        self._last_version += 1
        self._now = _Snapshot(self._last_version, clients, checksum=_checksum(clients))
        self._claim = None

    def _held(self, operation: str) -> _Snapshot:
        if self._now is None:
            raise _missing(operation)
        return self._now

    def _live_claim(self) -> _Claim | None:
        claim = self._claim
        return claim if claim is not None and self._clock.now_ms() < claim.until_ms else None

    def _claim_of(self, owner: str) -> _Claim:
        claim = self._live_claim()
        if claim is None or claim.owner != owner:
            raise FencedOff("the construction of the rules snapshot is no longer this builder's")
        return claim

    def _lease_end_ms(self) -> int:
        return self._clock.now_ms() + limits.SNAPSHOT_BUILD_LEASE_MS


@dataclass(frozen=True, slots=True)
class MemorySnapshotBuild:
    """A new snapshot under construction."""

    target: MemoryRuleSnapshot
    owner: str

    async def add(self, rules: distribution.RulesAsOf) -> None:
        """Put clients in."""
        self.target.add(self.owner, rules)

    async def finish(self) -> None:
        """Make it the snapshot."""
        self.target.finish(self.owner)


def _put(clients: Readings, rules: distribution.RulesAsOf) -> dict[str, str]:
    """Put newer readings in; return, for each client that has other rules now, what that does to the checksum."""
    changed: dict[str, str] = {}
    for client_id, enabled in rules.by_client.items():
        as_of, before = clients.get(client_id, (-1, ()))
        if rules.as_of < as_of:
            continue
        after = sorted(enabled, key=lambda rule: rule.rule_id)
        clients[client_id] = (rules.as_of, after)
        if list(before) != after:
            changed[client_id] = distribution.combined_checksum(
                (distribution.rules_checksum(before), distribution.rules_checksum(after))
            )
    return changed


def _checksum(clients: Readings) -> str:
    return distribution.combined_checksum(distribution.rules_checksum(rules) for _, rules in clients.values())


def _missing(operation: str) -> PortUnavailable:
    return PortUnavailable("rules snapshot", operation=operation, detail="it is missing until it has been built")
