"""Programs out of Debian's packages, unpacked into a folder.

Unpacking needs no root, and starts no system daemon as an installation would. The package lists are kept in the folder
too, so that the machine's own are neither needed nor changed.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.support.install.place import run_installer
from tests.support.install.unavailable import Unavailable


def unpack_packages(folder: Path, *names: str) -> None:
    """Download the packages *names* and whatever of their dependencies this machine has not, and unpack them.

    Raises:
        Unavailable: When this is no Debian, or its packages cannot be reached.
    """
    if not shutil.which("apt-get"):
        raise Unavailable(f"{names[0]} is not on PATH, and there is no apt-get to get it with")
    lists, cache = folder / "apt" / "lists", folder / "apt" / "cache"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    (cache / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    # Run by root, apt-get would change to a user who may not write here.
    private = [f"Dir::State::Lists={lists}", f"Dir::Cache={cache}", "APT::Sandbox::User=", "Debug::NoLocking=1"]
    apt_get = ["apt-get", "--quiet", *(f"-o{setting}" for setting in private)]
    run_installer([*apt_get, "update"])
    only_download = ["--download-only", "--reinstall", "--no-install-recommends", "--yes"]
    run_installer([*apt_get, *only_download, "install", *names])
    for package in sorted((cache / "archives").glob("*.deb")):
        run_installer(["dpkg", "-x", package, folder])
    shutil.rmtree(folder / "apt")


def library_path(folder: Path) -> Mapping[str, str]:
    """Return the environment in which programs in *folder* find the libraries that were unpacked with them."""
    folders = {library.parent for place in ("lib", "usr/lib") for library in (folder / place).glob("**/*.so*")}
    own = [str(each) for each in sorted(folders)]
    inherited = [path] if (path := os.environ.get("LD_LIBRARY_PATH")) else []
    return {"LD_LIBRARY_PATH": os.pathsep.join([*own, *inherited])}
