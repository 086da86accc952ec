"""What the keys in Redis are called and hold, and what Redis does in one step, as Lua programs."""

from dataclasses import dataclass
from typing import Final

from alerting_backend.adapters.redis.connection import Script


@dataclass(frozen=True, slots=True)
class RuleKeys:
    """The keys of one snapshot.

    Attributes:
        prefix: Put before each, so that several platforms can share a server. On a cluster it must hold a hash tag, as
            `{alerting}:`, for the scripts need all keys in one place.
    """

    prefix: str = ""

    @property
    def epoch(self) -> str:
        """Text: the first version of this snapshot, which is the microsecond of unix time when it was built."""
        return self.prefix + "rules:epoch"

    @property
    def version(self) -> str:
        """Text: counts on from the epoch with each changed client."""
        return self.prefix + "rules:version"

    @property
    def checksum(self) -> str:
        """Text: of all rules, as `RuleIndex.checksum`."""
        return self.prefix + "rules:checksum"

    @property
    def changes(self) -> str:
        """Stream: `<version>-0` → the client_id that it changed. The latest ones."""
        return self.prefix + "rules:changes"

    @property
    def snapshot(self) -> str:
        """Hash: client_id → its enabled rules, packed. A client without any is not in it."""
        return self.prefix + "rules:snapshot"

    @property
    def marks(self) -> str:
        """Hash: client_id → `<as_of> <checksum>` of what was last put in, also when that was no rules."""
        return self.prefix + "rules:marks"

    @property
    def suspect(self) -> str:
        """Text: the epoch of the snapshot that a reader found damaged; expires."""
        return self.prefix + "rules:suspect"

    @property
    def building(self) -> str:
        """Text: who builds a new snapshot; expires."""
        return self.prefix + "rules:building"

    @property
    def live(self) -> tuple[str, ...]:
        """The keys of the snapshot that readers see, in the order of the scripts."""
        return (self.epoch, self.version, self.checksum, self.changes, self.snapshot, self.marks)

    @property
    def under_construction(self) -> tuple[str, ...]:
        """The keys of the snapshot that is being built, in the order of the scripts."""
        parts = ("snapshot", "marks", "checksum")
        return (self.building, *(f"{self.building}:{part}" for part in parts))


_PUTTING: Final = """
local NO_RULES = '0000000000000000'

local function xor(a, b)
    local function half(from)
        return bit.tohex(bit.bxor(tonumber(a:sub(from, from + 7), 16), tonumber(b:sub(from, from + 7), 16)))
    end
    return half(1) .. half(9)
end

-- Put a client in, unless it is held from a newer reading; tell whether its rules are other ones now.
local function put(snapshot, marks, total, as_of, client, checksum, packed)
    local held_as_of, before = string.match(redis.call('HGET', marks, client) or '', '^(%d+) (%x+)$')
    if held_as_of and tonumber(held_as_of) > tonumber(as_of) then return false end
    before = before or NO_RULES
    redis.call('HSET', marks, client, as_of .. ' ' .. checksum)
    if before == checksum and (redis.call('HGET', snapshot, client) or '') == packed then return false end
    if packed == '' then
        redis.call('HDEL', snapshot, client)
    else
        redis.call('HSET', snapshot, client, packed)
    end
    redis.call('SET', total, xor(xor(redis.call('GET', total) or NO_RULES, before), checksum))
    return true
end
"""

REPLACE: Final = Script(
    "replace_rules",
    _PUTTING
    + """
local epoch, version, total, changes, snapshot, marks, building, new_snapshot, new_marks, new_total = unpack(KEYS)
local changes_max, as_of = ARGV[1], ARGV[2]
local is_there = redis.call('EXISTS', epoch, version, total) == 3
local is_building = redis.call('EXISTS', building) == 1
if not is_there and not is_building then return -1 end
local changed = 0
for i = 3, #ARGV, 3 do
    local client, checksum, packed = ARGV[i], ARGV[i + 1], ARGV[i + 2]
    if is_building then put(new_snapshot, new_marks, new_total, as_of, client, checksum, packed) end
    if is_there and put(snapshot, marks, total, as_of, client, checksum, packed) then
        changed = changed + 1
        local now = string.format('%.0f', redis.call('INCR', version))
        redis.call('XADD', changes, 'MAXLEN', '=', changes_max, now .. '-0', 'client_id', client)
    end
end
return changed
""",
)
"""ARGV: changes_max, as_of, then client_id, checksum, packed rules of each client. Returns how many changed, -1 when
there is no snapshot."""

