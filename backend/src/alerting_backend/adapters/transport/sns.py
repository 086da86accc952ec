"""Asks Amazon SNS for the certificates of its signatures, and confirms subscriptions, by the rules of outbound calls.

Certificates are kept, a few and for a day: one is good for months, and each message names the one that signed it. Where
an address may lead was decided when the message was read: to the host of the topic's region, by https.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, TypeAlias

from alerting_backend.adapters.transport.addresses import AddressPolicy
from alerting_backend.adapters.transport.http import HttpTransport
from alerting_core.app.sns import Envelope
from alerting_core.domain.claim import HttpReply, Reply
from alerting_core.errors import PortUnavailable
from alerting_core.ports.clock import Clock

if TYPE_CHECKING:
    from cryptography import x509

CERTIFICATES_MAX: Final = 32
"""One for each region and year: more than one operator has."""

CERTIFICATE_KEPT_MS: Final = 24 * 3_600_000

Fetch: TypeAlias = Callable[[str], Awaitable[Reply]]
"""Asks for what is at a URL."""


def fetch_by(policy: AddressPolicy) -> Fetch:
    """Return what asks by the rules of *policy*; it holds no connection open, since it is asked once a day or so."""

    async def fetch(url: str) -> Reply:
        async with HttpTransport(policy) as http:
            return await http.get(url)

    return fetch


class AmazonSns:
    """The guard of messages of SNS; see `SnsGuard`.

    Raises:
        ValueError: `cryptography` is not installed.
    """

    def __init__(self, fetch: Fetch, clock: Clock) -> None:
        """Know of no certificate yet."""
        if find_spec("cryptography") is None:
            raise ValueError("cryptography is not installed: install alerting-backend[sns]")
        self._fetch = fetch
        self._clock = clock
        self._certificates: OrderedDict[str, tuple[x509.Certificate, int]] = OrderedDict()

    async def is_genuine(self, envelope: Envelope) -> bool:
        """Whether Amazon signed *envelope*."""
        certificate = await self._certificate(envelope.certificate_url)
        now = datetime.fromtimestamp(self._clock.now_ms() / 1_000, UTC)
        if certificate is None or not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            return False
        return _is_signed_by(certificate, envelope)

    async def confirm(self, envelope: Envelope) -> None:
        """Call the address that confirms the subscription."""
        await self._ask(envelope.subscribe_url, "confirm")

    async def _ask(self, url: str, operation: str) -> bytes:
        reply = await self._fetch(url)
        if isinstance(reply, HttpReply) and reply.status == 200:
            return reply.body
        detail = f"it answered {reply.status}" if isinstance(reply, HttpReply) else reply.detail
        raise PortUnavailable("Amazon SNS", operation=operation, detail=detail)

    async def _certificate(self, url: str) -> "x509.Certificate | None":
        """Return the certificate at *url*; None when it is none."""
        now_ms = self._clock.now_ms()
        known = self._certificates.get(url)
        if known is not None and 0 <= now_ms - known[1] < CERTIFICATE_KEPT_MS:
            return known[0]
        certificate = _read_certificate(await self._ask(url, "certificate"))
        if certificate is not None:
            self._certificates[url] = certificate, now_ms
            if len(self._certificates) > CERTIFICATES_MAX:
                self._certificates.popitem(last=False)
        return certificate


def _read_certificate(pem: bytes) -> "x509.Certificate | None":
    from cryptography import x509  # noqa: PLC0415 - an extra

    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        return None


def _is_signed_by(certificate: "x509.Certificate", envelope: Envelope) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - an extra
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415

    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    # The first version of signatures has SHA-1.
    algorithm = hashes.SHA256() if envelope.hash_name == "sha256" else hashes.SHA1()  # noqa: S303
    try:
        key.verify(envelope.signature, envelope.signed, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True
