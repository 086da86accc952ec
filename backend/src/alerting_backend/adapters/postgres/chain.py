"""The numbered files that make the schema, as packaged or as in the checkout."""

import re
from collections.abc import Iterator, Sequence
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
