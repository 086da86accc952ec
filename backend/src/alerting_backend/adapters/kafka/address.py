"""Where Kafka is, how its clients log in, and what our topics and groups are called there."""

import ssl
from dataclasses import dataclass, field
from typing import Any, Final

from alerting_core.errors import PortUnavailable

CLIENT_ID: Final = "alerting"

REQUEST_MS_MAX: Final = 5_000
"""One request to a broker. A fetch may wait half a second at the broker; a produce request waits for its replicas."""

RETRY_BACKOFF_MS: Final = 100
"""Between two tries of one request."""

METADATA_MS_MAX: Final = 30_000
"""How long a new topic or partition may go unnoticed."""


@dataclass(frozen=True, slots=True)
class KafkaAddress:
    """A Kafka cluster.

    Attributes:
        brokers: `host:port`, several with commas between; any of them tells of all others.
        prefix: Put before the names of topics and groups, so that several platforms can share a cluster.
        security_protocol: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.
        sasl_mechanism: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
        ca_file: Certificates to trust instead of the system's.
    """

    brokers: str
    prefix: str = ""
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = "PLAIN"
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    ca_file: str | None = None

    def name(self, ours: str) -> str:
        """Return what a topic or group is called there."""
        return self.prefix + ours

    def ours(self, name: str) -> str:
        """Return what we call a topic of theirs."""
        return name.removeprefix(self.prefix)

    def log_in(self) -> dict[str, Any]:
        """Return the arguments that every client of aiokafka takes.

        Raises:
            PortUnavailable: `ca_file` cannot be read.
        """
        arguments: dict[str, Any] = {
            "bootstrap_servers": [broker.strip() for broker in self.brokers.split(",") if broker.strip()],
            "client_id": CLIENT_ID,
            "request_timeout_ms": REQUEST_MS_MAX,
            "retry_backoff_ms": RETRY_BACKOFF_MS,
            "metadata_max_age_ms": METADATA_MS_MAX,
            "security_protocol": self.security_protocol,
        }
        if self.security_protocol.endswith("SSL"):
            arguments["ssl_context"] = self._trusted()
        if self.security_protocol.startswith("SASL"):
            arguments |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.sasl_username,
                "sasl_plain_password": self.sasl_password,
            }
        return arguments

    def _trusted(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:  # An SSLError is one: there is no certificate in it.
            why = error.strerror or str(error)
            detail = f"no certificates can be read from {self.ca_file}: {why} (ALERTING_KAFKA_CA_FILE)"
            raise PortUnavailable("kafka", operation="connect", detail=detail) from error
