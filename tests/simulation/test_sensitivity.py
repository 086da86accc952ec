"""Each checker sees the bug that it exists for, and no other does: a checker that never failed is not trusted."""

from dataclasses import replace
from typing import Final

import pytest

from alerting_core.pipeline.deliver import Deliverer
from alerting_core.pipeline.report import Stage
from alerting_core.pipeline.wakeup import Wakeup
from alerting_core.sim.checkers.roster import CHECKERS, SETTLED
from alerting_core.sim.dice import dice_for
from alerting_core.sim.faults import Faults
from alerting_core.sim.parts import Parts
from alerting_core.sim.world import World
from tests.simulation.planted.conductors import (
    DoesNothing,
    DrainsOneBatch,
    IgnoresRetryAfter,
    Raises,
    SendsTwice,
    SignsWithAnotherSecret,
    TakesErrorsForSuccess,
)
from tests.simulation.planted.deliveries import (
    AlwaysSent,
    AnyEndpoint,
    AnyOwner,
    ForgetsAttempts,
    ForgetsInterruptions,
    KeepsGoneEndpoints,
    NoLease,
    SettlesAgain,
    TakesFromTheLiving,
)
from tests.simulation.planted.distribution import FirstClientsOnly, edits_told_late
from tests.simulation.planted.parts import loose_jitter, with_conductor, with_deliveries, with_ports
from tests.simulation.planted.stores import DisabledRulesToo, OnlyNewOnes, OwnIds, StaleRules, StoreAfterCommit
from tests.simulation.planted.streams import UnfencedLog, commit_before_publishing, dead_letters_dropped

SEEDS_MAX: Final = 120
"""Worlds in which a planted bug has to show itself."""

REDS: Final = 2
"""Worlds that turn red before a plant is believed to break one promise only."""

PLANTS: Final[dict[str, tuple[str, Parts]]] = {
    "matches are published after the commit": (
        "nothing-lost",
        with_ports(commit_before_publishing, Stage.EVALUATOR),
    ),
    "disabled rules match": ("only-matches", Parts(rules=DisabledRulesToo)),
    "edits of rules are seen late": ("fresh-rules", Parts(rules=StaleRules)),
    "a snapshot is built of some clients only": ("whole-rules", Parts(snapshot=FirstClientsOnly)),
    "edits of rules are told late": ("rules-arrive", Parts(conductors=edits_told_late)),
    "ids are not derived": ("one-notification", Parts(notifications=OwnIds)),
    "the aggregator commits before it stores": (
        "offsets",
        with_conductor(
            Stage.AGGREGATOR,
            lambda ports, habits: StoreAfterCommit(
                ports.open_stream("aggregator-group"), ports.notifications, habits, ports
            ),
        ),
    ),
    "a known notification is not announced again": (
        "offsets",
        with_ports(lambda ports: replace(ports, notifications=OnlyNewOnes(ports.notifications)), Stage.AGGREGATOR),
    ),
    "a consumer commits what was given to another": ("offsets", Parts(log=UnfencedLog)),
    "poison is dropped": (
        "poison",
        with_ports(dead_letters_dropped, Stage.EVALUATOR, Stage.AGGREGATOR, Stage.DISPATCHER),
    ),
    "a claim carries any endpoint": ("own-client", with_deliveries(AnyEndpoint)),
    "a message is signed with another secret": (
        "own-client",
        with_ports(lambda ports: replace(ports, transport=SignsWithAnotherSecret(ports.transport)), Stage.DELIVERER),
    ),
    "Retry-After is ignored": (
        "retry-times",
        with_ports(lambda ports: replace(ports, transport=IgnoresRetryAfter(ports.transport)), Stage.DELIVERER),
    ),
    "a claim is no lease": ("leases", with_deliveries(NoLease)),
    "whoever comes may move a delivery": ("leases", with_deliveries(AnyOwner)),
    "the transport tries again by itself": (
        "practically-once",
        with_ports(lambda ports: replace(ports, transport=SendsTwice(ports.transport)), Stage.DELIVERER),
    ),
    "every answer is taken for success": (
        "at-least-once",
        with_ports(lambda ports: replace(ports, transport=TakesErrorsForSuccess(ports.transport)), Stage.DELIVERER),
    ),
    "attempts are not kept": ("attempts", with_deliveries(ForgetsAttempts)),
    "who loses its lease leaves no trace": ("attempts", with_deliveries(ForgetsInterruptions)),
    "leases are taken from the living": ("leases", Parts(abandoned=TakesFromTheLiving)),
    "a stop forgets attempts": (
        "attempts",
        with_conductor(
            Stage.DELIVERER,
            lambda ports, habits: DrainsOneBatch(
                ports.deliveries,
                ports.transport,
                ports.clock,
                ports.presence.new_owner,
                policy=replace(habits.policy, claim_max=1, held_max=64),
                bell=Wakeup(),
            ),
        ),
    ),
    "waits are spread too far": ("retry-times", Parts(conductors=loose_jitter)),
    "a gone endpoint stays enabled": ("gone-disables", with_deliveries(KeepsGoneEndpoints)),
    "every notification ends as sent": ("final-state", with_deliveries(AlwaysSent)),
    "a settled notification is settled anew": ("allowed-moves", with_deliveries(SettlesAgain)),
    "nobody sweeps": (SETTLED, with_conductor(Stage.SWEEPER, lambda _ports, _habits: DoesNothing())),
    "a conductor has a mistake in it": (
        "no-bugs",
        with_conductor(Stage.RECORDER, lambda _ports, _habits: Raises()),
    ),
}

WEATHER: Final[dict[str, dict[str, float]]] = {
    "whoever comes may move a delivery": {"stalls_per_attempt": 0.6, "errors_per_attempt": 0.8},
    "a stop forgets attempts": {"stops_per_minute": 30.0, "refusals_per_call": 0.3},
}
"""What has to happen often for a bug that shows itself rarely."""


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_bug_turns_its_checker_red_and_no_other(plant: str) -> None:
    checker, parts = PLANTS[plant]
    broken: list[set[str]] = []
    for seed in range(SEEDS_MAX):
        faults = replace(Faults.drawn(dice_for(seed, plant)), **WEATHER.get(plant, {}))
        report = World(seed, faults, parts=parts).run()
        if not report.is_good:
            broken.append({violation.checker for violation in report.violations})
        if len(broken) == REDS:
            break
    assert broken == [{checker}] * REDS


def test_every_checker_has_a_planted_bug() -> None:
    assert {checker for checker, _ in PLANTS.values()} == {checker.name for checker in CHECKERS} | {SETTLED}


def test_the_planted_deliverer_is_the_real_one_but_for_its_bug() -> None:
    assert issubclass(DrainsOneBatch, Deliverer)
