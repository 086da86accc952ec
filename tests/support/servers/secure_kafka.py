"""A Kafka broker that lets in nobody without TLS and a password."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from tests.support.install.kafka import KafkaPrograms
from tests.support.servers.identity import Identity
from tests.support.servers.kafka import KafkaServer
from tests.support.servers.process import free_ports

USER: Final = "alerting"
PASSWORD: Final = 'p=a,s"s word'
"""With all that a careless client would not escape."""

_PLAIN: Final = "org.apache.kafka.common.security.plain.PlainLoginModule required user_{user}={password};"
_SCRAM: Final = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
_ANSWER_SECONDS_MAX: Final = 30


class SecureKafkaServer(KafkaServer):
    """A broker that is reached by SASL_SSL, with PLAIN or SCRAM-SHA-512.

    Args:
        name: What its certificate is for.

    Attributes:
        ca_file: Certificate of the authority, to be trusted.
        other_ca_file: Certificate of another one, which has signed nothing.
        plaintext_brokers: Where it is reached without anything, as brokers reach each other.
    """

    def __init__(self, folder: Path, programs: KafkaPrograms, *, name: str = "127.0.0.1") -> None:
        super().__init__(folder, programs)
        self._inner_port = free_ports(1)[0]
        self.plaintext_brokers = f"127.0.0.1:{self._inner_port}"
        self._identity = Identity(folder, name=name)
        self.ca_file, self.other_ca_file = self._identity.ca_file, self._identity.other_ca_file

    def start(self) -> None:
        super().start()
        admin = AdminClient({"bootstrap.servers": self.plaintext_brokers})
        how = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        change = UserScramCredentialUpsertion(USER, how, PASSWORD.encode())
        for done in admin.alter_user_scram_credentials([change]).values():
            done.result(_ANSWER_SECONDS_MAX)

    def _settings(self) -> Mapping[str, str]:
        usual = super()._settings()
        inner = f"INNER://{self.plaintext_brokers}"
        quoted = '"' + PASSWORD.replace('"', '\\\\"') + '"'  # Once for JAAS; the file takes one backslash itself.
        return {
            **usual,
            "listeners": f"{usual['listeners']},{inner}",
            "advertised.listeners": f"{usual['advertised.listeners']},{inner}",
            "listener.security.protocol.map": "CLIENT:SASL_SSL,INNER:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "INNER",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self._identity.key_and_certificates),
            "listener.name.client.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
            "listener.name.client.plain.sasl.jaas.config": _PLAIN.format(user=USER, password=quoted),
            "listener.name.client.scram-sha-512.sasl.jaas.config": _SCRAM,
        }
