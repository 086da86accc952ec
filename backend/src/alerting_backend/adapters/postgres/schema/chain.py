"""The numbered files that make the schema, what the database says has been applied, and whether both fit."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Final

import alerting_backend
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
