"""Put the migrations, and the user interface if it was built, into the built package."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PackagedFolders(BuildHookInterface):  # type: ignore[type-arg]
    """Copies `migrations/` and `ui/dist/` into `alerting_backend` in a wheel, and beside the sources in an sdist.

    An editable install gets no copy: it would go stale, and the checkout's own folder is at hand.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the folders to the files of this build."""
        if version == "editable":
            return
        for folder, name in (("migrations", "migrations"), ("ui/dist", "ui")):
            packed_in_sdist = Path(self.root, name)
            source = packed_in_sdist if packed_in_sdist.is_dir() else Path(self.root).parent / folder
            if folder == "ui/dist" and not source.is_dir():
                continue  # A wheel of the API alone is a whole thing too.
            target = name if self.target_name == "sdist" else f"alerting_backend/{name}"
            build_data["force_include"][str(source)] = target
