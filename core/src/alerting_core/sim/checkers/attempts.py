"""Attempts: each that was answered is recorded, the next comes in time, and a delivery has one live owner."""

from typing import ClassVar, Final

from alerting_core import limits
from alerting_core.domain.claim import Claim, HttpReply, sender_of
from alerting_core.domain.delivery import Attempt, DeliveryEvent, Reason, derive_attempt_id
from alerting_core.memory.database import DeliveryRow
from alerting_core.sim import facts
from alerting_core.sim.simulation import Checker, Evidence


class Leases(Checker):
    """A delivery is never leased by two owners at once, and only its owner, or a success, moves it; who lives keeps
    its leases."""

    name: ClassVar[str] = "leases"
    sees = (facts.Claimed, facts.Released, facts.TakenBack, facts.Recorded, facts.DeliveryPut, facts.Died, facts.Ended)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self._held: dict[str, tuple[str, int]] = {}
        self._gone: set[str] = set()

    def see(self, fact: facts.Fact) -> None:
        """Follow each lease from its claim to its end."""
        match fact:
            case facts.Claimed():
                self._claim(fact)
            case facts.Released(_, claim):
                if self._held.get(claim.delivery.delivery_id, ("", 0))[0] == claim.owner:
                    del self._held[claim.delivery.delivery_id]
            case facts.TakenBack(_, delivery_id, owner):
                self._held.pop(delivery_id, None)
                if sender_of(owner) not in self._gone:
                    self.blame(f"{delivery_id} was taken from {owner}, which lives")
            case facts.Died(process) | facts.Ended(process):
                self._gone.add(process.name)
            case facts.Recorded():
                self._record(fact)
            case facts.DeliveryPut(DeliveryRow() as old, new):
                if new is None or (old.delivery.status.is_final and not new.delivery.status.is_final):
                    self._held.pop(old.delivery.delivery_id, None)
            case _:
                pass

    def _claim(self, fact: facts.Claimed) -> None:
        delivery, owner = fact.claim.delivery, fact.claim.owner
        held_by, until_ms = self._held.get(delivery.delivery_id, ("", fact.now_ms))
        if fact.now_ms < until_ms:
            self.blame(
                f"{owner} was given {delivery.delivery_id}, which {held_by} holds for {until_ms - fact.now_ms} ms"
            )
        if delivery.status.is_final:
            self.blame(f"{owner} was given {delivery.delivery_id}, which is {delivery.status}")
        self._held[delivery.delivery_id] = (owner, fact.now_ms + fact.lease_ms)

    def _record(self, fact: facts.Recorded) -> None:
        claim = fact.outcome.claim
        delivery_id = claim.delivery.delivery_id
        held_by, _ = self._held.get(delivery_id, ("", 0))
        if held_by == claim.owner:
            del self._held[delivery_id]
        elif fact.moved:
            if fact.outcome.event is not DeliveryEvent.ACCEPTED:
                self.blame(f"{claim.owner} moved {delivery_id} by {fact.outcome.event}, which is not its own any more")
            self._held.pop(delivery_id, None)


Key = tuple[str, str]

ENDS_AT_ONCE: Final = frozenset({Reason.GONE, Reason.SMTP_PERMANENT, Reason.FORBIDDEN_ADDRESS, Reason.NOT_CONFIGURED})
"""Answers after which there is no further attempt."""


def key_of(claim: Claim) -> Key:
    """Return what names an attempt: the delivery and who made it."""
    return claim.delivery.delivery_id, claim.owner


