"""A token bucket: how fast messages may leave for one provider."""


class TokenBucket:
    """Spaces out takers so that no more than a rate pass, after an initial burst. Takes the time as an argument.

    Takers are served in the order in which they ask: each is told how long to wait, and its token is set aside. The
    state is one number, the time at which the bucket would be full again.

    Args:
        per_second: Tokens that come back each second; 0 for no limit.
        burst: Tokens in a full bucket; at least 1.
    """

    def __init__(self, per_second: float, *, burst: int = 1) -> None:
        """Start full."""
        assert per_second >= 0, "a rate cannot be negative"
        assert burst >= 1, "a bucket that holds no token lets nobody pass"
        self._step_ms = 1_000 / per_second if per_second else 0.0
        self._burst = burst
        self._full_at_ms = 0.0

    def take(self, *, now_ms: float, wait_ms_max: float) -> float | None:
        """Set a token aside.

        Returns:
            Milliseconds until it may be used, 0 to *wait_ms_max*; None when that would be longer, and then nothing was
            taken.
        """
        full_at_ms = max(self._full_at_ms, now_ms)
        wait_ms = max(0.0, full_at_ms - now_ms - (self._burst - 1) * self._step_ms)
        if wait_ms > wait_ms_max:
            return None
        self._full_at_ms = full_at_ms + self._step_ms
        return wait_ms
