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
from alerting_core.sim.workers import Parts
from alerting_core.sim.world import World
from tests.simulation import planted

SEEDS_MAX: Final = 120
"""Worlds in which a planted bug has to show itself."""

REDS: Final = 2
"""Worlds that turn red before a plant is believed to break one promise only."""

PLANTS: Final[dict[str, tuple[str, Parts]]] = {
    "matches are published after the commit": (
        "nothing-lost",
        planted.with_ports(planted.commit_before_publishing, Stage.EVALUATOR),
    ),
    "disabled rules match": ("only-matches", Parts(rules=planted.DisabledRulesToo)),
    "edits of rules are seen late": ("fresh-rules", Parts(rules=planted.StaleRules)),
    "ids are not derived": ("one-notification", Parts(notifications=planted.OwnIds)),
    "the aggregator commits before it stores": (
        "offsets",
        planted.with_conductor(
            Stage.AGGREGATOR,
            lambda ports, habits: planted.StoreAfterCommit(
                ports.open_stream("aggregator-group"), ports.notifications, habits, ports
            ),
        ),
    ),
    "a known notification is not announced again": (
        "offsets",
        planted.with_ports(
            lambda ports: replace(ports, notifications=planted.OnlyNewOnes(ports.notifications)), Stage.AGGREGATOR
        ),
    ),
    "a consumer commits what was given to another": ("offsets", Parts(log=planted.UnfencedLog)),
    "poison is dropped": (
        "poison",
        planted.with_ports(planted.dead_letters_dropped, Stage.EVALUATOR, Stage.AGGREGATOR, Stage.DISPATCHER),
    ),
    "a claim carries any endpoint": ("own-client", planted.with_deliveries(planted.AnyEndpoint)),
    "a claim is no lease": ("leases", planted.with_deliveries(planted.NoLease)),
    "whoever comes may move a delivery": ("leases", planted.with_deliveries(planted.AnyOwner)),
    "the transport tries again by itself": (
        "practically-once",
        planted.with_ports(
            lambda ports: replace(ports, transport=planted.SendsTwice(ports.transport)), Stage.DELIVERER
        ),
    ),
    "every answer is taken for success": (
        "at-least-once",
        planted.with_ports(
            lambda ports: replace(ports, transport=planted.TakesErrorsForSuccess(ports.transport)), Stage.DELIVERER
        ),
    ),
    "attempts are not kept": ("attempts", planted.with_deliveries(planted.ForgetsAttempts)),
    "a stop forgets attempts": (
        "attempts",
        planted.with_conductor(
            Stage.DELIVERER,
            lambda ports, habits: planted.DrainsOneBatch(
                ports.deliveries, ports.transport, ports.clock, ports.new_owner, policy=habits.policy, bell=Wakeup()
            ),
        ),
    ),
    "waits are spread too far": ("retry-times", Parts(conductors=planted.loose_jitter)),
    "a gone endpoint stays enabled": ("gone-disables", planted.with_deliveries(planted.KeepsGoneEndpoints)),
    "every notification ends as sent": ("final-state", planted.with_deliveries(planted.AlwaysSent)),
    "a settled notification is settled anew": ("allowed-moves", planted.with_deliveries(planted.SettlesAgain)),
    "nobody sweeps": (SETTLED, planted.with_conductor(Stage.SWEEPER, lambda _ports, _habits: planted.DoesNothing())),
    "a conductor has a mistake in it": (
        "no-bugs",
        planted.with_conductor(Stage.RECORDER, lambda _ports, _habits: planted.Raises()),
    ),
}

WEATHER: Final[dict[str, dict[str, float]]] = {
    "whoever comes may move a delivery": {"stalls_per_attempt": 0.3, "errors_per_attempt": 0.7},
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
    assert issubclass(planted.DrainsOneBatch, Deliverer)
