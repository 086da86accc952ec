"""The shared snapshot of all rules in Redis: its bytes, how it is replaced or built anew, and how evaluators read it.

Theory of operation. The write side replaces the rules of single clients, or builds all anew beside the ones in use.
Every client is checked against the checksum that was noted beside it, and all together against the one of the whole:
what was evicted, overwritten or lost in a restore is never taken for rules. The whole is read client by client, in
parts, while others edit it; then the changes since the beginning are read, as often as it takes to reach the latest
version. What is there then is the snapshot of that version, without Redis ever having been held up. A version names
its epoch (it lies between the epoch and the latest version), so that a reader with one from before Redis was emptied
is told that it cannot be followed.
"""

import asyncio
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import starmap
from typing import Final
from uuid import UUID

import orjson

from alerting_backend.adapters.redis import scripts
from alerting_backend.adapters.redis.connection import COOL_DOWN_MS_MAX, RESOURCE, RedisBreaker, RedisServer
from alerting_core import errors, limits
from alerting_core.domain.rule import Rule, from_record, recorded
from alerting_core.ports import rule_distribution as distribution

_FORMAT: Final = 1
_HEAD_BYTES: Final = 5
_ID_BYTES: Final = 16

_COMPRESSION: Final = 1
"""The highest level saves a tenth more and takes twice the time."""

_COLUMNS_BYTES_MAX: Final = limits.RULES_PER_CLIENT_MAX * 3_200
"""Columns of a client at all limits: two texts of 255 characters, each escaped to six bytes at worst, and numbers."""


class Unreadable(Exception):
    """These bytes are not the rules of a client, or not those that were put in."""


class UnknownFormat(Unreadable):
    """A later version of the platform wrote them."""


def pack_rules(rules: Iterable[Rule]) -> bytes:
    """Return the bytes of one client's *rules*, all of them enabled; none for no rules."""
    ordered = sorted(rules, key=lambda rule: rule.rule_id)
    if not ordered:
        return b""
    assert all(rule.enabled for rule in ordered)
    ids = b"".join(UUID(rule.rule_id).bytes for rule in ordered)
    rows = (
        (rule.severity, rule.source, rule.name, rule.version, rule.created_at_ms, rule.updated_at_ms)
        for rule in map(recorded, ordered)
    )
    columns = orjson.dumps(list(zip(*rows, strict=True)))
    head = bytes([_FORMAT]) + len(ordered).to_bytes(_HEAD_BYTES - 1, "big")
    return head + ids + zlib.compress(columns, _COMPRESSION)


def unpack_rules(client_id: str, packed: bytes) -> list[Rule]:
    """Return the rules of *client_id* that *packed* holds.

    Raises:
        Unreadable: It was not made by `pack_rules`.
    """
    if not packed:
        return []
    if packed[0] != _FORMAT:
        raise UnknownFormat(f"format {packed[0]} is not known here")
    count = int.from_bytes(packed[1:_HEAD_BYTES], "big")
    columns_at = _HEAD_BYTES + count * _ID_BYTES
    digits = packed[_HEAD_BYTES:columns_at].hex()
    ids = [_uuid_text(digits[start : start + 32]) for start in range(0, len(digits), 32)]
    try:
        columns = orjson.loads(zlib.decompressobj().decompress(packed[columns_at:], _COLUMNS_BYTES_MAX))
        rows = zip(ids, *columns, strict=True)
        return list(starmap(lambda *row: _rule(client_id, *row), rows))
    except (zlib.error, ValueError, TypeError) as error:  # The last: other than seven columns.
        raise Unreadable(str(error)) from error


