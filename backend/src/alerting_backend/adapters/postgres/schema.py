"""Bringing the schema up to date: forward only, each step once, one runner at a time."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import ClassVar, Final, TypeAlias

import asyncpg

import alerting_backend
from alerting_backend.adapters.postgres import connection as postgres
from alerting_core.errors import AlertingError

_FILE_NAME: Final = re.compile(r"(?P<version>\d{4})_(?P<name>[a-z0-9_]+)\.sql")


class MigrationRefused(AlertingError):
    """The files and the database do not fit together; nothing was changed.

    Attributes:
        problems: All of them, for people.
    """

    code: ClassVar[str] = "migration-refused"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema.

    Attributes:
        version: 1 for the first, without gaps.
        checksum: SHA-256 of the text, whatever its line ends.
    """

    version: int
    name: str
    checksum: str
    sql: str = field(repr=False)


def read_chain(folder: Path | None = None) -> tuple[Migration, ...]:
    """Return all migrations in order, from *folder* or from where this program keeps them.

    Raises:
        MigrationRefused: A file is misnamed, or a version is there twice or not at all.
    """
    folder = folder if folder is not None else migrations_folder()
    problems: list[str] = []
    migrations: list[Migration] = []
    for path in sorted(folder.glob("*.sql")):
        named = _FILE_NAME.fullmatch(path.name)
        if named is None:
            problems.append(f"{path.name} must be named like 0001_what_it_does.sql")
            continue
        sql = path.read_text(encoding="utf-8")
        checksum = sha256(sql.encode()).hexdigest()
        migrations.append(Migration(int(named["version"]), named["name"], checksum, sql))
    problems += _gaps(migrations)
    if not migrations:
        problems.append(f"there are no migrations in {folder}")
    if problems:
        raise MigrationRefused(problems)
    return tuple(migrations)


def migrations_folder() -> Path:
    """Return the folder inside the installed package, or that of the checkout for an editable install."""
    package = Path(alerting_backend.__file__).parent
    packaged = package / "migrations"
    return packaged if packaged.is_dir() else package.parents[2] / "migrations"


def _gaps(migrations: Sequence[Migration]) -> Iterator[str]:
    for expected, migration in enumerate(migrations, start=1):
        if migration.version != expected:
            yield (
                f"expected version {expected:04}, found {migration.version:04}_{migration.name}.sql: "
                "the versions count up from 0001, each once"
            )
            return


@dataclass(frozen=True, slots=True)
class Applied:
    """A migration as it was when it was applied."""

    name: str
    checksum: str
    applied_at_ms: int


def refuse_misfits(chain: Sequence[Migration], applied: Mapping[int, Applied]) -> None:
    """See that *chain* goes on from what has been applied, version → what.

    Raises:
        MigrationRefused: It does not; tells everything that is wrong, and what to do.
    """
    problems = list(_misfits(chain, applied))
    if problems:
        raise MigrationRefused(problems)


def _misfits(chain: Sequence[Migration], applied: Mapping[int, Applied]) -> Iterator[str]:
    by_version = {migration.version: migration for migration in chain}
    newest = max(applied, default=0)
    for version, done in sorted(applied.items()):
        migration = by_version.get(version)
        if migration is None and version > max(by_version, default=0):
            yield f"the database has version {version:04} ({done.name}), which is newer than this program: update it"
        elif migration is None:
            yield f"{version:04}_{done.name}.sql was applied and is missing now: put it back"
        elif migration.checksum != done.checksum:
            yield (
                f"{version:04}_{migration.name}.sql was changed after it was applied: "
                "put it back as it was, and make the change in a new file"
            )
    for version, migration in sorted(by_version.items()):
        if version < newest and version not in applied:
            yield (
                f"{version:04}_{migration.name}.sql comes before {newest:04}, which is applied already: "
                "give it the next free number"
            )


LOCK_SECONDS_MAX: Final = 300.0
"""How long a runner waits for another one to finish."""

_LOCK_LOOK_SECONDS: Final = 0.1

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""

Progress: TypeAlias = Callable[[Migration, int, int], None]
"""Told before each step: the migration, its place among the pending ones from 1, and their number."""


class MigrationFailed(AlertingError):
    """Postgres refused a step. That step left nothing behind; those before it stay."""

    code: ClassVar[str] = "migration-failed"


class MigrationLocked(AlertingError):
    """Another runner has been at it for longer than this one waits."""

    code: ClassVar[str] = "migration-locked"
    retryable: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Step:
    """One migration and when it was applied; None: it is pending."""

    version: int
    name: str
    applied_at_ms: int | None


