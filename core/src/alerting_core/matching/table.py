"""The rules of all clients, arranged so that an alert finds its own with at most eight look-ups.

Theory of operation. A rule is three fields, each exact or a wildcard. The table is one dict from these three, the
wildcards as None, to the rules there. An alert can only meet the rules at eight keys: its own three fields, with each
subset of them replaced by None. Which fields stay exact is a *mask*; only the masks that some rule has are looked up.
What a look-up costs therefore depends on the rules that match, not on the rules that exist, and adding or removing a
rule touches one entry.

An alert's own `*` is text and never None, so it meets no wildcard by accident. An alert of unknown severity meets only
wildcards without anything being done about it: no rule has that number.

Memory. Keys hold plain ints and text, and the inner dicts nothing but text (they are dicts also where a set would do):
Python's garbage collector leaves such objects out of its rounds.
"""

from hashlib import blake2b
from typing import Final, TypeAlias

from alerting_core.domain.alert import WILDCARD
from alerting_core.domain.rule import Rule

Key: TypeAlias = tuple[int | None, str | None, str | None]
"""A `Pattern` with the severity as a plain int, which equals it and is lighter to keep."""

Mask: TypeAlias = tuple[bool, bool, bool]
"""For severity, source and name: whether the field is exact."""

MASKS: Final[tuple[Mask, ...]] = (
    (True, True, True),
    (True, True, False),
    (True, False, True),
    (False, True, True),
    (True, False, False),
    (False, True, False),
    (False, False, True),
    (False, False, False),
)
"""From most to least specific: fewer wildcards first, then an exact severity before source before name. Matching rule
ids come in this order. The last never occurs among checked rules."""


class RuleTable:
    """The dicts. Knows rule ids, client ids and keys; has no cache and no opinion on what is enabled."""

    def __init__(self) -> None:
        """Start empty."""
        self.buckets: Final[dict[Key, dict[str, str]]] = {}  # Key → rule_id → client_id.
        self.keys: Final[dict[str, Key]] = {}  # rule_id → key.
        self.by_client: Final[dict[str, dict[str, None]]] = {}  # client_id → rule ids.
        self.masks: tuple[Mask, ...] = ()
        self.checksum = 0
        self._rules_per_mask: Final[dict[Mask, int]] = dict[Mask, int].fromkeys(MASKS, 0)

    def look_up(self, severity: int, source: str, name: str) -> dict[str, tuple[str, ...]]:
        """Return client_id → rule ids there, in the order of `MASKS`, of equal fields in the order of insertion."""
        buckets = self.buckets
        found: dict[str, tuple[str, ...]] = {}
        for by_severity, by_source, by_name in self.masks:
            key = (severity if by_severity else None, source if by_source else None, name if by_name else None)
            bucket = buckets.get(key)
            if bucket is None:
                continue
            for rule_id, client_id in bucket.items():
                earlier = found.get(client_id)
                found[client_id] = (rule_id,) if earlier is None else (*earlier, rule_id)
        return found

    def holds(self, rule_id: str, client_id: str, key: Key) -> bool:
        """Say whether exactly this rule is in."""
        return self.keys.get(rule_id) == key and rule_id in self.by_client.get(client_id, ())

    def insert(self, rule_id: str, client_id: str, key: Key) -> None:
        """Put a rule in, in the place of an earlier one of the same id."""
        self.remove(rule_id)
        self.keys[rule_id] = key
        # Not setdefault: it would make an empty dict for each rule only to throw it away.
        bucket = self.buckets.get(key)
        if bucket is None:
            self.buckets[key] = {rule_id: client_id}
        else:
            bucket[rule_id] = client_id
        owned = self.by_client.get(client_id)
        if owned is None:
            self.by_client[client_id] = {rule_id: None}
        else:
            owned[rule_id] = None
        self._count(key, 1)
        self.checksum ^= digest(rule_id, client_id, key)

    def remove(self, rule_id: str) -> bool:
        """Take a rule out; say whether it was there."""
        key = self.keys.pop(rule_id, None)
        if key is None:
            return False
        bucket = self.buckets[key]
        client_id = bucket.pop(rule_id)
        if not bucket:
            del self.buckets[key]
        owned = self.by_client[client_id]
        del owned[rule_id]
        if not owned:
            del self.by_client[client_id]
        self._count(key, -1)
        self.checksum ^= digest(rule_id, client_id, key)
        return True

    def _count(self, key: Key, step: int) -> None:
        mask = (key[0] is not None, key[1] is not None, key[2] is not None)
        before = self._rules_per_mask[mask]
        self._rules_per_mask[mask] = after = before + step
        if not before or not after:
            self.masks = tuple(mask for mask in MASKS if self._rules_per_mask[mask])


class Sharing:
    """Makes equal keys and equal texts of many rules the same objects: each row of a query brings its own."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self._keys: Final[dict[Key, Key]] = {}
        self._texts: Final[dict[str, str]] = {}

    def text(self, text: str) -> str:
        """Return the first text seen that equals *text*."""
        return self._texts.setdefault(text, text)

    def key(self, key: Key) -> Key:
        """Return the first key seen that equals *key*."""
        known = self._keys.get(key)
        if known is None:
            severity, source, name = key
            known = (severity, None if source is None else self.text(source), None if name is None else self.text(name))
            self._keys[known] = known
        return known


def key_of(rule: Rule) -> Key:
    """Return where *rule* belongs."""
    severity, source, name = rule.pattern
    return (None if severity is None else int(severity), source, name)


def digest(rule_id: str, client_id: str, key: Key) -> int:
    """Return 64 bits that stand for one rule: see `RuleIndex.checksum`."""
    severity, source, name = (WILDCARD if field is None else field for field in key)
    text = f"{rule_id}\0{client_id}\0{severity}\0{source}\0{name}"
    return int.from_bytes(blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest(), "big")
