"""A real Prometheus server: the one on PATH, or Debian's package unpacked into `.tools`."""

import shutil
from pathlib import Path

from tests.support.install.debian import unpack_packages
from tests.support.install.place import run_installer, sole_installer


def prometheus_binary() -> Path:
    """Return the path of a `prometheus` that starts.

    Raises:
        Unavailable: When it is not on PATH, and this is no Debian or its packages cannot be reached.
    """
    if on_path := shutil.which("prometheus"):
        return Path(on_path)
    with sole_installer("prometheus") as folder:
        binary = folder / "usr" / "bin" / "prometheus"
        if not binary.exists():
            unpack_packages(folder, "prometheus")
        run_installer([binary, "--version"])
        return binary
