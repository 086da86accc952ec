"""Ids derived from their cause: a replay of the same cause makes the same id and so meets itself.

Each id is an RFC 9562 version-8 UUID over a BLAKE2b digest of length-prefixed parts, so that ("a", "bc") and
("ab", "c") never share one. Changing this changes every id: it is part of the wire contract.
"""

from hashlib import blake2b
from uuid import UUID


def derive_uuid(kind: str, *parts: str) -> str:
    """Return the UUID text that belongs to *kind* and *parts*, always the same for the same arguments."""
    digest = blake2b(digest_size=16, person=kind.encode())
    for part in parts:
        raw = part.encode(errors="surrogatepass")
        digest.update(len(raw).to_bytes(4, "big"))
        digest.update(raw)
    number = int.from_bytes(digest.digest(), "big")
    number = number & ~(0xF << 76) | (8 << 76)
    number = number & ~(0x3 << 62) | (0x2 << 62)
    return str(UUID(int=number))


def derive_notification_id(client_id: str, alert_id: str) -> str:
    """Return the id of the one notification that *client_id* gets for *alert_id*."""
    return derive_uuid("notification", client_id, alert_id)


def derive_delivery_id(notification_id: str, endpoint_type: str, target: str) -> str:
    """Return the id of the one delivery of a notification to *target* (a URL or one address)."""
    return derive_uuid("delivery", notification_id, endpoint_type, target)


def derive_attempt_id(delivery_id: str, owner: str) -> str:
    """Return the id of the attempt that the claim *owner* made: recording it twice stores it once."""
    return derive_uuid("attempt", delivery_id, owner)