class Attempts(Checker):
    """The attempts recorded are the messages answered, no more and no fewer; of who dies or is late with its record,
    there is a trace before another makes the next attempt."""

    name: ClassVar[str] = "attempts"
    sees = (facts.Sent, facts.Answered, facts.Recorded, facts.Ended, facts.DeliveryPut, facts.Claimed, facts.TakenBack)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self._sent: set[Key] = set()
        self._answered: dict[Key, facts.Answered] = {}
        self._lost: dict[str, str] = {}

    def see(self, fact: facts.Fact) -> None:
        """Follow each message from its sending to its record."""
        match fact:
            case facts.Sent(claim=Claim() as claim):
                self._sent.add(key_of(claim))
            case facts.Answered(sent) if sent.claim is not None:
                self._answered[key_of(sent.claim)] = fact
            case facts.Recorded():
                self._record(fact)
            case facts.DeliveryPut(DeliveryRow(lease_owner=str(before)), DeliveryRow(lease_owner=str(after)) as row):
                if before != after:
                    self._lost[row.delivery.delivery_id] = before
            case facts.Claimed(_, claim):
                if (lost_by := self._lost.pop(claim.delivery.delivery_id, None)) is not None:
                    self._check_trace(claim.delivery.delivery_id, lost_by)
            case facts.TakenBack(_, delivery_id, owner):
                self._check_trace(delivery_id, owner)
            case facts.Ended(process):
                if left := [a for a in self._answered.values() if a.sent.process is process]:
                    self.blame(f"{process.name} ended and {len(left)} attempts were not recorded")
            case _:
                pass

    def finish(self) -> None:
        """Nothing that a living process was told is missing."""
        for (delivery_id, owner), answered in self._answered.items():
            if not answered.sent.process.is_dead:
                self.blame(f"{owner} was answered for {delivery_id}, and there is no record of it")

    def _check_trace(self, delivery_id: str, owner: str) -> None:
        stored = self.evidence.database.attempts_of_delivery.get(delivery_id, {})
        if derive_attempt_id(delivery_id, owner) not in stored:
            self.blame(f"{owner} lost its lease of {delivery_id}, and there is no trace of its attempt")

    def _record(self, fact: facts.Recorded) -> None:
        outcome = fact.outcome
        key, attempt = key_of(outcome.claim), outcome.attempt
        answered = self._answered.pop(key, None)
        if attempt is None:
            if answered is not None:
                self.blame(f"{key[1]} was answered for {key[0]}, and recorded no attempt")
            return
        if key not in self._sent and attempt.reason is not Reason.CIRCUIT_OPEN:
            self.blame(f"{key[1]} recorded an attempt of {key[0]} that it never made")
        stored = self.evidence.database.attempts_of_delivery.get(attempt.delivery_id, {})
        if fact.before is not None and attempt.attempt_id not in stored:
            self.blame(f"attempt {attempt.attempt_id} of {key[0]} was told to the store and is not in it")
        made = outcome.claim.delivery.attempts
        if attempt.number != made + 1:
            self.blame(f"attempt {attempt.number} of {key[0]} follows attempt {made}")


