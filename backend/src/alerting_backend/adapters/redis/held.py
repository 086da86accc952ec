"""What the snapshot holds of a client, read back and checked against what was put in."""

from dataclasses import dataclass

from alerting_backend.adapters.redis.packing import Unreadable, unpack_rules
from alerting_core.domain.rule import Rule
from alerting_core.matching.checksum import NO_RULES, rules_checksum


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
    if not as_of.isdecimal() or len(checksum) != len(NO_RULES):
        raise Unreadable("there is no mark beside the rules")
    return int(as_of), checksum


def read_client(client_id: str, packed: bytes, mark: bytes) -> ReadRules:
    """Return the rules of one client; both are empty where there is nothing.

    Raises:
        Unreadable: They are not the ones that were put in.
    """
    if not packed and not mark:
        return ReadRules(-1, NO_RULES, [])
    as_of, checksum = read_mark(mark)
    rules = unpack_rules(client_id, packed)
    try:
        found = rules_checksum(rules)
    except (LookupError, TypeError, ValueError, AttributeError) as error:  # No such severity, a number for a text.
        raise Unreadable(f"this is no rule: {error}") from error
    if found != checksum:
        raise Unreadable("the rules are not those that were put in")
    return ReadRules(as_of, checksum, rules)
