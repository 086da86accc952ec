"""The rules as evaluators read them, from the shared snapshot.

Theory of operation. Every client is checked against the checksum that was noted beside it, and all together against the
one of the whole: what was evicted, overwritten or lost in a restore is never taken for rules. The whole is read client
by client, in parts, while others edit it; then the changes since the beginning are read, as often as it takes to reach
the latest version. What is there then is the snapshot of that version, without Redis ever having been held up. A
version names its epoch (it lies between the epoch and the latest version), so that a reader with one from before Redis
was emptied is told that it cannot be followed.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from alerting_backend.adapters.redis import scripts
from alerting_backend.adapters.redis.connection import COOL_DOWN_MS_MAX, RESOURCE, RedisBreaker, RedisServer
from alerting_backend.adapters.redis.rule_snapshot import ReadRules, UnknownFormat, Unreadable, read_client
from alerting_backend.adapters.redis.scripts import RuleKeys
from alerting_core.errors import PortUnavailable
from alerting_core.ports.rule_distribution import RuleChanges, RuleSnapshot, combined_checksum

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
        self, server: RedisServer, keys: RuleKeys | None = None, *, cool_down_ms_max: int = COOL_DOWN_MS_MAX
    ) -> None:
        self._server = server
        self._keys = keys or RuleKeys()
        self._breaker = RedisBreaker(cool_down_ms_max=cool_down_ms_max)

    async def snapshot(self) -> RuleSnapshot:
        """Return all enabled rules of all clients.

        Raises:
            PortUnavailable: Redis is away, or has no snapshot, or one that is damaged.
        """
        with self._breaker.question():
            told = await self._read_all()
        rules = [rule for client in told.clients.values() for rule in client.rules]
        return RuleSnapshot(told.version, rules, told.checksum)

    async def changes(self, since_version: int) -> RuleChanges | None:
        """Return the enabled rules of each client changed after *since_version*; None when a snapshot must be taken.

        Raises:
            PortUnavailable: Redis is away, or has no snapshot.
        """
        try:
            with self._breaker.question():
                told = await self._read_changes(_Seen(since_version))
        except Unreadable:
            return None
        if told is None:
            return None
        return RuleChanges(told.version, {c: read.rules for c, read in told.clients.items()}, told.checksum)

    async def _read_all(self) -> _Seen:
        for _ in range(READINGS_MAX):
            epoch, version = await self._head()
            try:
                told = await self._read_once(_Seen(version))
            except Unreadable as error:
                # What was read may be half of the one before: then nothing is wrong with it.
                if (await self._head())[0] == epoch:
                    raise await self._damaged(epoch, error) from error
                continue
            if told is not None:
                return told
        raise PortUnavailable(RESOURCE, operation=_OPERATION, detail="the rules change faster than they can be read")

    async def _read_once(self, told: _Seen) -> _Seen | None:
        """Read all clients, then what changed meanwhile; None when that cannot be told."""
        client_ids: list[bytes] = list(await self._server.ask(_OPERATION, "HKEYS", self._keys.marks))
        for start in range(0, len(client_ids), CLIENTS_AT_ONCE_MAX):
            part = client_ids[start : start + CLIENTS_AT_ONCE_MAX]
            found = await self._server.run(scripts.READ, [self._keys.snapshot, self._keys.marks], *part)
            for place, client_id in enumerate(part):
                await _take(told, client_id, found[2 * place] or b"", found[2 * place + 1] or b"")
        reached = await self._read_changes(told)
        if reached is not None and reached.checksum != combined_checksum(c.checksum for c in told.clients.values()):
            raise Unreadable("the rules of all clients are not those that were put in")
        return reached

    async def _read_changes(self, told: _Seen) -> _Seen | None:
        """Bring *told* to the latest version; None when the changes since its version cannot be told."""
        while not told.checksum:
            found = await self._server.run(scripts.CHANGES, self._keys.live, told.version, CHANGES_AT_ONCE_MAX)
            if found[0] == b"missing":
                raise _missing()
            if found[0] != b"told":
                return None
            told.version, told.checksum = int(found[1]), found[2].decode()
            for place in range(3, len(found), 3):
                await _take(told, *found[place : place + 3])
        return told

    async def _head(self) -> tuple[int, int]:
        keys = self._keys
        found = await self._server.ask(_OPERATION, "MGET", keys.epoch, keys.version, keys.checksum)
        if None in found:
            raise _missing()
        return int(found[0]), int(found[1])

    async def _damaged(self, epoch: int, error: Unreadable) -> PortUnavailable:
        """Tell the rule updaters; return what to raise."""
        if not isinstance(error, UnknownFormat):  # That one is our fault: a newer version of us can read it.
            await self._server.ask(_OPERATION, "SET", self._keys.suspect, epoch, "EX", SUSPECT_SECONDS)
        return PortUnavailable(RESOURCE, operation=_OPERATION, detail=f"the rules snapshot is damaged: {error}")


async def _take(told: _Seen, client_id: bytes, packed: bytes, mark: bytes) -> None:
    name = client_id.decode()
    if not mark:
        raise Unreadable("there is no mark beside the rules")
    told.clients[name] = read_client(name, packed, mark)
    await asyncio.sleep(0)


def _missing() -> PortUnavailable:
    detail = "the rules snapshot is missing until a rule updater has built it"
    return PortUnavailable(RESOURCE, operation=_OPERATION, detail=detail)
