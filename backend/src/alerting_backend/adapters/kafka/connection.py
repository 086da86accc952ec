"""Where Kafka is, how its clients log in, what goes wrong there in our words, and why a connection fails."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import errors
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError
from aiokafka.protocol.metadata import MetadataRequest

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


RESOURCE: Final = "kafka"


@contextmanager
def translate_errors(operation: str) -> Iterator[None]:
    """Turn errors of the library and of the network within into `PortUnavailable`, naming *operation*.

    What Kafka refuses for good (a missing topic, a right that is not given) is among them: an operator mends that
    while the work waits, and nothing that a client sends can cause it. The library also lets out the cancellation of
    its own tasks, which must not end the one that called it.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise PortUnavailable(RESOURCE, operation=operation, detail="the client was closed") from error
    except (OSError, KafkaError) as error:  # TimeoutError is an OSError.
        raise PortUnavailable(RESOURCE, operation=operation, detail=describe(error)) from error


@asynccontextmanager
async def translate_errors_in_time(operation: str, seconds_max: float) -> AsyncIterator[None]:
    """Do as `translate_errors`, and give up after *seconds_max*."""
    try:
        with translate_errors(operation):
            async with asyncio.timeout(seconds_max):
                yield
    except PortUnavailable as error:
        if isinstance(error.__cause__, TimeoutError):
            detail = f"no answer within {seconds_max:g} s"
            raise PortUnavailable(RESOURCE, operation=operation, detail=detail) from error.__cause__
        raise


async def finish(closing: Coroutine[Any, Any, None], *, seconds_max: float) -> None:
    """Run what closes something of the library, whatever comes of it, for *seconds_max* at the most."""
    task = asyncio.create_task(closing)
    await asyncio.wait([task], timeout=seconds_max)
    if not task.done():
        task.cancel()
    elif not task.cancelled():
        task.exception()  # It is of no use to anybody: what was open is given up.


def describe(error: Exception) -> str:
    """Return the first line of what *error* says, or its name."""
    return str(error).partition("\n")[0] or type(error).__name__


LOOK_SECONDS_MAX: Final = 3.0
"""Finding out why. A broker that does not answer for so long is away, whatever else may be wrong with it."""

_OF_THE_CLUSTER: Final = ("bootstrap_servers", "retry_backoff_ms", "metadata_max_age_ms")
"""Arguments of a client that one connection does not take."""

_NAME_MISMATCH: Final = frozenset({62, 64})  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH


@asynccontextmanager
async def connecting(address: KafkaAddress, operation: str, seconds_max: float) -> AsyncIterator[None]:
    """Do as `translate_errors_in_time`, for what connects to *address*; the error says why it cannot, where known."""
    try:
        async with translate_errors_in_time(operation, seconds_max):
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
                    return f"{broker} {_explain(error, address)}"
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


def _explain(error: Exception, address: KafkaAddress) -> str:
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
