"""Messages: to the right client, for a reason, and not more often than needed."""

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import digest
from typing import ClassVar

from alerting_core.domain.claim import Claim, EmailMessage, HttpMessage, HttpReply, Reply, SmtpReply
from alerting_core.domain.delivery import DeliveryEvent, DeliveryStatus
from alerting_core.domain.endpoint import EndpointType
from alerting_core.domain.notification import NotificationKind
from alerting_core.memory.database import DeliveryRow
from alerting_core.sim.facts import Answered, Claimed, ClockJumped, DeliveryPut, Fact, Process, Recorded, Refused, Sent
from alerting_core.sim.simulation import Checker, Evidence


def client_of(target: str) -> str:
    """Return the client that a target of a simulated world belongs to."""
    return target.split("+", 1)[0] if "@" in target else target.split("/")[3]


def is_success(reply: Reply) -> bool:
    """Whether *reply* says that the message was taken."""
    match reply:
        case HttpReply(status):
            return 200 <= status < 300
        case SmtpReply(code):
            return 200 <= code < 300
        case _:
            return False


class OwnClient(Checker):
    """No client's alert, target or secret ever meets another client's."""

    name: ClassVar[str] = "own-client"
    sees = (Sent, Claimed, DeliveryPut)

    def see(self, fact: Fact) -> None:
        """Look at what is planned, claimed and sent."""
        match fact:
            case DeliveryPut(None, DeliveryRow() as new):
                self._check_plan(new)
            case Claimed(_, claim):
                self._check_claim(claim)
            case Sent(claim=Claim() as claim):
                self._check_message(fact, claim)
            case _:
                pass

    def _check_plan(self, row: DeliveryRow) -> None:
        delivery = row.delivery
        notification = self.evidence.database.notifications.get(delivery.notification_id)
        if notification is None or notification.client_id != delivery.client_id:
            self.blame(f"delivery {delivery.delivery_id} of {delivery.client_id} is for another's notification")
        elif client_of(delivery.target) != delivery.client_id:
            self.blame(f"{delivery.client_id}'s notification is to be told to {delivery.target}")

    def _check_claim(self, claim: Claim) -> None:
        if claim.notification.client_id != claim.delivery.client_id:
            self.blame(f"a claim joins {claim.delivery.client_id} and {claim.notification.client_id}")
        database, endpoint_id = self.evidence.database, claim.delivery.endpoint_id
        endpoint = database.endpoints.get(endpoint_id)
        if endpoint is None and claim.notification.kind is NotificationKind.RESOLVED:
            endpoint = database.retired_endpoints.get(endpoint_id)
        if endpoint is None:
            if claim.endpoint is not None:
                self.blame(f"a claim of {claim.delivery.delivery_id} carries an endpoint that does not exist")
        elif claim.endpoint is not None and claim.endpoint.secret != endpoint.secret:
            self.blame(f"a claim of {claim.delivery.delivery_id} carries another endpoint's secret")
        elif endpoint.client_id != claim.delivery.client_id:
            self.blame(f"a claim of {claim.delivery.client_id} carries {endpoint.client_id}'s endpoint")

    def _check_message(self, sent: Sent, claim: Claim) -> None:
        client_id = claim.notification.client_id
        if client_of(sent.target) != client_id:
            self.blame(f"{client_id}'s notification was sent to {sent.target}")
        if isinstance(sent.message, HttpMessage) and claim.delivery.type is EndpointType.WEBHOOK:
            body = json.loads(sent.message.body)
            if (body["client_id"], body["alert_id"]) != (client_id, claim.notification.alert_id):
                self.blame(f"a message to {sent.target} tells of {body['client_id']}'s {body['alert_id']}")
            if not is_signed(sent.message, claim):
                self.blame(f"a message to {sent.target} is not signed with its endpoint's secret")


def is_signed(message: HttpMessage, claim: Claim) -> bool:
    """Whether a webhook carries the signature of its endpoint's present secret."""
    if claim.endpoint is None or claim.endpoint.secret is None:
        return False
    key = b64decode(claim.endpoint.secret.current.removeprefix("whsec_"))
    stamp = f"{message.headers['webhook-id']}.{message.headers['webhook-timestamp']}."
    wanted = "v1," + b64encode(digest(key, stamp.encode() + message.body, sha256)).decode()
    return wanted in message.headers["webhook-signature"].split()


