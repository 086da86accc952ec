"""Certificates and confirmations, fetched from a real server over TLS, by the rules of outbound addresses."""

import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
import trustme
from aiohttp import web
from aiohttp.abc import AbstractResolver
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from alerting_backend.adapters.transport.addresses import AddressPolicy
from alerting_backend.adapters.transport.http import HttpTransport
from alerting_backend.adapters.transport.sns import CERTIFICATE_KEPT_MS, AmazonSns, fetch_by
from alerting_core.app.sns import Envelope, read_envelope
from alerting_core.domain.claim import Reply
from alerting_core.errors import PortUnavailable
from alerting_core.memory.database import MemoryClock
from tests.integration.transport.http_endpoints import LOOPBACK
from tests.unit.core.app.test_sns import NOTIFICATION, SUBSCRIPTION

pytestmark = pytest.mark.integration

HOST: Final = "sns.eu-west-1.amazonaws.com"
NOW: Final = datetime(2026, 1, 2, tzinfo=UTC)
NOW_MS: Final = int(NOW.timestamp() * 1_000)
KEY: Final = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def certificate(key: Any = KEY, *, begins: datetime = NOW - timedelta(days=1)) -> bytes:
    """Return a certificate of *key*, good for ten days, as PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    dated = builder.not_valid_before(begins).not_valid_after(begins + timedelta(days=10))
    return dated.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def signed(message: dict[str, Any], key: rsa.RSAPrivateKey = KEY) -> Envelope:
    """Return *message*, signed by *key*."""
    unsigned = read_envelope(message)
    assert isinstance(unsigned, Envelope)
    algorithm = hashes.SHA1() if unsigned.hash_name == "sha1" else hashes.SHA256()
    signature = key.sign(unsigned.signed, padding.PKCS1v15(), algorithm)
    envelope = read_envelope({**message, "Signature": b64encode(signature).decode()})
    assert isinstance(envelope, Envelope)
    return envelope


class Towards(AbstractResolver):
    """Finds every name at one port of this machine."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def resolve(self, host: str, port: int = 0, family: Any = None) -> list[Any]:
        found = {"hostname": host, "host": "127.0.0.1", "port": self.port, "proto": 0, "flags": 0}
        return [{**found, "family": 2}]

    async def close(self) -> None:
        """Hold nothing."""


class Amazon:
    """A server that hands out a certificate and confirms subscriptions."""

    def __init__(self) -> None:
        self.pem = certificate()
        self.status = 200
        self.asked: list[str] = []
        self.port = 0
        self.authority = trustme.CA()

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.raw_path)
        return web.Response(body=self.pem, status=self.status, headers={"Location": "https://evil.dev/"})

    def guard(self, clock: MemoryClock, policy: AddressPolicy) -> AmazonSns:
        """Return a guard that asks this server in Amazon's place."""
        tls = ssl.create_default_context()
        self.authority.configure_trust(tls)

        async def fetch(url: str) -> Reply:
            async with HttpTransport(policy, resolver=Towards(self.port), tls=tls) as http:
                return await http.get(url)

        return AmazonSns(fetch, clock)


@asynccontextmanager
async def amazon() -> AsyncIterator[Amazon]:
    """Serve until the block ends."""
    server = Amazon()
    app = web.Application()
    app.router.add_get("/{rest:.*}", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.authority.issue_cert(HOST).configure_cert(tls)
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("version", ["1", "2"])
async def test_a_message_that_amazon_signed_is_genuine_and_its_certificate_is_kept_for_a_day(version: str) -> None:
    async with amazon() as server:
        clock = MemoryClock(NOW_MS)
        guard = server.guard(clock, LOOPBACK)
        message = {**NOTIFICATION, "SignatureVersion": version}
        assert await guard.is_genuine(signed(message))
        assert await guard.is_genuine(signed({**message, "Message": "another"}))
        assert server.asked == ["/SimpleNotificationService-0123abcd.pem"]
        clock.advance(CERTIFICATE_KEPT_MS)
        assert await guard.is_genuine(signed(message))
        assert len(server.asked) == 2


async def test_a_message_that_was_changed_or_signed_by_another_is_not_genuine() -> None:
    async with amazon() as server:
        guard = server.guard(MemoryClock(NOW_MS), LOOPBACK)
        envelope = signed(NOTIFICATION)
        changed = read_envelope({**NOTIFICATION, "Message": "x", "Signature": b64encode(envelope.signature).decode()})
        assert isinstance(changed, Envelope)
        assert not await guard.is_genuine(changed)
        other = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        assert not await guard.is_genuine(signed(NOTIFICATION, other))


@pytest.mark.parametrize(
    "pem",
    [
        b"no certificate",
        b"",
        certificate(begins=NOW - timedelta(days=11)),
        certificate(begins=NOW + timedelta(days=1)),
        certificate(ec.generate_private_key(ec.SECP256R1())),
    ],
    ids=["garbage", "empty", "over", "not yet", "another kind of key"],
)
async def test_a_certificate_that_cannot_be_used_makes_nothing_genuine(pem: bytes) -> None:
    async with amazon() as server:
        server.pem = pem
        assert not await server.guard(MemoryClock(NOW_MS), LOOPBACK).is_genuine(signed(NOTIFICATION))


async def test_a_subscription_is_confirmed_by_one_call_and_no_redirect_is_followed() -> None:
    async with amazon() as server:
        guard = server.guard(MemoryClock(NOW_MS), LOOPBACK)
        await guard.confirm(signed(SUBSCRIPTION))
        assert server.asked == [SUBSCRIPTION["SubscribeURL"].removeprefix(f"https://{HOST}")]
        for status in (302, 403, 500):
            server.status = status
            with pytest.raises(PortUnavailable, match=f"answered {status}"):
                await guard.confirm(signed(SUBSCRIPTION))
            with pytest.raises(PortUnavailable):
                await guard.is_genuine(signed(NOTIFICATION))


async def test_a_name_that_leads_into_the_operators_network_is_not_called() -> None:
    async with amazon() as server:
        guard = server.guard(MemoryClock(NOW_MS), AddressPolicy())
        with pytest.raises(PortUnavailable, match="forbidden target"):
            await guard.confirm(signed(SUBSCRIPTION))
        with pytest.raises(PortUnavailable, match="forbidden target"):
            await guard.is_genuine(signed(NOTIFICATION))
        assert server.asked == []


async def test_the_real_way_out_obeys_the_same_rules() -> None:
    reply = await fetch_by(AddressPolicy())("https://169.254.169.254/latest/meta-data")
    assert "forbidden target" in getattr(reply, "detail", "")
