"""The index of all enabled rules: which of them, of which clients, an alert meets, with at most eight look-ups.

Theory of operation. A rule is three fields, each exact or a wildcard. `RuleTable` is one dict from these three, the
wildcards as None, to the rules there. An alert can only meet the rules at eight keys: its own three fields, with each
subset of them replaced by None. Which fields stay exact is a *mask*; only the masks that some rule has are looked up.
What a look-up costs therefore depends on the rules that match, not on the rules that exist, and adding or removing a
rule touches one entry.

An alert's own `*` is text and never None, so it meets no wildcard by accident. An alert of unknown severity meets only
wildcards without anything being done about it: no rule has that number.

Operators' rules that catch everything, or what is unmatched, are under two keys of their own, which are looked at last
and only where there is such a rule: whether an alert is unmatched is known by then.

Memory. Keys hold plain ints and text, and the inner dicts nothing but text (they are dicts also where a set would do):
Python's garbage collector leaves such objects out of its rounds. Recent results are remembered beside it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from types import MappingProxyType
from typing import Final, TypeAlias

from alerting_core import limits
from alerting_core.domain.alert import WILDCARD, Severity
from alerting_core.domain.rule import NO_NAME, Rule

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
)
"""From most to least specific: fewer wildcards first, then an exact severity before source before name. Matching rule
ids come in this order, and after them those that catch what is unmatched, and those that catch everything."""

EVERYTHING: Final[Key] = (None, None, None)
UNMATCHED: Final[Key] = (None, None, NO_NAME)
"""Where rules are that catch more than a pattern; no alert is looked up there by its own fields."""


class RuleTable:
    """The dicts. Knows rule ids, client ids and keys; has no cache and no opinion on what is enabled."""

    def __init__(self) -> None:
        """Start empty."""
        self.buckets: Final[dict[Key, dict[str, str]]] = {}  # Key → rule_id → client_id.
        self.keys: Final[dict[str, Key]] = {}  # rule_id → key.
        self.by_client: Final[dict[str, dict[str, None]]] = {}  # client_id → rule ids.
        self.masks: tuple[Mask, ...] = ()
        self.catch_alls = 0
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
        if self.catch_alls:
            for rule_id, client_id in self._caught(is_matched=bool(found)):
                found[client_id] = (*found.get(client_id, ()), rule_id)
        return found

    def look_up_of(self, client_id: str, severity: int, source: str, name: str) -> tuple[str, ...]:
        """Return what `look_up` would have if there were *client_id*'s rules alone, at a cost that no others add to."""
        owned, buckets = self.by_client.get(client_id, {}), self.buckets
        found: list[str] = []
        for by_severity, by_source, by_name in self.masks if owned else ():
            key = (severity if by_severity else None, source if by_source else None, name if by_name else None)
            bucket = buckets.get(key, {})
            # Both in the order of insertion; the shorter is gone through.
            if len(owned) < len(bucket):
                found += [rule_id for rule_id in owned if rule_id in bucket]
            else:
                found += [rule_id for rule_id, whose in bucket.items() if whose == client_id]
        if self.catch_alls:
            found += [rule_id for rule_id, whose in self._caught(is_matched=bool(found)) if whose == client_id]
        return tuple(found)

    def _caught(self, *, is_matched: bool) -> Iterator[tuple[str, str]]:
        """Yield each rule, with its client, that catches an alert which ordinary rules meet, or do not."""
        for key in (EVERYTHING,) if is_matched else (UNMATCHED, EVERYTHING):
            yield from self.buckets.get(key, {}).items()

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
        if key in {EVERYTHING, UNMATCHED}:
            self.catch_alls += step
            return
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


Found: TypeAlias = Mapping[str, tuple[str, ...]]
"""client_id → that client's matching rule ids, the most specific rule first. Shared: not to be changed."""

Question: TypeAlias = tuple[int, int, str, str] | tuple[int, int, str, str, str]
"""(number of changes of the index so far, severity, source, name), and the client when it is about one alone."""

NOTHING: Final[Found] = MappingProxyType({})
"""What an alert finds that no rule wants; one object for all of them."""


class MatchCache:
    """Remembers at most *entries_max* results that name at most *clients_max* clients in all.

    A result that names more than half of *clients_max* by itself is not remembered. 0 for either remembers nothing.
    """

    def __init__(self, *, entries_max: int, clients_max: int) -> None:
        """Start empty."""
        assert entries_max >= 0
        assert clients_max >= 0
        self._entries_half = entries_max // 2
        self._clients_half = clients_max // 2
        self._young: dict[Question, Found] = {}
        self._old: dict[Question, Found] = {}
        self._young_clients = 0

    def __len__(self) -> int:
        """Return how many results are held, those of before the last change included."""
        return len(self._young) + len(self._old)

    def get(self, question: Question) -> Found | None:
        """Return the remembered result, None when there is none."""
        found = self._young.get(question)
        if found is None and self._old:
            found = self._old.pop(question, None)
            if found is not None:
                self.put(question, found)
        return found

    def put(self, question: Question, found: Found) -> None:
        """Remember *found*, and forget the oldest results when a bound asks for it."""
        clients = len(found)
        if not self._entries_half or clients > self._clients_half:
            return
        if len(self._young) >= self._entries_half or self._young_clients + clients > self._clients_half:
            self._old, self._young, self._young_clients = self._young, {}, 0
        self._young[question] = found
        self._young_clients += clients


_LOADED_AT_ONCE: Final = 2_000
"""Rules between two pauses of a load: about 10 ms, so that a process with many rules still answers meanwhile."""


