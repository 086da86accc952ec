"""What the database says has been applied, and whether the files fit to it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from alerting_backend.adapters.postgres.chain import Migration, MigrationRefused


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
