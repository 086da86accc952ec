"""Where Kafka is, as the settings say, and what a process opens there; the embedded platform starts without."""

from contextlib import AsyncExitStack

from alerting_backend.adapters.kafka.connection import KafkaAddress
from alerting_backend.adapters.kafka.sink import KafkaSink
from alerting_backend.adapters.kafka.topics import TopicsReady
from alerting_backend.settings import Settings
from alerting_core import topology
from alerting_core.app import operations


def kafka_address(settings: Settings) -> KafkaAddress:
    """Return the address of the cluster, which must be set."""
    assert settings.kafka_brokers is not None, "the command has checked it"
    return KafkaAddress(
        settings.kafka_brokers,
        prefix=settings.kafka_prefix,
        security_protocol=settings.kafka_security_protocol,
        sasl_mechanism=settings.kafka_sasl_mechanism,
        sasl_username=settings.kafka_sasl_user,
        sasl_password=settings.kafka_sasl_password,
        ca_file=settings.kafka_ca_file,
    )


def kafka_check(address: KafkaAddress, stack: AsyncExitStack) -> operations.ReadinessCheck:
    """Return the check that the topics of all stages can be read and written; its connection is closed with *stack*."""
    ready = TopicsReady(address, topology.SOURCES)
    stack.push_async_callback(ready.close)
    return ready.check


def sink_on(address: KafkaAddress, stack: AsyncExitStack) -> KafkaSink:
    """Return a sink that is closed with *stack*."""
    sink = KafkaSink(address)
    stack.push_async_callback(sink.close)
    return sink
