"""A real Prometheus server: the one on PATH, or Debian's package unpacked into `.tools`.

Unpacking needs no root, and starts no system daemon as an installation would. The package lists are kept in `.tools`
too, so that the machine's own are neither needed nor changed.
"""

import shutil
from pathlib import Path

from tests.support.install.place import run_installer, sole_installer
from tests.support.install.unavailable import Unavailable


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
            _unpack_debian_package(folder)
        run_installer([binary, "--version"])
        return binary


def _unpack_debian_package(folder: Path) -> None:
    """Download the package with lists of our own and unpack it into *folder*."""
    if not shutil.which("apt-get"):
        raise Unavailable("prometheus is not on PATH, and there is no apt-get to get it with")
    lists, cache = folder / "apt" / "lists", folder / "apt" / "cache"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    (cache / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    # Run by root, apt-get would change to a user who may not write here.
    private = [f"Dir::State::Lists={lists}", f"Dir::Cache={cache}", "APT::Sandbox::User=", "Debug::NoLocking=1"]
    apt_get = ["apt-get", "--quiet", *(f"-o{setting}" for setting in private)]
    run_installer([*apt_get, "update"])
    run_installer([*apt_get, "download", "prometheus"], cwd=folder)
    (package,) = folder.glob("prometheus_*.deb")
    run_installer(["dpkg", "-x", package, folder])
    package.unlink()
    shutil.rmtree(folder / "apt")