@dataclass(frozen=True, slots=True)
class IndexStats:
    """Counts for reports and metrics.

    Attributes:
        rules: Enabled rules; disabled ones are not in the index.
        clients: Clients with at least one of them.
        patterns: Different (severity, source, name) among them.
        masks: How many look-ups one alert takes.
        cache_entries: Remembered results.
        cache_hits: Questions answered from the cache since the start.
        cache_misses: Questions that were not.
    """

    rules: int
    clients: int
    patterns: int
    masks: int
    cache_entries: int
    cache_hits: int
    cache_misses: int


class RuleIndex:
    """Which rules of which clients an alert meets. One task owns it."""

    def __init__(
        self,
        rules: Iterable[Rule] = (),
        *,
        cache_entries_max: int = limits.MATCH_CACHE_ENTRIES_MAX,
        cache_clients_max: int = limits.MATCH_CACHE_CLIENTS_MAX,
    ) -> None:
        """Start with *rules*; the bounds are those of the remembered results, 0 for none."""
        self._cache = MatchCache(entries_max=cache_entries_max, clients_max=cache_clients_max)
        self._changes = self._hits = self._misses = 0
        self._table = RuleTable()
        self.load(rules)

    def __len__(self) -> int:
        """Return the number of rules."""
        return len(self._table.keys)

    def __contains__(self, rule_id: object) -> bool:
        """Say whether the rule is in the index, that is: known and enabled."""
        return rule_id in self._table.keys

    def match(self, severity: Severity, source: str, name: str) -> Found:
        """Return client_id → that client's matching rule ids, the most specific first; clients in any order.

        The order of rule ids is that of `MASKS`. Rules of one client with the same fields, which the stores refuse,
        come in the order in which they were added. Empty when no rule matches. The result is shared: not to be changed.
        """
        question = (self._changes, severity, source, name)
        found = self._cache.get(question)
        if found is not None:
            self._hits += 1
            return found
        self._misses += 1
        found = self._table.look_up(severity, source, name) or NOTHING
        self._cache.put(question, found)
        return found

    def match_of(self, client_id: str, severity: Severity, source: str, name: str) -> Found:
        """Return what `match` would if there were no other client than *client_id*: empty, or that one client.

        What it costs depends on the client's own rules, not on those of others.
        """
        question = (self._changes, severity, source, name, client_id)
        found = self._cache.get(question)
        if found is not None:
            self._hits += 1
            return found
        self._misses += 1
        rule_ids = self._table.look_up_of(client_id, severity, source, name)
        found = {client_id: rule_ids} if rule_ids else NOTHING
        self._cache.put(question, found)
        return found

    def load(self, rules: Iterable[Rule]) -> None:
        """Forget everything and take *rules* instead, the disabled ones among them left out.

        The last of several with one id counts. Should *rules* raise, the index is as it was before.
        """
        for _ in self.loading(rules):
            pass

    def loading(self, rules: Iterable[Rule]) -> Iterator[None]:
        """Do what `load` does, in parts of some milliseconds; between them others may run, and match as before.

        The new rules count all at once, when the iterator ends.
        """
        table, sharing = RuleTable(), Sharing()
        for number, rule in enumerate(rules, start=1):
            if rule.enabled:
                table.insert(rule.rule_id, sharing.text(rule.client_id), sharing.key(key_of(rule)))
            else:
                table.remove(rule.rule_id)
            if number % _LOADED_AT_ONCE == 0:
                yield
        self._table = table
        self._changes += 1

    def add(self, rule: Rule) -> bool:
        """Put *rule* in, in the place of an earlier one of the same id; a disabled rule only takes that one out.

        Returns:
            Whether the index changed.
        """
        if not rule.enabled:
            return self.remove(rule.rule_id)
        key = key_of(rule)
        if self._table.holds(rule.rule_id, rule.client_id, key):
            return False
        self._table.insert(rule.rule_id, rule.client_id, key)
        self._changes += 1
        return True

    def remove(self, rule_id: str) -> bool:
        """Take the rule out.

        Returns:
            Whether it was there.
        """
        removed = self._table.remove(rule_id)
        self._changes += removed
        return removed

    def replace_client(self, client_id: str, rules: Iterable[Rule]) -> int:
        """Make *rules*, all of them this client's, the only ones that it has; only what differs is touched.

        Returns:
            How many rules were added, removed or changed. At 0 no remembered result is lost.
        """
        wanted = {rule.rule_id: rule for rule in rules if rule.enabled}
        assert all(rule.client_id == client_id for rule in wanted.values()), "another client's rule"
        gone = [rule_id for rule_id in self._table.by_client.get(client_id, ()) if rule_id not in wanted]
        return sum(self.remove(rule_id) for rule_id in gone) + sum(self.add(rule) for rule in wanted.values())

    def checksum(self) -> str:
        """Return 16 hex digits that two indexes with the same rules share, however they came to have them.

        It is the exclusive or, over all rules, of the BLAKE2b digest of 8 bytes over rule id, client id, severity
        number, source and name, joined by NUL, with `*` for wildcards. It tells mistakes, not malice.
        """
        return f"{self._table.checksum:016x}"

    @property
    def stats(self) -> IndexStats:
        """Counts as of now."""
        return IndexStats(
            rules=len(self),
            clients=len(self._table.by_client),
            patterns=len(self._table.buckets),
            masks=len(self._table.masks),
            cache_entries=len(self._cache),
            cache_hits=self._hits,
            cache_misses=self._misses,
        )
