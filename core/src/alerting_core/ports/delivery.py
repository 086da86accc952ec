"""What the pipeline asks of the world: stores of notifications and deliveries, transport, which senders are there."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from alerting_core.domain.alert import AlertKey, Match
from alerting_core.domain.claim import Claim, Message, Outcome, Plan, Reply
from alerting_core.domain.delivery import Delivery, Place
from alerting_core.domain.endpoint import Endpoint
from alerting_core.domain.notification import Notification, NotificationRef, NotificationStatus


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one match, or of one client that is to be told of an end.

    Attributes:
        ref: The notification; its id is the derived one.
        alert_id: Of the alert.
        status: As stored now; None when the client no longer exists and nothing was stored.
        created: Whether this call stored it.
    """

    ref: NotificationRef
    alert_id: str
    status: NotificationStatus | None
    created: bool


@dataclass(frozen=True, slots=True)
class RecordedEnds:
    """What became of the ends of episodes.

    Attributes:
        recorded: The notifications of those that were done.
        left: Those that are still to be done.
    """

    recorded: Sequence[Recorded]
    left: Mapping[AlertKey, int]


class NotificationStore(Protocol):
    """Durable notifications, one per client, owner of the alert (empty: shared), alert_id and kind."""

    async def record(self, matches: Sequence[Match], *, now_ms: int) -> Sequence[Recorded]:
        """Store a RECEIVED notification per match that has none yet; results align with *matches*.

        It is FIRING, and tells the end too when the alert says it (`Alert.ends_at`). Durable on return.
        Recording a match again changes nothing and returns created=False with the stored status. The same client and
        alert twice in one call is stored once. A match of an unknown client has the status None.

        Raises:
            PortUnavailable: The store is away; any part may have been stored.
        """
        ...

    async def record_ends(self, ends: Mapping[AlertKey, int], *, now_ms: int, limit: int) -> RecordedEnds:
        """Store a RESOLVED notification for each FIRING one of these alerts that does not tell the end itself.

        That is `domain.notification.resolved_notification` of it, which it names from then on; both at once, durable on
        return. One that is there already is left as it is, and is among the results with created=False.

        Args:
            ends: Alerts with a life → when they ended, unix seconds.
            now_ms: When the notifications are made.
            limit: Of *ends*, in their order, as many are done as have so many notifications together, at least one.

        Raises:
            PortUnavailable: The store is away; any part may have been stored.
        """
        ...

    async def load(self, refs: Sequence[NotificationRef]) -> Sequence[Notification]:
        """Return those of *refs* that exist, in any order."""
        ...

    async def take_unfinished(self, *, older_than_ms: int, now_ms: int, limit: int) -> Sequence[NotificationRef]:
        """Return RECEIVED notifications last changed before *older_than_ms* that no delivery will finish, oldest first.

        That is: those without any delivery, and those whose deliveries are all final. They count as changed at
        *now_ms*, so that each is driven again at most once per such age, however long the dispatcher's backlog is.
        """
        ...


class DeliveryStore(Protocol):
    """Durable deliveries and their attempts."""

    async def endpoints_of(self, notifications: Sequence[Notification]) -> Mapping[str, Sequence[Endpoint]]:
        """Return notification_id → the endpoints of all its rules, of its own client alone, by endpoint_id order."""
        ...

    async def plan(self, plans: Sequence[Plan], *, now_ms: int) -> int:
        """Store the deliveries of each plan whose notification is RECEIVED; return how many were new.

        Planning again adds nothing and changes nothing. To a notification whose end is told by another one (it
        `is_followed`, and does not say the end itself) nothing is added once it has deliveries: those of the other one
        were planned from them. A notification with no delivery but SKIPPED ones, or none at
        all, is settled to SKIPPED in the same step. A notification that is not RECEIVED is left alone.
        """
        ...

    async def planned(self, refs: Sequence[NotificationRef]) -> Mapping[str, Sequence[Delivery]]:
        """Return notification_id → its deliveries by delivery_id, for those of *refs* that have any.

        The `next_attempt_at_ms` of one that is leased is when the lease ends.
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
        clients_excluded: Collection[str] = (),
        places_excluded: Collection[Place] = (),
    ) -> Sequence[Claim]:
        """Lease due deliveries: not final, due by *now_ms*, not leased by a live owner; at most *limit*.

        No delivery is ever leased by two owners at once. Fair between clients: when more are due than *limit*, every
        client with something due gets its turn before any gets a larger share. None for *hosts_excluded*, for
        *clients_excluded*, and for the (client_id, host) of *places_excluded*; at most *per_host_max* for any other
        host. A claim whose lease ran out is due again; claiming it records the attempt of the owner before as
        INTERRUPTED. The `next_attempt_at_ms` of a claimed delivery is when it was due. Claims carry secrets: do not
        log.

        A claim says what became of the delivery that its own one follows, if it follows one. One that tells an end also
        learns what the endpoint was that was deleted with its rule, if by then it had been told through that endpoint
        that the alert fires, or that was under way. One that a person deleted by itself is gone.
        """
        ...

    async def record_outcomes(self, outcomes: Sequence[Outcome], *, now_ms: int) -> Sequence[bool]:
        """Record attempts, move deliveries, settle notifications whose deliveries have all ended; aligned results.

        True: the delivery moved (or was postponed) by this outcome. False: its lease had passed to another owner or
        it was final already; the attempt is recorded all the same, once per attempt_id, in the place of one that was
        recorded as INTERRUPTED. A success counts even after the lease was lost, unless the delivery is final.
        Recording the same outcomes again changes nothing more.

        What follows a delivery that ends by this, and was not tried yet, is due at once and waits from now on, unless a
        sender holds it. So is one that is recorded as waiting (WAITS_FOR_FIRING) for one that has ended meanwhile.
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


class Transport(Protocol):
    """Sends messages. One try per call: retries are decided above it."""

    async def send(self, message: Message) -> Reply:
        """Carry *message* to its target and return the answer.

        Whatever the target does (refuses, hangs, sends garbage, gigabytes or a redirect) is a `Reply`, never an
        exception, and comes within `limits.REQUEST_MS_MAX`. Redirects are not followed. Addresses that the operator's
        policy forbids are not connected to, whatever name led there.
        """
        ...


class Presence(Protocol):
    """A sender's sign of life."""

    @property
    def sender(self) -> str:
        """Return the name of this sender, that no other process has or will have."""
        ...

    def new_owner(self) -> str:
        """Return the owner of a new claim, that no other claim has or will have.

        Raises:
            PortUnavailable: The sign is not there at present; what was claimed now, others could take for abandoned.
        """
        ...


class AbandonedLeases(Protocol):
    """The leases of senders that are gone."""

    async def absent(self, *, now_ms: int, lease_ms: int) -> Collection[str]:
        """Return the senders that hold leases and show no sign of life at this moment.

        Args:
            now_ms: Leases that ran out by then need no taking back.
            lease_ms: How long leases are; of longer ones the sender may be missed.
        """
        ...

    async def take_back(self, senders: Collection[str], *, now_ms: int, lease_ms: int, limit: int) -> int:
        """Make due at once what those of *senders* had leased that are absent; return how many, at most *limit*.

        A sender that is there keeps its leases, however slow it is: its sign is looked at in the same step. Each
        lease that is taken back leaves an attempt on record that was INTERRUPTED, without a step of the schedule. An
        owner that lives after all may still record what came of its attempt, as one whose lease ran out may.
        """
        ...
