"""Logging in to a Redis that asks for TLS and a password, and what is said when it refuses."""

from collections.abc import Iterator

import pytest

from alerting_backend.adapters.redis.connection import open_redis
from alerting_core.errors import PortUnavailable
from tests.support.install.redis import redis_program
from tests.support.install.unavailable import Unavailable
from tests.support.postgres.servers import scratch_folder
from tests.support.servers.secure_redis import PASSWORD, SecureRedisServer

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def secure_redis() -> Iterator[SecureRedisServer]:
    try:
        program = redis_program()
    except Unavailable as error:
        pytest.skip(f"no Redis: {error}")
    with scratch_folder() as folder:
        server = SecureRedisServer(folder, program)
        try:
            server.start()
            yield server
        finally:
            server.stop()


async def refusal(url: str) -> str:
    """Return what is said when a connection is refused."""
    async with open_redis(url) as server:
        with pytest.raises(PortUnavailable) as refused:
            await server.ask("ready", "PING")
    return str(refused.value)


async def test_commands_are_answered_with_a_password_over_tls(secure_redis: SecureRedisServer) -> None:
    async with open_redis(secure_redis.tls_url(PASSWORD)) as server:
        assert await server.ask("ready", "PING") in {b"PONG", True}


@pytest.mark.parametrize("password", ["guessed", None])
async def test_a_wrong_password_names_the_setting_to_mend(
    secure_redis: SecureRedisServer, password: str | None
) -> None:
    said = await refusal(secure_redis.tls_url(password))
    assert "(user and password in ALERTING_REDIS_URL)" in said
    assert "guessed" not in said


async def test_a_certificate_of_another_authority_is_not_trusted(secure_redis: SecureRedisServer) -> None:
    said = await refusal(secure_redis.tls_url(PASSWORD, ca_file=secure_redis.identity.other_ca_file))
    assert "certificate is not trusted" in said
    assert "(ssl_ca_certs in ALERTING_REDIS_URL)" in said