def _uuid_text(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _rule(
    client_id: str, rule_id: str, severity: str, source: str, name: str, version: int, created: int, updated: int
) -> Rule:
    return from_record(Rule(rule_id, client_id, severity, source, name, True, version, created, updated))


@dataclass(frozen=True, slots=True)
class ReadRules:
    """The rules of one client, and the reading that they are from; -1 for a client that was never put in."""

    as_of: int
    checksum: str
    rules: list[Rule]


def read_mark(mark: bytes) -> tuple[int, str]:
    """Return as_of and checksum, which are noted beside the rules of a client with a blank between.

    Raises:
        Unreadable: It is no mark.
    """
    as_of, _, checksum = mark.decode(errors="replace").partition(" ")
    if not as_of.isdecimal() or len(checksum) != len(distribution.NO_RULES):
        raise Unreadable("there is no mark beside the rules")
    return int(as_of), checksum


def read_client(client_id: str, packed: bytes, mark: bytes) -> ReadRules:
    """Return the rules of one client; both are empty where there is nothing.

    Raises:
        Unreadable: They are not the ones that were put in.
    """
    if not packed and not mark:
        return ReadRules(-1, distribution.NO_RULES, [])
    as_of, checksum = read_mark(mark)
    rules = unpack_rules(client_id, packed)
    try:
        found = distribution.rules_checksum(rules)
    except (LookupError, TypeError, ValueError, AttributeError) as error:  # No such severity, a number for a text.
        raise Unreadable(f"this is no rule: {error}") from error
    if found != checksum:
        raise Unreadable("the rules are not those that were put in")
    return ReadRules(as_of, checksum, rules)


_LOST: Final = "the construction of the rules snapshot is no longer this builder's"


class RedisRuleSnapshot:
    """Writes the snapshot; each call is one step in Redis.

    Args:
        server: Where the snapshot is.
        keys: Their names.
        changes_max: How many of the latest changes readers can still be told.
    """

    def __init__(
        self,
        server: RedisServer,
        keys: scripts.RuleKeys | None = None,
        *,
        changes_max: int = limits.RULE_CHANGES_KEPT_MAX,
    ) -> None:
        self._server = server
        self._keys = keys or scripts.RuleKeys()
        self._changes_max = changes_max

    async def state(self) -> distribution.SnapshotState | None:
        """Return what there is."""
        keys = self._keys
        names = (keys.epoch, keys.version, keys.checksum, keys.suspect)
        epoch, version, checksum, suspect = await self._server.ask("rules_state", "MGET", *names)
        if epoch is None or version is None or checksum is None:
            return None
        return distribution.SnapshotState(int(epoch), int(version), suspect=suspect == epoch)

    async def replace(self, rules: distribution.RulesAsOf) -> int:
        """Put these clients in with exactly these rules."""
        if not rules.by_client:
            return 0
        keys = (*self._keys.live, *self._keys.under_construction)
        changed = await self._server.run(scripts.REPLACE, keys, self._changes_max, rules.as_of, *_packed(rules))
        if changed < 0:
            detail = "the rules snapshot is missing until it has been built"
            raise errors.PortUnavailable(RESOURCE, operation=scripts.REPLACE.name, detail=detail)
        return int(changed)

    async def held(self, client_ids: Collection[str]) -> Mapping[str, distribution.HeldRules]:
        """Return what the snapshot holds of these clients, as a reader would get it."""
        if not client_ids:
            return {}
        found = await self._server.run(scripts.READ, [self._keys.snapshot, self._keys.marks], *client_ids)
        return {
            client_id: _held(client_id, found[2 * place] or b"", found[2 * place + 1] or b"")
            for place, client_id in enumerate(client_ids)
        }

    async def client_ids(self) -> Sequence[str]:
        """Return all clients of which the snapshot holds rules."""
        return [
            client_id.decode() for client_id in await self._server.ask("rules_clients", "HKEYS", self._keys.snapshot)
        ]

    async def is_sound(self) -> bool:
        """Tell whether the checksum of all rules is that of the clients."""
        total, marks = await self._server.run(scripts.SUMS, [self._keys.checksum, self._keys.marks])
        try:
            return (
                total is not None and distribution.combined_checksum(read_mark(m)[1] for m in marks) == total.decode()
            )
        except Unreadable:
            return False

    async def begin(self, owner: str) -> "RedisSnapshotBuild | None":
        """Claim the construction of a new snapshot."""
        keys = self._keys.under_construction
        claimed = await self._server.run(scripts.BEGIN, keys, owner, limits.SNAPSHOT_BUILD_LEASE_MS)
        return RedisSnapshotBuild(self._server, self._keys, owner) if claimed else None


class RedisSnapshotBuild:
    """A new snapshot under construction, in keys of its own."""

    def __init__(self, server: RedisServer, keys: scripts.RuleKeys, owner: str) -> None:
        self._server = server
        self._keys = keys
        self._owner = owner

    async def add(self, rules: distribution.RulesAsOf) -> None:
        """Put clients in."""
        keys = self._keys.under_construction
        lease_ms = limits.SNAPSHOT_BUILD_LEASE_MS
        if not await self._server.run(scripts.ADD, keys, self._owner, lease_ms, rules.as_of, *_packed(rules)):
            raise errors.FencedOff(_LOST)

    async def finish(self) -> None:
        """Make it the snapshot."""
        keys = (*self._keys.live, *self._keys.under_construction)
        if not await self._server.run(scripts.FINISH, keys, self._owner):
            raise errors.FencedOff(_LOST)


def _packed(rules: distribution.RulesAsOf) -> Iterator[str | bytes]:
    for client_id, enabled in rules.by_client.items():
        yield client_id
        yield distribution.rules_checksum(enabled)
        yield pack_rules(enabled)


def _held(client_id: str, packed: bytes, mark: bytes) -> distribution.HeldRules:
    as_of = -1
    with suppress(Unreadable):
        as_of, _ = read_mark(mark)
        return distribution.HeldRules(as_of, read_client(client_id, packed, mark).checksum)
    return distribution.HeldRules(as_of, None if packed or mark else distribution.rules_checksum(()))


CLIENTS_AT_ONCE_MAX: Final = 50
"""Clients of one question: half a megabyte as a rule."""

CHANGES_AT_ONCE_MAX: Final = 100
"""Changes of one question, each with the rules of its client."""

READINGS_MAX: Final = 5
"""Times that the whole is read again because it was built anew meanwhile, or edited more often than is remembered."""

SUSPECT_SECONDS: Final = 60
"""How long a suspicion stands. Whoever still has it then has it anew."""

_OPERATION: Final = "rule_snapshot"


@dataclass(slots=True)
class _Seen:
    """What was read up to a version. `checksum` is empty unless that is the latest one."""

    version: int
    checksum: str = ""
    clients: dict[str, ReadRules] = field(default_factory=dict[str, ReadRules])


class RedisRuleSource:
    """Reads the snapshot. A server that is away is left alone for a while between questions.

    Args:
        server: Where the snapshot is.
        keys: Their names.
        cool_down_ms_max: How long it is left alone at most.
    """

    def __init__(
        self, server: RedisServer, keys: scripts.RuleKeys | None = None, *, cool_down_ms_max: int = COOL_DOWN_MS_MAX
    ) -> None:
        self._server = server
        self._keys = keys or scripts.RuleKeys()
        self._breaker = RedisBreaker(cool_down_ms_max=cool_down_ms_max)

    async def snapshot(self) -> distribution.RuleSnapshot:
        """Return all enabled rules of all clients.

        Raises:
            PortUnavailable: Redis is away, or has no snapshot, or one that is damaged.
        """
        with self._breaker.question():
            seen = await self._read_all()
        rules = [rule for client in seen.clients.values() for rule in client.rules]
        return distribution.RuleSnapshot(seen.version, rules, seen.checksum)

    async def changes(self, since_version: int) -> distribution.RuleChanges | None:
        """Return the enabled rules of each client changed after *since_version*; None when a snapshot must be taken.

        Raises:
            PortUnavailable: Redis is away, or has no snapshot.
        """
        try:
            with self._breaker.question():
                seen = await self._read_changes(_Seen(since_version))
        except Unreadable:
            return None
        if seen is None:
            return None
        return distribution.RuleChanges(
            seen.version, {c: read.rules for c, read in seen.clients.items()}, seen.checksum
        )

    async def _read_all(self) -> _Seen:
        for _ in range(READINGS_MAX):
            epoch, version = await self._head()
            try:
                seen = await self._read_once(_Seen(version))
            except Unreadable as error:
                # What was read may be half of the one before: then nothing is wrong with it.
                if (await self._head())[0] == epoch:
                    raise await self._damaged(epoch, error) from error
                continue
            if seen is not None:
                return seen
        raise errors.PortUnavailable(
            RESOURCE, operation=_OPERATION, detail="the rules change faster than they can be read"
        )

    async def _read_once(self, seen: _Seen) -> _Seen | None:
        """Read all clients, then what changed meanwhile; None when that cannot be told."""
        client_ids: list[bytes] = list(await self._server.ask(_OPERATION, "HKEYS", self._keys.marks))
        for start in range(0, len(client_ids), CLIENTS_AT_ONCE_MAX):
            part = client_ids[start : start + CLIENTS_AT_ONCE_MAX]
            found = await self._server.run(scripts.READ, [self._keys.snapshot, self._keys.marks], *part)
            for place, client_id in enumerate(part):
                await _take(seen, client_id, found[2 * place] or b"", found[2 * place + 1] or b"")
        reached = await self._read_changes(seen)
        if reached is not None and reached.checksum != distribution.combined_checksum(
            c.checksum for c in seen.clients.values()
        ):
            raise Unreadable("the rules of all clients are not those that were put in")
        return reached

    async def _read_changes(self, seen: _Seen) -> _Seen | None:
        """Bring *seen* to the latest version; None when the changes since its version cannot be told."""
        while not seen.checksum:
            found = await self._server.run(scripts.CHANGES, self._keys.live, seen.version, CHANGES_AT_ONCE_MAX)
            if found[0] == b"missing":
                raise _missing()
            if found[0] != b"told":
                return None
            seen.version, seen.checksum = int(found[1]), found[2].decode()
            for place in range(3, len(found), 3):
                await _take(seen, *found[place : place + 3])
        return seen

    async def _head(self) -> tuple[int, int]:
        keys = self._keys
        found = await self._server.ask(_OPERATION, "MGET", keys.epoch, keys.version, keys.checksum)
        if None in found:
            raise _missing()
        return int(found[0]), int(found[1])

    async def _damaged(self, epoch: int, error: Unreadable) -> errors.PortUnavailable:
        """Tell the rule updaters; return what to raise."""
        if not isinstance(error, UnknownFormat):  # That one is our fault: a newer version of us can read it.
            await self._server.ask(_OPERATION, "SET", self._keys.suspect, epoch, "EX", SUSPECT_SECONDS)
        return errors.PortUnavailable(RESOURCE, operation=_OPERATION, detail=f"the rules snapshot is damaged: {error}")


async def _take(seen: _Seen, client_id: bytes, packed: bytes, mark: bytes) -> None:
    name = client_id.decode()
    if not mark:
        raise Unreadable("there is no mark beside the rules")
    seen.clients[name] = read_client(name, packed, mark)
    await asyncio.sleep(0)


def _missing() -> errors.PortUnavailable:
    detail = "the rules snapshot is missing until a rule updater has built it"
    return errors.PortUnavailable(RESOURCE, operation=_OPERATION, detail=detail)
