"""Compares what a platform at rest has stored and sent with what had to come of the alerts that it accepted."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from alerting_core.domain.alert import Alert
from tests.support.receiver import Notice, Receiver
from tests.support.stored import Stored
from tests.support.varied_world import Expected


def differences(stored: Stored, accepted: Sequence[Alert], expected: Expected) -> list[str]:
    """Return all that is lost, doubled, wrong or unfinished in the database, in words; empty when nothing is."""
    return [
        *(f"unfinished: {kind} {number}" for kind, number in stored.unfinished().items()),
        *_compare("alert", stored.alert_ids(), {alert.alert_id for alert in accepted}),
        *_compare_notifications(stored, expected),
        *_compare("delivery", stored.deliveries(), expected.told),
        *_all_are("notifications", stored.statuses("notifications"), "SENT"),
        *_all_are("deliveries", stored.statuses("deliveries"), "DELIVERED"),
        *_none("deliveries without exactly one success on record", stored.not_delivered_once()),
        *_none("dead letters", stored.dead_letters()),
    ]


def lost_or_unknown(arrivals: Counter[Notice], expected: Expected) -> list[str]:
    """Return which webhooks never came, and which came that nobody expected, in words."""
    return list(_compare("webhook", arrivals.keys(), expected.told))


def amiss(receiver: Receiver, stored: Stored, expected: Expected) -> list[str]:
    """Return all that is wrong with what a receiver got of a platform at rest that was killed, in words.

    What came again is wrong where no interrupted attempt of that very delivery is on record.
    """
    arrivals = receiver.counts()
    return [
        *lost_or_unknown(arrivals, expected),
        *(f"webhook refused: {why}" for why in receiver.refused),
        *_none("webhooks that came again for no reason", (again(receiver, expected) - stored.interrupted()).total()),
        *out_of_order(receiver, expected),
    ]


def again(receiver: Receiver, expected: Expected) -> Counter[Notice]:
    """Return what came more than once, and how many times more."""
    return receiver.counts() - Counter(expected.told)


def out_of_order(receiver: Receiver, expected: Expected) -> list[str]:
    """Return at which targets an end came before that the alert fires, or that came again after the end; in words."""
    wrong = [end for end, firing in expected.follows.items() if not receiver.came_before(firing, end)]
    return (
        [f"end before its beginning: {len(wrong)} of {len(expected.follows)}, among them {wrong[0]}"] if wrong else []
    )


def _compare_notifications(stored: Stored, expected: Expected) -> Iterator[str]:
    rows = stored.notifications()
    yield from _compare("notification", [notified for notified, _ in rows], expected.rules_of.keys())
    wrong = [notified for notified, rules in rows if rules != expected.rules_of.get(notified, rules)]
    yield from _none("notifications with other rules than the reference says", len(wrong))


def _compare(what: str, found: Collection[object], wanted: Collection[object]) -> Iterator[str]:
    there = set(found)
    for verb, some in (("lost", set(wanted) - there), ("unexpected", there - set(wanted))):
        if some:
            yield f"{what} {verb}: {len(some)} of {len(wanted)}, among them {next(iter(some))}"
    yield from _none(f"{what} doubled", len(found) - len(there))


def _all_are(what: str, statuses: Counter[str], wanted: str) -> Iterator[str]:
    if others := {status: number for status, number in statuses.items() if status != wanted}:
        yield f"{what} that are not {wanted}: {others}"


def _none(what: str, number: int) -> Iterator[str]:
    if number:
        yield f"{what}: {number}"
