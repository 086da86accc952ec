"""A real Prometheus server, with the rules and the Alertmanager that a test gives it; killed, and started anew."""

import json
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

from tests.support.patience import END_SECONDS_MAX

AlertingRule: TypeAlias = Mapping[str, Any]
"""One rule as its file has it: `alert`, `expr`, `labels`, `annotations`, `for`."""

REPLICA: Final = "replica"
"""The label by which the servers of a pair differ; alerts go out without it."""


@dataclass
class PrometheusServer:
    """One server with a folder of its own, evaluating and sending every second.

    Attributes:
        alertmanager: HOST:PORT of what it sends alerts to.
        key: Its bearer token there.
        replica: Set when it is one of a pair.
        timeout: How long it waits for an answer to what it sends.
    """

    program: Path
    folder: Path
    alertmanager: str
    key: str
    rules: Sequence[AlertingRule]
    replica: str | None = None
    timeout: str = "10s"
    _running: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    def start(self) -> None:
        """Start it, on whatever it had before, and do not wait."""
        self.folder.mkdir(exist_ok=True)
        groups = {"groups": [{"name": "alerts", "interval": "1s", "rules": list(self.rules)}]}
        (self.folder / "rules.yml").write_text(json.dumps(groups), encoding="utf-8")
        (self.folder / "prometheus.yml").write_text(json.dumps(self._config()), encoding="utf-8")
        command: Sequence[str | Path] = [
            self.program,
            f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.folder / 'data'}",
            "--web.listen-address=127.0.0.1:0",
            "--rules.alert.resend-delay=1s",
        ]
        with (self.folder / "prometheus.log").open("ab") as log:
            self._running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def stop(self, order: signal.Signals = signal.SIGTERM) -> None:
        """End it, by SIGKILL if it does not, and wait."""
        if self._running is None:
            return
        self._running.send_signal(order)
        try:
            self._running.wait(END_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._running.kill()
            self._running.wait()
        self._running = None

    def said(self) -> str:
        """Return the last that it wrote."""
        return (self.folder / "prometheus.log").read_text(encoding="utf-8")[-4_000:]

    def _config(self) -> Mapping[str, Any]:
        us = {
            "api_version": "v2",
            "timeout": self.timeout,
            "authorization": {"credentials": self.key},
            "static_configs": [{"targets": [self.alertmanager]}],
        }
        config: dict[str, Any] = {
            "global": {"evaluation_interval": "1s"},
            "rule_files": [str(self.folder / "rules.yml")],
            "alerting": {"alertmanagers": [us]},
        }
        if self.replica is not None:
            config["global"]["external_labels"] = {REPLICA: self.replica}
            config["alerting"]["alert_relabel_configs"] = [{"action": "labeldrop", "regex": REPLICA}]
        return config


@contextmanager
def running(server: PrometheusServer) -> Iterator[PrometheusServer]:
    """Run *server* until the block ends; what it wrote is in the error of who waited too long."""
    server.start()
    try:
        yield server
    except TimeoutError as error:
        raise TimeoutError(f"{error}; Prometheus said:\n{server.said()}") from error
    finally:
        server.stop()
