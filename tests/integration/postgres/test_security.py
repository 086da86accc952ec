"""Logging in to a Postgres that asks for TLS and passwords, and what is said when it refuses."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from alerting_backend.adapters.postgres.connection import Address, Role, open_pool, owner_connection
from alerting_backend.adapters.postgres.schema import migrate, set_passwords
from alerting_backend.embedded_postgres.processes import account_for
from alerting_core.errors import PortUnavailable
from tests.support.install.postgres import oldest_postgres_programs
from tests.support.install.unavailable import Unavailable
from tests.support.postgres.servers import scratch_folder
from tests.support.servers.identity import Identity
from tests.support.servers.postgres import PostgresOnTcp

pytestmark = pytest.mark.integration

# The owner is let in as he is; nobody without TLS.
ACCESS = "hostssl all postgres 127.0.0.1/32 trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"
PASSWORDS: Mapping[Role, str] = {role: f"password of {role}" for role in Role}


@pytest.fixture(scope="module")
def secure_postgres() -> Iterator[tuple[PostgresOnTcp, Identity]]:
    """Return a server with a certificate, and the certificate."""
    try:
        # The one that comes with the platform is reached by its socket, and knows no TLS.
        programs = oldest_postgres_programs()
    except Unavailable as error:
        pytest.skip(str(error))
    with scratch_folder() as folder:
        identity, access = Identity(folder), folder / "access"
        access.write_text(ACCESS, encoding="utf-8")
        if (account := account_for(folder / "none")) is not None:
            account.own(identity.key)
        server = PostgresOnTcp(
            folder,
            programs=programs,
            settings={
                "ssl": "on",
                "ssl_key_file": str(identity.key),
                "ssl_cert_file": str(identity.certificates),
                "hba_file": str(access),
            },
        )
        try:
            server.start()
            yield server, identity
        finally:
            server.stop()


@pytest.fixture
async def address(secure_postgres: tuple[PostgresOnTcp, Identity]) -> Address:
    server, identity = secure_postgres
    address = Address(f"{server.dsn}?sslmode=verify-full&sslrootcert={identity.ca_file}", PASSWORDS)
    await migrate(address)
    await set_passwords(address)
    return address


async def log_in(address: Address, role: Role = Role.WORKER) -> bool:
    """Log in and tell whether the connection is encrypted."""
    async with open_pool(address, role, size_min=0) as pool, pool.acquire() as connection:
        encrypted: bool = await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        return encrypted


async def refusal(address: Address, role: Role | None = Role.WORKER) -> str:
    """Return what is said when a log-in is refused."""
    with pytest.raises(PortUnavailable) as refused:
        if role is None:
            async with owner_connection(address):
                pass
        else:
            async with open_pool(address, role, size_min=1):
                pass
    return str(refused.value)


@pytest.mark.parametrize("role", Role)
async def test_every_role_logs_in_with_its_password_over_tls(address: Address, role: Role) -> None:
    assert await log_in(address, role)


@pytest.mark.parametrize("role", Role)
async def test_a_wrong_password_names_the_setting_of_its_role(address: Address, role: Role) -> None:
    said = await refusal(replace(address, passwords={**PASSWORDS, role: "guessed"}), role)
    name = str(role).removeprefix("alerting_").upper()
    assert f"(ALERTING_POSTGRES_{name}_PASSWORD)" in said
    assert "guessed" not in said


@pytest.mark.parametrize("role", [None, Role.API])
async def test_a_certificate_of_another_authority_is_not_trusted(
    address: Address, secure_postgres: tuple[PostgresOnTcp, Identity], role: Role | None
) -> None:
    _, identity = secure_postgres
    other = address.dsn.replace(str(identity.ca_file), str(identity.other_ca_file))
    said = await refusal(replace(address, dsn=other), role)
    assert "certificate is not trusted" in said
    assert "(sslmode, sslrootcert in ALERTING_POSTGRES_DSN)" in said


async def test_a_file_of_certificates_that_is_not_there_is_told(
    address: Address, secure_postgres: tuple[PostgresOnTcp, Identity]
) -> None:
    _, identity = secure_postgres
    said = await refusal(replace(address, dsn=address.dsn.replace(str(identity.ca_file), "/nowhere/ca.pem")))
    assert "file of certificates" in said
    assert "(ALERTING_POSTGRES_DSN)" in said


async def test_a_server_that_asks_for_tls_says_so(address: Address) -> None:
    said = await refusal(replace(address, dsn=address.dsn.partition("?")[0] + "?sslmode=disable"))
    assert "no encryption" in said
    assert "ALERTING_POSTGRES" in said


async def test_a_server_without_tls_is_told_from_one_that_is_away(stoppable_postgres: PostgresOnTcp) -> None:
    said = await refusal(Address(stoppable_postgres.dsn + "?sslmode=require"), None)
    assert "(sslmode in ALERTING_POSTGRES_DSN)" in said
