"""The core's wheel, and places where nothing is installed beside it and pytest."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from tests.support.install.place import run_installer, sole_installer, uv


@dataclass(frozen=True, slots=True)
class CoreAlone:
    """Where the parts of an installation of the core alone are.

    Attributes:
        python: Interpreter of an environment with the core's wheel and pytest.
        wheel: The core's wheel, built from this checkout.
        pytest_site: Folder with pytest and what it needs, and nothing else; to be put on another Python's path.
    """

    python: Path
    wheel: Path
    pytest_site: Path


def install_core_alone() -> CoreAlone:
    """Build the core's wheel and install it; pytest comes in the version of the lock file.

    Raises:
        Unavailable: When the package index is needed and cannot be reached.
    """
    with sole_installer("core-alone") as folder:
        tool = uv()
        requirements = run_installer(
            [tool, "export", "--frozen", "--only-group", "core-tests", "--no-header", "--quiet"]
        )
        locked = hashlib.sha256(requirements.encode()).hexdigest()
        stamp, listed = folder / "locked", folder / "requirements.txt"
        python, site = folder / "venv" / "bin" / "python", folder / "site"
        if not (stamp.exists() and stamp.read_text() == locked and python.exists()):
            listed.write_text(requirements)
            run_installer([tool, "venv", "--clear", "--quiet", folder / "venv"])
            run_installer([tool, "pip", "sync", "--quiet", "--python", python, listed])
            run_installer([tool, "pip", "sync", "--quiet", "--python", python, "--target", site, listed])
            stamp.write_text(locked)
        for old in folder.glob("dist/*.whl"):
            old.unlink()
        run_installer([tool, "build", "--quiet", "--wheel", "--package", "alerting-core", "--out-dir", folder / "dist"])
        (wheel,) = folder.glob("dist/*.whl")
        # Wheels of one version are not told apart, whatever is in them.
        run_installer([tool, "pip", "install", "--quiet", "--no-deps", "--reinstall", "--python", python, wheel])
        return CoreAlone(python=python, wheel=wheel, pytest_site=site)
