"""What the keys in Redis are called, and what they hold."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RuleKeys:
    """The keys of one snapshot.

    Attributes:
        prefix: Put before each, so that several platforms can share a server. On a cluster it must hold a hash tag, as
            `{alerting}:`, for the scripts need all keys in one place.
    """

    prefix: str = ""

    @property
    def epoch(self) -> str:
        """Text: the first version of this snapshot, which is the microsecond of unix time when it was built."""
        return self.prefix + "rules:epoch"

    @property
    def version(self) -> str:
        """Text: counts on from the epoch with each changed client."""
        return self.prefix + "rules:version"

    @property
    def checksum(self) -> str:
        """Text: of all rules, as `RuleIndex.checksum`."""
        return self.prefix + "rules:checksum"

    @property
    def changes(self) -> str:
        """Stream: `<version>-0` → the client_id that it changed. The latest ones."""
        return self.prefix + "rules:changes"

    @property
    def snapshot(self) -> str:
        """Hash: client_id → its enabled rules, packed. A client without any is not in it."""
        return self.prefix + "rules:snapshot"

    @property
    def marks(self) -> str:
        """Hash: client_id → `<as_of> <checksum>` of what was last put in, also when that was no rules."""
        return self.prefix + "rules:marks"

    @property
    def suspect(self) -> str:
        """Text: the epoch of the snapshot that a reader found damaged; expires."""
        return self.prefix + "rules:suspect"

    @property
    def building(self) -> str:
        """Text: who builds a new snapshot; expires."""
        return self.prefix + "rules:building"

    @property
    def live(self) -> tuple[str, ...]:
        """The keys of the snapshot that readers see, in the order of the scripts."""
        return (self.epoch, self.version, self.checksum, self.changes, self.snapshot, self.marks)

    @property
    def under_construction(self) -> tuple[str, ...]:
        """The keys of the snapshot that is being built, in the order of the scripts."""
        parts = ("snapshot", "marks", "checksum")
        return (self.building, *(f"{self.building}:{part}" for part in parts))
