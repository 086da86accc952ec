"""Answers by Idempotency-Key, in memory."""

from dataclasses import dataclass

from alerting_core import limits
from alerting_core.ports.idempotency import Answer, Beginning, Different, Fresh, InProgress


@dataclass(frozen=True, slots=True)
class _Entry:
    request_hash: bytes
    begun_at_ms: int
    answer: Answer | None = None


class MemoryIdempotencyStore:
    """Keeps answers, the oldest first; what is out of date is dropped as new keys come."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], _Entry] = {}

    async def begin(self, owner: str, key: str, request_hash: bytes, *, now_ms: int) -> Beginning:
        """Claim the key, or say what became of it."""
        self._forget(now_ms)
        entry = self._entries.get((owner, key))
        if entry is not None and now_ms - entry.begun_at_ms > limits.IDEMPOTENCY_KEEP_MS:
            entry = None
        if entry is not None and entry.request_hash != request_hash:
            return Different()
        if entry is not None and entry.answer is not None:
            return entry.answer
        if entry is not None and now_ms - entry.begun_at_ms <= limits.IDEMPOTENCY_RUNNING_MS_MAX:
            return InProgress()
        self._entries.pop((owner, key), None)
        self._entries[owner, key] = _Entry(request_hash, now_ms)
        return Fresh(owner, key, now_ms)

    async def finish(self, claim: Fresh, answer: Answer) -> None:
        """Keep the answer."""
        entry = self._claimed(claim)
        if entry is not None:
            self._entries[claim.owner, claim.key] = _Entry(entry.request_hash, entry.begun_at_ms, answer)

    async def abandon(self, claim: Fresh) -> None:
        """Forget the claim."""
        if self._claimed(claim) is not None:
            del self._entries[claim.owner, claim.key]

    def _claimed(self, claim: Fresh) -> _Entry | None:
        entry = self._entries.get((claim.owner, claim.key))
        return entry if entry and entry.begun_at_ms == claim.begun_at_ms and entry.answer is None else None

    def _forget(self, now_ms: int) -> None:
        for place, entry in list(self._entries.items()):
            if now_ms - entry.begun_at_ms <= limits.IDEMPOTENCY_KEEP_MS:
                break
            del self._entries[place]