class AtLeastOnce(Checker):
    """What is DELIVERED was taken by its endpoint, and every attempt carries the same id.

    A success that is recorded late counts also for a delivery that was resent meanwhile, if it was taken by then.
    """

    name: ClassVar[str] = "at-least-once"
    sees = (Sent, Recorded, DeliveryPut)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self._taken: set[str] = set()
        self._taken_by: set[tuple[str, str]] = set()

    def see(self, fact: Fact) -> None:
        """Look at ids, and at every delivery that becomes DELIVERED."""
        match fact:
            case Sent(claim=Claim() as claim):
                self._check_id(fact, claim)
                if fact.accepted:
                    self._taken.add(claim.delivery.delivery_id)
                    self._taken_by.add((claim.delivery.delivery_id, claim.owner))
            case Recorded(_, outcome, True) if outcome.event is DeliveryEvent.ACCEPTED:
                claim = outcome.claim
                if (claim.delivery.delivery_id, claim.owner) not in self._taken_by:
                    self.blame(f"{claim.owner} recorded a success of {claim.delivery.delivery_id} that it never had")
            case DeliveryPut(_, DeliveryRow() as new) if new.delivery.status is DeliveryStatus.DELIVERED:
                if new.delivery.delivery_id not in self._taken:
                    self.blame(f"{new.delivery.delivery_id} is DELIVERED, but {new.delivery.target} never took it")
            case _:
                pass

    def _check_id(self, sent: Sent, claim: Claim) -> None:
        by_mail = isinstance(sent.message, EmailMessage)
        if message_id(sent) != (claim.delivery.delivery_id if by_mail else claim.delivery.notification_id):
            self.blame(f"message {sent.number} to {sent.target} has the id {message_id(sent)}")


def message_id(sent: Sent) -> str | None:
    """Return the id by which a receiver knows a message again; a Slack message has the notification's in its text."""
    if isinstance(sent.message, EmailMessage):
        return sent.message.message_id
    own = sent.message.headers.get("webhook-id")
    if own is None and sent.claim is not None and sent.claim.delivery.type is EndpointType.SLACK:
        return sent.claim.delivery.notification_id
    return own


@dataclass(slots=True)
class _Send:
    """A message, and what may explain that there is another one."""

    sent: Sent
    claimed_at_ms: int
    lease_ms: int
    clock_jumps: int
    failed_records: int
    succeeded: bool = False


class PracticallyOnce(Checker):
    """A target that said yes is told again only if who asked it died, could not record it, or lost its lease."""

    name: ClassVar[str] = "practically-once"
    sees = (Claimed, Sent, Answered, Refused, ClockJumped, DeliveryPut)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self._claimed: dict[tuple[str, str], tuple[int, int]] = {}
        self._sends: dict[str, list[_Send]] = {}
        self._clock_jumps = 0
        self._failed_records: dict[Process, int] = {}

    def see(self, fact: Fact) -> None:
        """Look at each message whose target has said yes before."""
        match fact:
            case Claimed(_, claim):
                self._claimed[claim.owner, claim.delivery.delivery_id] = (fact.now_ms, fact.lease_ms)
            case Sent(claim=None):
                self.blame(f"{fact.process.name} sent to {fact.target} what it had no claim to")
            case Sent(claim=Claim() as claim):
                self._send(fact, claim)
            case Answered(sent, reply) if sent.claim is not None and is_success(reply):
                for send in self._of(sent.claim):
                    send.succeeded = send.succeeded or send.sent is sent
            case Refused(process, "deliveries.record_outcomes"):
                self._failed_records[process] = self._failed_records.get(process, 0) + 1
            case ClockJumped():
                self._clock_jumps += 1
            case DeliveryPut(DeliveryRow() as old, new):
                if new is None or (old.delivery.status.is_final and not new.delivery.status.is_final):
                    self._sends.pop(old.delivery.delivery_id, None)
            case _:
                pass

    def _of(self, claim: Claim) -> Sequence[_Send]:
        return self._sends.get(claim.delivery.delivery_id, ())

    def _send(self, sent: Sent, claim: Claim) -> None:
        delivery_id = claim.delivery.delivery_id
        claimed_at_ms, lease_ms = self._claimed[claim.owner, delivery_id]
        for earlier in self._of(claim):
            explained = (
                not earlier.succeeded
                or earlier.sent.process.is_dead
                or earlier.failed_records != self._failed_records.get(earlier.sent.process, 0)
                or earlier.clock_jumps != self._clock_jumps
                or abs(claimed_at_ms - earlier.claimed_at_ms) >= earlier.lease_ms
            )
            if not explained:
                first, again = earlier.sent.process.name, sent.process.name
                self.blame(f"{again} told {sent.target} again what {first} had told it, for no reason")
        failed = self._failed_records.get(sent.process, 0)
        send = _Send(sent, claimed_at_ms, lease_ms, self._clock_jumps, failed)
        self._sends.setdefault(delivery_id, []).append(send)
