"""Checksums of rules: whether two places hold the same, told without comparing them.

They are those of `RuleIndex.checksum`: the exclusive or over all rules, so that the checksum of many clients is that of
the clients' checksums, and one client can be exchanged for another state of it without looking at the rest.
"""

from collections.abc import Iterable
from typing import Final

from alerting_core.domain.rule import Rule
from alerting_core.matching.table import digest, key_of

NO_RULES: Final = "0" * 16
"""The checksum of no rules at all."""


def rules_checksum(rules: Iterable[Rule]) -> str:
    """Return 16 hex digits that stand for the enabled ones of *rules*."""
    return _text(digest(rule.rule_id, rule.client_id, key_of(rule)) for rule in rules if rule.enabled)


def combined_checksum(checksums: Iterable[str]) -> str:
    """Return the checksum of all the rules that *checksums* stand for; no rule may be in two of them."""
    return _text(int(checksum, 16) for checksum in checksums)


def _text(numbers: Iterable[int]) -> str:
    together = 0
    for number in numbers:
        together ^= number
    return f"{together:016x}"
