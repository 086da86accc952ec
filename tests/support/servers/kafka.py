"""A Kafka broker: one node that is broker and controller at once (KRaft)."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.support.install.kafka import KafkaPrograms
from tests.support.servers.process import ServerProcess, accepts, free_ports

CLUSTER_ID: Final = "AAAAAAAAAAAAAAAAAAAAAA"  # The same for all: so that one formatted folder fits every server.

START_FAST: Final = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xms128m", "-Xmx512m")
"""For tests: ready in about three seconds."""

RUN_FAST: Final = ("-XX:+UseG1GC", "-Xms1g", "-Xmx1g")
"""For measuring: as Apache's own scripts start it."""

_SETTINGS: Final[Mapping[str, str]] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "CLIENT",
    "controller.listener.names": "CONTROLLER",
    # There is one broker.
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # Each partition is a folder with files: few of them start faster.
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "1",
    # A broker that was killed is let in again when its predecessor's session has ended.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # A group of one need not wait for others.
    "group.initial.rebalance.delay.ms": "0",
    # A topic with a slip in its name is an error.
    "auto.create.topics.enable": "false",
    "num.partitions": "6",
}

_LOG_SETTINGS: Final = """\
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = info
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{HH:mm:ss.SSS} %p %m (%c{1})%n
"""


class KafkaServer(ServerProcess):
    """A broker with its data in a folder.

    Args:
        folder: Exists, empty at the first start.
        programs: What it is started with.
        port: To listen on; a free one unless given. The same at every start.
        java_options: `START_FAST` or `RUN_FAST`.
        settings: Of the broker, beside or in place of the usual ones.
    """

    def __init__(
        self,
        folder: Path,
        programs: KafkaPrograms,
        *,
        port: int | None = None,
        java_options: Sequence[str] = START_FAST,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(folder)
        free, self._controller_port = free_ports(2)
        self._port = port or free
        self._programs = programs
        self._java_options = java_options
        self._own_settings = settings or {}

    @property
    def brokers(self) -> str:
        """Return the address that clients begin with."""
        return f"127.0.0.1:{self._port}"

    def command(self) -> Sequence[str | Path]:
        settings, logging = self.folder / "server.properties", self.folder / "log4j2.properties"
        settings.write_text("".join(f"{name}={value}\n" for name, value in self._settings().items()), encoding="utf-8")
        logging.write_text(_LOG_SETTINGS, encoding="utf-8")
        if not (self.folder / "data" / "meta.properties").exists():
            self._format(settings)
        options = [*self._java_options, f"-Dlog4j2.configurationFile={logging}"]
        return [self._programs.java, *options, "-cp", self._programs.class_path, "kafka.Kafka", settings]

    def is_ready(self) -> bool:
        return "Kafka Server started" in self.log_since_start() and accepts(self._port)

    def _settings(self) -> Mapping[str, str]:
        client, controller = f"CLIENT://{self.brokers}", f"CONTROLLER://127.0.0.1:{self._controller_port}"
        return {
            **_SETTINGS,
            "listeners": f"{client},{controller}",
            "advertised.listeners": client,
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller_port}",
            "log.dirs": str(self.folder / "data"),
            **self._own_settings,
        }

    def _format(self, settings: Path) -> None:
        """Make the empty data folder, once in all: a second Java costs as much as starting the broker."""
        formatted = self._programs.formatted
        if not formatted.exists():
            tool = ["kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER_ID, "--config", str(settings)]
            subprocess.run(
                [self._programs.java, *START_FAST, "-cp", self._programs.class_path, *tool],
                check=True,
                capture_output=True,
            )
            new = formatted.with_name(f"{formatted.name}-{self._port}")
            shutil.copytree(self.folder / "data", new)
            try:
                new.rename(formatted)
            except OSError:  # Another process was faster.
                shutil.rmtree(new)
        else:
            shutil.copytree(formatted, self.folder / "data")
