"""Put the migrations of the repository into the built package."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PackagedMigrations(BuildHookInterface):  # type: ignore[type-arg]
    """Copies `migrations/` to `alerting_backend/migrations` in a wheel, and beside the sources in an sdist.

    An editable install gets no copy: it would go stale, and the checkout's own folder is at hand.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the folder to the files of this build."""
        if version == "editable":
            return
        packed_in_sdist = Path(self.root, "migrations")
        source = packed_in_sdist if packed_in_sdist.is_dir() else Path(self.root).parent / "migrations"
        target = "migrations" if self.target_name == "sdist" else "alerting_backend/migrations"
        build_data["force_include"][str(source)] = target
