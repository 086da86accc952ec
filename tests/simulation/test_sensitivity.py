"""Each checker sees the bug that it exists for, and no other does: a checker that never failed is not trusted."""

from dataclasses import replace
from typing import Final

import pytest

from alerting_core.sim.faults import Faults, dice_for
from alerting_core.sim.platform import Parts
from alerting_core.sim.world import CHECKERS, SETTLED, World
from alerting_core.stages.batch import StageName
from alerting_core.stages.send import Sender
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
from tests.simulation.planted.distribution import FirstClientsOnly, builds_only, dozing_relay
from tests.simulation.planted.lives import (
    EndsAfterCommit,
    EndsTwice,
    NoEndsByMail,
    TakenForPublished,
    TellsAhead,
    always_over,
    never_over,
)
from tests.simulation.planted.pipeline import (
    DoesNothing,
    DrainsOneBatch,
    IgnoresRetryAfter,
    Raises,
    SendsTwice,
    SignsWithAnotherSecret,
    TakesErrorsForSuccess,
    draining_one_batch,
    with_transport,
)
from tests.simulation.planted.plant import loose_jitter, with_deliveries, with_stage, with_stages, with_wiring
from tests.simulation.planted.stores import (
    DisabledRulesToo,
    OwnIds,
    StaleRules,
    StoreAfterCommit,
    TellsAnother,
    UnmatchedIsEverything,
    UnmatchedIsNothing,
    known_ones_hidden,
)
from tests.simulation.planted.streams import UnfencedLog, commit_before_publishing, dead_letters_dropped

SEEDS_MAX: Final = 120
"""Worlds in which a planted bug has to show itself."""

REDS: Final = 2
"""Worlds that turn red before a plant is believed to break one promise only."""

PLANTS: Final[dict[str, tuple[str, Parts]]] = {
    "matches are published after the commit": (
        "nothing-lost",
        with_wiring(commit_before_publishing, StageName.EVALUATOR),
    ),
    "disabled rules match": ("only-matches", Parts(rules=DisabledRulesToo)),
    "what is unmatched is taken for everything": ("only-matches", Parts(rules=UnmatchedIsEverything)),
    "what is unmatched is told to nobody": ("nothing-lost", Parts(rules=UnmatchedIsNothing)),
    "a private alert is told to another client": ("nothing-crosses", Parts(notifications=TellsAnother)),
    "edits of rules are seen late": ("fresh-rules", Parts(rules=StaleRules)),
    "a snapshot is built of some clients only": ("whole-rules", Parts(snapshot=FirstClientsOnly)),
    "edits of rules are told late": (
        "rules-arrive",
        with_stages({StageName.RELAY: dozing_relay, StageName.RULE_RECONCILER: builds_only}),
    ),
    "ids are not derived": ("one-notification", Parts(notifications=OwnIds)),
    "the aggregator commits before it stores": (
        "offsets",
        with_stage(StageName.AGGREGATOR, StoreAfterCommit),
    ),
    "a known notification is not announced again": (
        "offsets",
        with_wiring(known_ones_hidden, StageName.AGGREGATOR),
    ),
    "the resolver commits before it stores": ("offsets", with_stage(StageName.RESOLVER, EndsAfterCommit)),
    "an episode is taken for published as it is stored": ("episodes", Parts(episodes=TakenForPublished)),
    "an end is told before the firing": ("telling", with_deliveries(TellsAhead)),
    "an end is told twice": ("telling", with_deliveries(EndsTwice)),
    "an end is told of what fires": ("telling", with_wiring(always_over, StageName.AGGREGATOR)),
    "ends are not told by mail": ("ends-told", with_deliveries(NoEndsByMail)),
    "nobody looks whether a late match is over": ("ends-told", with_wiring(never_over, StageName.AGGREGATOR)),
    "a consumer commits what was given to another": ("offsets", Parts(log=UnfencedLog)),
    "poison is dropped": (
        "poison",
        with_wiring(dead_letters_dropped, StageName.EVALUATOR, StageName.AGGREGATOR, StageName.DISPATCHER),
    ),
    "a claim carries any endpoint": ("own-client", with_deliveries(AnyEndpoint)),
    "a message is signed with another secret": (
        "own-client",
        with_wiring(with_transport(SignsWithAnotherSecret), StageName.SENDER),
    ),
    "Retry-After is ignored": (
        "retry-times",
        with_wiring(with_transport(IgnoresRetryAfter), StageName.SENDER),
    ),
    "a claim is no lease": ("leases", with_deliveries(NoLease)),
    "whoever comes may move a delivery": ("leases", with_deliveries(AnyOwner)),
    "the transport tries again by itself": (
        "practically-once",
        with_wiring(with_transport(SendsTwice), StageName.SENDER),
    ),
    "every answer is taken for success": (
        "at-least-once",
        with_wiring(with_transport(TakesErrorsForSuccess), StageName.SENDER),
    ),
    "attempts are not kept": ("attempts", with_deliveries(ForgetsAttempts)),
    "who loses its lease leaves no trace": ("attempts", with_deliveries(ForgetsInterruptions)),
    "leases are taken from the living": ("leases", Parts(abandoned=TakesFromTheLiving)),
    "a stop forgets attempts": (
        "attempts",
        with_stage(StageName.SENDER, draining_one_batch),
    ),
    "waits are spread too far": ("retry-times", with_wiring(loose_jitter)),
    "a gone endpoint stays enabled": ("gone-disables", with_deliveries(KeepsGoneEndpoints)),
    "every notification ends as sent": ("final-state", with_deliveries(AlwaysSent)),
    "a settled notification is settled anew": ("allowed-moves", with_deliveries(SettlesAgain)),
    "nobody sweeps": (SETTLED, with_stage(StageName.SWEEPER, lambda _: DoesNothing())),
    "a stage has a mistake in it": (
        "no-bugs",
        with_stage(StageName.RECORDER, lambda _: Raises()),
    ),
}

WEATHER: Final[dict[str, dict[str, float]]] = {
    "whoever comes may move a delivery": {
        "stalls_per_attempt": 0.6,
        "errors_per_attempt": 0.8,
        "clock_jumps_per_minute": 6.0,
    },
    "a stop forgets attempts": {"stops_per_minute": 60.0, "refusals_per_call": 0.3},
    "disabled rules match": {"edits_per_minute": 20.0},
    "nobody sweeps": {"resends_per_minute": 20.0},
    "an end is told before the firing": {"errors_per_attempt": 0.8},
    "an episode is taken for published as it is stored": {"crashes_per_call": 0.03, "lost_answers_per_call": 0.2},
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


def test_the_planted_sender_is_the_real_one_but_for_its_bug() -> None:
    assert issubclass(DrainsOneBatch, Sender)
