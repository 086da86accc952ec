"""Ids derived from their cause: a replay of the same cause makes the same id and so meets itself.

Each id is an RFC 9562 version-8 UUID over a BLAKE2b digest of length-prefixed parts, so that ("a", "bc") and
("ab", "c") never share one. Changing this changes every id: it is part of the wire contract.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

_VARIANTS: Final[Mapping[str, str]] = {f"{number:x}": "89ab"[number & 3] for number in range(16)}
"""Hexadecimal digit → the same with its upper two bits as RFC 9562 wants them, 10."""


def derive_uuid(kind: str, *parts: str) -> str:
    """Return the UUID text that belongs to *kind* and *parts*, always the same for the same arguments."""
    digest = blake2b(digest_size=16, person=kind.encode())
    for part in parts:
        raw = part.encode(errors="surrogatepass")
        digest.update(len(raw).to_bytes(4, "big") + raw)
    # Put together from the digits, not through `uuid.UUID`, which takes three times as long; several ids are made for
    # every delivery.
    digits = digest.hexdigest()
    variant = _VARIANTS[digits[16]]
    return f"{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def derive_notification_id(client_id: str, alert_id: str) -> str:
    """Return the id of the one notification that *client_id* gets for *alert_id*."""
    return derive_uuid("notification", client_id, alert_id)


def derive_delivery_id(notification_id: str, endpoint_type: str, target: str) -> str:
    """Return the id of the one delivery of a notification to *target* (a URL or one address)."""
    return derive_uuid("delivery", notification_id, endpoint_type, target)


def derive_attempt_id(delivery_id: str, owner: str) -> str:
    """Return the id of the attempt that the claim *owner* made: recording it twice stores it once."""
    return derive_uuid("attempt", delivery_id, owner)