class RetryTimes(Checker):
    """A failed attempt is followed by the next after its step, give or take a fifth, or as the endpoint asked; the
    last one is followed by none. Nothing is tried before it is due."""

    name: ClassVar[str] = "retry-times"
    sees = (facts.Claimed, facts.Answered, facts.Recorded, facts.ClockJumped)

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(evidence)
        self._asked_ms: dict[Key, int] = {}
        self._clock_jumps = 0
        self._jumps_at_claim: dict[Key, int] = {}

    def see(self, fact: facts.Fact) -> None:
        """Look at when the next attempt is to be made, and at those that are given up."""
        match fact:
            case facts.Claimed(_, claim, now_ms):
                self._jumps_at_claim[key_of(claim)] = self._clock_jumps
                due_at_ms = claim.delivery.next_attempt_at_ms
                if due_at_ms is None or now_ms < due_at_ms:
                    self.blame(f"{claim.delivery.delivery_id} was claimed at {now_ms}, it is due at {due_at_ms}")
            case facts.Answered(sent, HttpReply(retry_after=str(asked))) if sent.claim is not None:
                self._asked_ms[key_of(sent.claim)] = int(asked) * 1_000
            case facts.ClockJumped():
                self._clock_jumps += 1
            case facts.Recorded() if fact.moved and fact.outcome.attempt is not None:
                self._check(fact, fact.outcome.attempt)
                self._check_held(fact, fact.outcome.attempt)
            case _:
                pass

    def _check(self, fact: facts.Recorded, attempt: Attempt) -> None:
        key = key_of(fact.outcome.claim)
        if fact.outcome.event is DeliveryEvent.GIVEN_UP:
            self._check_given_up(fact, attempt)
        if fact.outcome.event is not DeliveryEvent.RETRY_LATER or self._jumps_at_claim[key] != self._clock_jumps:
            return  # A clock that jumped during the attempt makes its waits look wrong.
        ended_at_ms = attempt.started_at_ms + attempt.latency_ms
        wait_ms = (fact.outcome.next_attempt_at_ms or 0) - ended_at_ms
        step_ms = self.evidence.schedule.steps_ms[attempt.number - 1]
        least_ms, most_ms = step_ms * 0.8, step_ms * 1.2
        asked_ms = self._asked_ms.get(key)
        if asked_ms is not None:
            asked_ms = min(asked_ms, step_ms + limits.RETRY_AFTER_MS_MAX)
            least_ms, most_ms = max(least_ms, asked_ms), max(most_ms, asked_ms)
        if not least_ms - 1 <= wait_ms <= most_ms + 1:
            self.blame(f"attempt {attempt.number} of {key[0]} is followed after {wait_ms} ms, not {step_ms} ± 20 %")
        row = self.evidence.database.deliveries.get(key[0])
        if row is not None and row.due_at_ms != fact.outcome.next_attempt_at_ms:
            self.blame(f"{key[0]} is due at {row.due_at_ms}, not at {fact.outcome.next_attempt_at_ms}")

    def _check_held(self, fact: facts.Recorded, attempt: Attempt) -> None:
        """A target that was too busy is left alone for as long as it asked, and no step of the schedule is used up."""
        key = key_of(fact.outcome.claim)
        if attempt.reason is not Reason.RATE_LIMITED or fact.outcome.event is DeliveryEvent.GIVEN_UP:
            return
        if fact.outcome.event is not None:
            self.blame(f"attempt {attempt.number} of {key[0]} met a busy target, and used up a step of the schedule")
        asked_ms = min(self._asked_ms.get(key, 0), limits.RETRY_AFTER_MS_MAX)
        wait_ms = (fact.outcome.next_attempt_at_ms or 0) - attempt.started_at_ms - attempt.latency_ms
        if wait_ms < asked_ms - 1 and self._jumps_at_claim[key] == self._clock_jumps:
            self.blame(f"{key[0]} is due after {wait_ms} ms; its target asked for {asked_ms} ms")

    def _check_given_up(self, fact: facts.Recorded, attempt: Attempt) -> None:
        delivery, schedule = fact.outcome.claim.delivery, self.evidence.schedule
        if attempt.reason in ENDS_AT_ONCE or attempt.number >= schedule.attempts_max:
            return
        patience_ms = schedule.longest_ms(after_attempts=delivery.attempts)
        ended_at_ms = attempt.started_at_ms + attempt.latency_ms
        if ended_at_ms < delivery.updated_at_ms + patience_ms:
            self.blame(f"{delivery.delivery_id} was given up after {attempt.number} attempts, for {attempt.reason}")


class GoneDisables(Checker):
    """An endpoint that answered 410 is disabled from then on, unless it points elsewhere by now."""

    name: ClassVar[str] = "gone-disables"
    sees = (facts.Recorded,)

    def see(self, fact: facts.Fact) -> None:
        """Look at the endpoint of each attempt that was told to be gone."""
        assert isinstance(fact, facts.Recorded)
        delivery = fact.outcome.claim.delivery
        if fact.outcome.reason is not Reason.GONE or fact.before is None:
            return
        endpoint = self.evidence.database.endpoints.get(delivery.endpoint_id)
        first_told = fact.outcome.attempt is not None and fact.moved
        if endpoint is not None and first_told and endpoint.enabled and delivery.target in endpoint.targets:
            self.blame(f"{delivery.target} answered 410, and its endpoint is still enabled")
