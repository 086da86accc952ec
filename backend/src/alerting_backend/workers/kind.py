"""The names of the kinds of workers."""

from enum import StrEnum


class Kind(StrEnum):
    """What a worker does, as it is typed."""

    EVALUATOR = "evaluator"
    AGGREGATOR = "aggregator"
    SENDER = "sender"
    """Dispatcher, deliverer and sweeper."""
    RULE_UPDATER = "rule-updater"
    """Rule updater and reconciler."""
    RELAY = "relay"
    RECORDER = "recorder"
    """Recorder and janitor."""