BEGIN: Final = Script(
    "begin_rules",
    """
local building, new_snapshot, new_marks, new_total = unpack(KEYS)
if not redis.call('SET', building, ARGV[1], 'NX', 'PX', ARGV[2]) then return 0 end
redis.call('UNLINK', new_snapshot, new_marks, new_total)
return 1
""",
)
"""ARGV: owner, lease. Returns 0 when somebody builds already."""

ADD: Final = Script(
    "add_rules",
    _PUTTING
    + """
local building, new_snapshot, new_marks, new_total = unpack(KEYS)
local owner, lease_ms, as_of = ARGV[1], ARGV[2], ARGV[3]
if redis.call('GET', building) ~= owner then return 0 end
for i = 4, #ARGV, 3 do
    put(new_snapshot, new_marks, new_total, as_of, ARGV[i], ARGV[i + 1], ARGV[i + 2])
end
-- What a builder that dies leaves behind goes by itself.
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, lease_ms) end
return 1
""",
)
"""ARGV: owner, lease, as_of, then as in REPLACE. Returns 0 when the claim was lost."""

FINISH: Final = Script(
    "finish_rules",
    """
local epoch, version, total, changes, snapshot, marks, building, new_snapshot, new_marks, new_total = unpack(KEYS)
if redis.call('GET', building) ~= ARGV[1] then return 0 end
local seconds, micros = unpack(redis.call('TIME'))
local first = math.max(seconds * 1000000 + micros, (tonumber(redis.call('GET', version) or 0) or 0) + 1)
redis.call('UNLINK', snapshot, marks, changes)
for from, to in pairs({[new_snapshot] = snapshot, [new_marks] = marks}) do
    if redis.call('EXISTS', from) == 1 then
        redis.call('RENAME', from, to)
        redis.call('PERSIST', to)
    end
end
redis.call('SET', total, redis.call('GET', new_total) or '0000000000000000')
redis.call('SET', version, string.format('%.0f', first))
redis.call('SET', epoch, string.format('%.0f', first))
redis.call('DEL', building, new_total)
return 1
""",
)
"""ARGV: owner. Returns 0 when the claim was lost."""

READ: Final = Script(
    "read_rules",
    """#!lua flags=no-writes
local snapshot, marks = unpack(KEYS)
local packed, held = redis.call('HMGET', snapshot, unpack(ARGV)), redis.call('HMGET', marks, unpack(ARGV))
local found = {}
for i = 1, #ARGV do
    found[2 * i - 1], found[2 * i] = packed[i], held[i]
end
return found
""",
)
"""ARGV: client ids. Returns for each its packed rules and its mark."""

SUMS: Final = Script(
    "rule_sums",
    """#!lua flags=no-writes
return {redis.call('GET', KEYS[1]), redis.call('HVALS', KEYS[2])}
""",
)
"""Returns the checksum of all rules and the marks of all clients."""

CHANGES: Final = Script(
    "rule_changes",
    """#!lua flags=no-writes
local epoch, version, total, changes, snapshot, marks = unpack(KEYS)
local first, last, checksum = redis.call('GET', epoch), redis.call('GET', version), redis.call('GET', total)
if not (first and last and checksum) then return {'missing'} end
local since, count = tonumber(ARGV[1]), tonumber(ARGV[2])
if since < tonumber(first) or since > tonumber(last) then return {'gone'} end
if since == tonumber(last) then return {'told', last, checksum} end
local function id(number) return string.format('%.0f-0', number) end
local entries = redis.call('XRANGE', changes, id(since + 1), '+', 'COUNT', count)
local reached = since + #entries
-- Versions have no gaps: where the first or the last is another one, some are missing.
if #entries == 0 or entries[1][1] ~= id(since + 1) or entries[#entries][1] ~= id(reached) then return {'gone'} end
local told, seen = {'told', string.format('%.0f', reached), checksum}, {}
if reached ~= tonumber(last) then told[3] = '' end
for _, entry in ipairs(entries) do
    local client = entry[2][2]
    if not seen[client] then
        seen[client] = true
        told[#told + 1] = client
        told[#told + 1] = redis.call('HGET', snapshot, client) or ''
        told[#told + 1] = redis.call('HGET', marks, client) or ''
    end
end
return told
""",
)
"""ARGV: version, how many changes at most. Returns `missing`, `gone`, or `told` with the version that is reached, the
checksum if that is the latest version, and client_id, packed rules and mark of each client."""
