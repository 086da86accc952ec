"""The store of deliveries: planned once, claimed with a lease, ended for ever."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from alerting_core.domain.claim import Claim, Outcome, Plan
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.notification import Notification, NotificationRef


class DeliveryStore(Protocol):
    """Durable deliveries and their attempts."""

    async def endpoints_of(self, notifications: Sequence[Notification]) -> Mapping[str, Sequence[Endpoint]]:
        """Return notification_id → the endpoints of all its rules, of its own client alone, by endpoint_id order."""
        ...

    async def plan(self, plans: Sequence[Plan], *, now_ms: int) -> int:
        """Store the deliveries of each plan whose notification is RECEIVED; return how many were new.

        Planning again adds nothing and changes nothing. A notification with no delivery but SKIPPED ones, or none at
        all, is settled to SKIPPED in the same step. A notification that is not RECEIVED is left alone.
        """
        ...

    async def claim_due(
        self,
        *,
        owner: str,
        now_ms: int,
        lease_ms: int,
        limit: int,
        per_host_max: int,
        hosts_excluded: Collection[str],
    ) -> Sequence[Claim]:
        """Lease due deliveries: not final, due by *now_ms*, not leased by a live owner; at most *limit*.

        No delivery is ever leased by two owners at once. Fair between clients: when more are due than *limit*, every
        client with something due gets its turn before any gets a larger share. None for *hosts_excluded*, at most
        *per_host_max* for any other host. A claim whose lease ran out is due again; claiming it records the attempt
        of the owner before as INTERRUPTED. Claims carry secrets: do not log.
        """
        ...

    async def record_outcomes(self, outcomes: Sequence[Outcome], *, now_ms: int) -> Sequence[bool]:
        """Record attempts, move deliveries, settle notifications whose deliveries have all ended; aligned results.

        True: the delivery moved (or was postponed) by this outcome. False: its lease had passed to another owner or
        it was final already; the attempt is recorded all the same, once per attempt_id, in the place of one that was
        recorded as INTERRUPTED. A success counts even after the lease was lost, unless the delivery is final.
        Recording the same outcomes again changes nothing more.
        """
        ...

    async def release(self, claims: Sequence[Claim], *, now_ms: int) -> None:
        """Give up claims that were not acted on, so that they are due at once. Only the owner's own are released."""
        ...

    async def settle(self, refs: Sequence[NotificationRef], *, now_ms: int) -> int:
        """Settle those RECEIVED notifications that have deliveries and all of them final; return how many."""
        ...

    async def next_due_ms(self) -> int | None:
        """Return when the earliest delivery not final is due or its lease ends; None when there is none."""
        ...
