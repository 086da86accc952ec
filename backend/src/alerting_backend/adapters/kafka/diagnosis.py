"""Connecting to a cluster, and why that fails, in words that name the setting to mend.

The library tells its log alone why a broker did not let it in, and says that none could be reached. So after a failure
one more connection is opened, whose error says what is wrong.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import errors
from aiokafka.conn import create_conn
from aiokafka.protocol.metadata import MetadataRequest

from alerting_backend.adapters.kafka.address import KafkaAddress
from alerting_backend.adapters.kafka.border import RESOURCE, bounded_border, describe
from alerting_core.errors import PortUnavailable

LOOK_SECONDS_MAX: Final = 3.0
"""Finding out why. A broker that does not answer for so long is away, whatever else may be wrong with it."""

_OF_THE_CLUSTER: Final = ("bootstrap_servers", "retry_backoff_ms", "metadata_max_age_ms")
"""Arguments of a client that one connection does not take."""

_NAME_MISMATCH: Final = frozenset({62, 64})  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH


@asynccontextmanager
async def connecting(address: KafkaAddress, operation: str, seconds_max: float) -> AsyncIterator[None]:
    """Do as `bounded_border`, for what connects to *address*; the error says why it cannot, when that can be told."""
    try:
        async with bounded_border(operation, seconds_max):
            yield
    except PortUnavailable as error:
        reason = await find_reason(address)
        if reason is None:
            raise
        raise PortUnavailable(RESOURCE, operation=operation, detail=reason) from error


async def find_reason(address: KafkaAddress) -> str | None:
    """Return why the first broker of *address* that refuses a connection does so; None when all take one."""
    arguments = address.log_in()
    brokers: list[str] = arguments["bootstrap_servers"]
    of_one = {name: value for name, value in arguments.items() if name not in _OF_THE_CLUSTER}
    try:
        async with asyncio.timeout(LOOK_SECONDS_MAX):
            for broker in brokers:
                try:
                    await _try(broker, of_one)
                except (OSError, errors.KafkaError) as error:
                    return f"{broker} {_say(error, address)}"
    except TimeoutError:
        return None
    return None


async def _try(broker: str, of_one: dict[str, Any]) -> None:
    """Connect to one broker, log in, and ask it something."""
    host, _, port = broker.rpartition(":")
    if not (host and port.isdecimal()):
        raise socket.gaierror("written like host:9092")
    connection = await create_conn(host.strip("[]"), int(port), **of_one)
    try:
        await connection.send(MetadataRequest([]))
    finally:
        connection.close()


def _say(error: Exception, address: KafkaAddress) -> str:
    protocol = address.security_protocol
    match error:
        case ssl.SSLCertVerificationError(verify_code=code) if code in _NAME_MISMATCH:
            return f"has a certificate for another name: {error.verify_message} (ALERTING_KAFKA_BROKERS)"
        case ssl.SSLCertVerificationError():
            return f"has a certificate that is not trusted: {error.verify_message} (ALERTING_KAFKA_CA_FILE)"
        case ssl.SSLError() | ConnectionResetError() if protocol.endswith("SSL"):
            return f"does not speak TLS, as {protocol} does (ALERTING_KAFKA_SECURITY_PROTOCOL)"
        case errors.UnsupportedSaslMechanismError():
            return f"does not take {address.sasl_mechanism} (ALERTING_KAFKA_SASL_MECHANISM)"
        case errors.SaslAuthenticationFailed() | errors.AuthenticationFailedError():
            return (
                f"refuses the login of {address.sasl_username} "
                "(ALERTING_KAFKA_SASL_USER, ALERTING_KAFKA_SASL_PASSWORD, ALERTING_KAFKA_SASL_MECHANISM)"
            )
        case socket.gaierror():
            return f"is no address: {error.strerror or error} (ALERTING_KAFKA_BROKERS)"
        case ConnectionRefusedError():
            return "refuses connections (ALERTING_KAFKA_BROKERS)"
        case errors.KafkaConnectionError() | errors.IllegalSaslStateError() | ConnectionResetError():
            return f"does not speak {protocol}, or is just stopping (ALERTING_KAFKA_SECURITY_PROTOCOL)"
        case _:
            return f"cannot be used: {describe(error)}"
