"""The processes of the distributed platform in the background, for development."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.support.servers.process import ServerProcess

# The rules first: evaluators wait for them.
NAMES: Final = ("api", "rule-updater", "relay", "evaluator", "aggregator", "sender", "recorder")


class PlatformServer(ServerProcess):
    """The API or a worker.

    Args:
        name: `api`, or the kind of worker.
        settings: That lead to Kafka, Redis and Postgres.
    """

    def __init__(self, folder: Path, name: str, settings: Mapping[str, str]) -> None:
        super().__init__(folder)
        self._name = name
        self._settings = settings

    def command(self) -> Sequence[str | Path]:
        command = [self._name] if self._name == "api" else ["worker", self._name]
        return [sys.executable, "-m", "alerting_backend.cli.app", *command]

    def environment(self) -> Mapping[str, str]:
        own: dict[str, str] = {"PYTHONUNBUFFERED": "1", "ALERTING_DELIVERY_ALLOWED_NETWORKS": "127.0.0.0/8"}
        if "ALERTING_DELIVERY_ALLOWED_NETWORKS" in os.environ:
            del own["ALERTING_DELIVERY_ALLOWED_NETWORKS"]
        if self._name != "api":
            own["ALERTING_HTTP_PORT"] = "0"  # Its log says which.
        return {**own, **self._settings}

    def is_ready(self) -> bool:
        return ("api_ready" if self._name == "api" else "worker_ready") in self.log_since_start()

    def said(self, word: str) -> str:
        """Return what the latest line of the log with *word* says, from there on; empty when there is none."""
        lines = [line for line in self.log_since_start().splitlines() if word in line]
        return lines[-1][lines[-1].index(word) :] if lines else ""
