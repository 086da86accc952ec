"""The workers of a session in groups of their kinds, and what waits for whom: all of it from the topology."""

from collections.abc import Mapping, Sequence
from typing import Any

from alerting_core.stages.batch import WorkerKind
from alerting_core.stages.wiring import PlatformPorts, StageSpec
from alerting_core.topology import ALERT_WORKERS, groups_of, rule_stages


def worker_groups(*, rule_distribution: bool) -> Mapping[WorkerKind, Sequence[StageSpec[PlatformPorts]]]:
    """Return each group of workers and its stages; what carries edited rules is in one group."""
    return {**ALERT_WORKERS, WorkerKind.RULE_UPDATER: rule_stages()} if rule_distribution else {**ALERT_WORKERS}


def setting_of(kind: WorkerKind) -> str:
    """Return the name of the setting that says how many workers of a group there are."""
    return kind.replace("-", "_") + "s"


def readers_on_path(stages: Sequence[StageSpec[Any]]) -> Sequence[StageSpec[Any]]:
    """Return those of *stages* that alerts wait for and that read a topic, in the order in which alerts meet them."""
    return [stage for stage in stages if stage.is_on_path and stage.topic is not None]


def topics_of(stages: Sequence[StageSpec[Any]]) -> Sequence[str]:
    """Return the topics that *stages* read, each once."""
    return list(dict.fromkeys(groups_of(stages).values()))
