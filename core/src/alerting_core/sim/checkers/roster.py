"""All checkers."""

from collections.abc import Sequence
from typing import Final

from alerting_core.sim.checkers.attempts import Attempts, GoneDisables, Leases, RetryTimes
from alerting_core.sim.checkers.checker import Checker, Evidence
from alerting_core.sim.checkers.matching import FreshRules, NothingLost, OnlyMatches
from alerting_core.sim.checkers.notifications import AllowedMoves, FinalState, OneNotification
from alerting_core.sim.checkers.records import NoBugs, Offsets, Poison
from alerting_core.sim.checkers.rules import RulesArrive, WholeRules
from alerting_core.sim.checkers.sending import AtLeastOnce, OwnClient, PracticallyOnce

SETTLED: Final = "settled"
"""The promise that the world itself watches over: within a bounded time after the last fault everything has ended."""

CHECKERS: Final[tuple[type[Checker], ...]] = (
    NoBugs,
    NothingLost,
    OnlyMatches,
    FreshRules,
    WholeRules,
    RulesArrive,
    OneNotification,
    AllowedMoves,
    Offsets,
    Poison,
    OwnClient,
    Leases,
    PracticallyOnce,
    AtLeastOnce,
    Attempts,
    RetryTimes,
    GoneDisables,
    FinalState,
)


def make_checkers(evidence: Evidence) -> Sequence[Checker]:
    """Return one of each."""
    return [checker(evidence) for checker in CHECKERS]
