"""Real Prometheus and Alertmanager servers: those on PATH, or Debian's packages unpacked into `.tools`."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.install.debian import unpack_packages
from tests.support.install.place import TOOLS, run_installer, sole_installer

ALERTMANAGER: Final = "prometheus-alertmanager"
"""Debian's package, in which `amtool` is too, and its name of the program."""


@dataclass(frozen=True, slots=True)
class AlertmanagerPrograms:
    """An Alertmanager, and the tool by which people speak with it.

    Attributes:
        folder: The Alertmanager has to be started in it.
    """

    alertmanager: Path
    amtool: Path
    folder: Path


def prometheus_binary() -> Path:
    """Return the path of a `prometheus` that starts.

    Raises:
        Unavailable: When it is not on PATH, and this is no Debian or its packages cannot be reached.
    """
    return _binary("prometheus", "prometheus")


def alertmanager_programs() -> AlertmanagerPrograms:
    """Return the paths of an Alertmanager and of `amtool`.

    Raises:
        Unavailable: When they are not on PATH, and this is no Debian or its packages cannot be reached.
    """
    server = shutil.which("alertmanager") or shutil.which("prometheus-alertmanager")
    amtool = _binary("amtool", ALERTMANAGER)
    if server is not None:
        return AlertmanagerPrograms(Path(server), amtool, Path.cwd())
    return AlertmanagerPrograms(_unpacked_alertmanager(), amtool, TOOLS / ALERTMANAGER)


def _binary(name: str, package: str) -> Path:
    if on_path := shutil.which(name):
        return Path(on_path)
    with sole_installer(package) as folder:
        binary = folder / "usr" / "bin" / name
        if not binary.exists():
            unpack_packages(folder, package)
        run_installer([binary, "--version"])
        return binary


def _unpacked_alertmanager() -> Path:
    """Return Debian's Alertmanager, made to find its templates where it was unpacked: below the folder it starts in."""
    debians = _binary("prometheus-alertmanager", ALERTMANAGER)
    with sole_installer(ALERTMANAGER):
        ours = debians.with_name("alertmanager-of-folder")
        if not ours.exists():
            written = ours.with_suffix(".partial")
            # Of the same length, so that nothing moves in the program.
            written.write_bytes(debians.read_bytes().replace(b"/usr/share/prometheus/", b"usr/share//prometheus/"))
            written.chmod(0o755)
            written.rename(ours)
        return ours