async def migrate(
    address: postgres.Address,
    *,
    chain: Sequence[Migration] | None = None,
    progress: Progress | None = None,
    lock_seconds_max: float = LOCK_SECONDS_MAX,
) -> Sequence[Migration]:
    """Apply what is pending, each step in its own transaction; return what was applied, nothing when up to date.

    Runs as the owner. A second runner waits for the first and then finds nothing to do.

    Raises:
        MigrationRefused: An applied file was changed or is missing, or a new one comes before an applied one.
        MigrationFailed: Postgres refused a step.
        MigrationLocked: Another runner takes too long.
        PortUnavailable: Postgres is away; what was applied stays.
    """
    chain = read_chain() if chain is None else chain
    async with postgres.owner_connection(address) as connection, _sole_runner(connection, lock_seconds_max):
        applied = await _begin(connection)
        refuse_misfits(chain, applied)
        pending = [migration for migration in chain if migration.version not in applied]
        for place, migration in enumerate(pending, start=1):
            if progress is not None:
                progress(migration, place, len(pending))
            await _apply(connection, migration)
        return pending


async def status(address: postgres.Address, *, chain: Sequence[Migration] | None = None) -> Sequence[Step]:
    """Return all steps in order, applied and pending; changes nothing.

    Raises:
        MigrationRefused: The files and the database do not fit together.
        PortUnavailable: Postgres is away.
    """
    chain = read_chain() if chain is None else chain
    async with postgres.owner_connection(address) as connection:
        with postgres.translate_errors("migration_status"):
            known = await connection.fetchval("SELECT to_regclass('schema_migrations') IS NOT NULL")
            applied = await _applied(connection) if known else {}
    refuse_misfits(chain, applied)
    return [Step(m.version, m.name, applied[m.version].applied_at_ms if m.version in applied else None) for m in chain]


async def schema_version(pool: postgres.Pool) -> int:
    """Return the version of the schema as any of the roles may ask for it, 0 for an empty database."""
    async with postgres.connected(pool, "schema_version") as connection:
        if not await connection.fetchval("SELECT to_regclass('schema_migrations') IS NOT NULL"):
            return 0
        version: int = await connection.fetchval("SELECT coalesce(max(version), 0) FROM schema_migrations")
        return version


async def set_passwords(address: postgres.Address) -> None:
    """Give the roles the passwords of *address*. Needed where the server does not trust whoever reaches it."""
    async with postgres.owner_connection(address) as connection:
        with postgres.translate_errors("set_passwords"):
            for role in postgres.Role:
                password = address.passwords.get(role)
                if password is not None:
                    command = await connection.fetchval(
                        "SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)", str(role), password
                    )
                    await connection.execute(command)


@asynccontextmanager
async def _sole_runner(connection: postgres.Connection, seconds_max: float) -> AsyncIterator[None]:
    """Hold the lock of the runners; it is let go of with the connection."""
    deadline = monotonic() + seconds_max
    with postgres.translate_errors("migrate"):
        # Asked for again and again: a statement that waited inside the server would keep its snapshot open.
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", postgres.SoleLock.MIGRATIONS):
            if monotonic() > deadline:
                raise MigrationLocked(f"another run of the migrations has been going on for {seconds_max:.0f} s")
            await asyncio.sleep(_LOCK_LOOK_SECONDS)
    yield


async def _begin(connection: postgres.Connection) -> Mapping[int, Applied]:
    """Return what has been applied; the table that says so is made when missing."""
    try:
        with postgres.translate_errors("migrate"):
            await connection.execute(_TABLE)
            return await _applied(connection)
    except asyncpg.InsufficientPrivilegeError as error:
        detail = f"the user of the DSN may not make tables, and must be the one who owns the schema: {error}"
        raise MigrationFailed(detail) from error


async def _applied(connection: postgres.Connection) -> Mapping[int, Applied]:
    rows = await connection.fetch("SELECT version, name, checksum, applied_at FROM schema_migrations")
    return {row["version"]: Applied(row["name"], row["checksum"], row["applied_at"]) for row in rows}


async def _apply(connection: postgres.Connection, migration: Migration) -> None:
    try:
        async with connection.transaction():
            await connection.execute(migration.sql)
            await connection.execute(
                "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)",
                migration.version,
                migration.name,
                migration.checksum,
            )
    except asyncpg.PostgresError as error:
        if postgres.means_away(error):
            with postgres.translate_errors("migrate"):
                raise
        detail = f"{migration.version:04}_{migration.name}.sql was refused and left nothing behind: {error}"
        raise MigrationFailed(detail) from error
    except (OSError, asyncpg.InterfaceError):
        with postgres.translate_errors("migrate"):
            raise
