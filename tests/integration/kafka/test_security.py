"""Logging in to a Kafka that asks for TLS and a password, and what is said when it refuses."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import psutil
import pytest

from alerting_backend.adapters.kafka.connection import KafkaAddress
from alerting_backend.adapters.kafka.sink import KafkaSink
from alerting_backend.adapters.kafka.stream import KafkaStream
from alerting_backend.adapters.kafka.topics import create_topics, describe_topics
from alerting_core.errors import PortUnavailable
from alerting_core.ports.stream import ALERTS_NEW
from alerting_core.stages.batch import offsets_after
from tests.integration.kafka.conftest import check_ready, until
from tests.support.pipeline import make_output
from tests.support.servers.secure_kafka import PASSWORD, USER, SecureKafkaServer

pytestmark = pytest.mark.integration


@pytest.fixture
def address(secure_kafka: SecureKafkaServer) -> KafkaAddress:
    return KafkaAddress(
        secure_kafka.brokers,
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username=USER,
        sasl_password=PASSWORD,
        ca_file=str(secure_kafka.ca_file),
    )


@pytest.fixture(autouse=True)
async def no_connection_is_left(secure_kafka: SecureKafkaServer) -> AsyncIterator[None]:
    """Wait for the connections that the library has closed without waiting: TLS takes its time to end."""
    yield
    ports = {int(brokers.rpartition(":")[2]) for brokers in (secure_kafka.brokers, secure_kafka.plaintext_brokers)}

    async def are_closed() -> bool:
        return not any(one.raddr and one.raddr.port in ports for one in psutil.Process().net_connections("tcp"))

    await until(are_closed)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
async def test_records_go_there_and_back_with_a_password_over_tls(
    address: KafkaAddress, mechanism: str, stack: AsyncExitStack
) -> None:
    address = replace(address, sasl_mechanism=mechanism, prefix=f"{mechanism}.")
    assert await create_topics(address, [ALERTS_NEW]) == [ALERTS_NEW]
    sink = KafkaSink(address)
    stack.push_async_callback(sink.close)
    stream = KafkaStream(address, sink, topic=ALERTS_NEW, group="g")
    stack.push_async_callback(stream.close)
    await sink.publish([make_output(ALERTS_NEW)])
    records = await stream.poll(records_max=10, wait_ms=0)
    assert len(records) == 1
    await stream.commit((), offsets_after(records))
    assert sum((await stream.lag()).values()) == 0


WRONG = {
    "a wrong password": (
        {"sasl_password": "guessed"},
        r"refuses the login of alerting \(ALERTING_KAFKA_SASL_USER, ALERTING_KAFKA_SASL_PASSWORD",
    ),
    "a wrong password, in plain": ({"sasl_password": "guessed", "sasl_mechanism": "PLAIN"}, "refuses the login of"),
    "a mechanism that is not enabled": (
        {"sasl_mechanism": "SCRAM-SHA-256"},
        r"does not take SCRAM-SHA-256 \(ALERTING_KAFKA_SASL_MECHANISM\)",
    ),
    "an authority that the system does not know": (
        {"ca_file": None},
        r"has a certificate that is not trusted: .+ \(ALERTING_KAFKA_CA_FILE\)",
    ),
    "no TLS": (
        {"security_protocol": "SASL_PLAINTEXT"},
        r"does not speak SASL_PLAINTEXT, or is just stopping \(ALERTING_KAFKA_SECURITY_PROTOCOL\)",
    ),
    "neither TLS nor a password": (
        {"security_protocol": "PLAINTEXT"},
        r"does not speak PLAINTEXT, or is just stopping \(ALERTING_KAFKA_SECURITY_PROTOCOL\)",
    ),
    "TLS without a password": (
        {"security_protocol": "SSL"},
        r"does not speak SSL, or is just stopping \(ALERTING_KAFKA_SECURITY_PROTOCOL\)",
    ),
    "a file of certificates that is not there": (
        {"ca_file": "/nowhere/ca.pem"},
        r"no certificates can be read from /nowhere/ca.pem: No such file or directory \(ALERTING_KAFKA_CA_FILE\)",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_refusal_names_the_setting_to_mend(address: KafkaAddress, wrong: str, stack: AsyncExitStack) -> None:
    changes, said = WRONG[wrong]
    refused = replace(address, **changes)
    sink = KafkaSink(refused)
    stack.push_async_callback(sink.close)
    stream = KafkaStream(refused, sink, topic=ALERTS_NEW, group="g")
    stack.push_async_callback(stream.close)
    for call in (
        check_ready(refused, [ALERTS_NEW]),
        describe_topics(refused),
        sink.publish([make_output(ALERTS_NEW)]),
        stream.poll(records_max=1, wait_ms=0),
        stream.lag(),
    ):
        with pytest.raises(PortUnavailable, match=said):
            await call


async def test_a_certificate_of_another_authority_is_not_trusted(
    address: KafkaAddress, secure_kafka: SecureKafkaServer
) -> None:
    with pytest.raises(PortUnavailable, match=r"not trusted: .+ \(ALERTING_KAFKA_CA_FILE\)"):
        await check_ready(replace(address, ca_file=str(secure_kafka.other_ca_file)))


async def test_a_certificate_for_another_name_is_refused(
    address: KafkaAddress, secure_kafka: SecureKafkaServer
) -> None:
    elsewhere = replace(address, brokers=secure_kafka.brokers.replace("127.0.0.1", "localhost"))
    with pytest.raises(PortUnavailable, match=r"certificate for another name: .+ \(ALERTING_KAFKA_BROKERS\)"):
        await check_ready(elsewhere)


async def test_a_broker_without_tls_is_told_from_one_that_is_away(
    address: KafkaAddress, secure_kafka: SecureKafkaServer
) -> None:
    with pytest.raises(PortUnavailable, match=r"does not speak TLS, .+ \(ALERTING_KAFKA_SECURITY_PROTOCOL\)"):
        await check_ready(replace(address, brokers=secure_kafka.plaintext_brokers))


async def test_the_password_is_in_no_message(address: KafkaAddress) -> None:
    with pytest.raises(PortUnavailable) as refused:
        await check_ready(replace(address, sasl_password="guessed-secret", sasl_mechanism="PLAIN"))
    assert "guessed-secret" not in str(refused.value)
    assert "guessed-secret" not in repr(replace(address, sasl_password="guessed-secret"))
