"""Places where nothing is installed but one of our packages, what it needs, and pytest.

For each there is an environment of this machine's Python, and a folder of packages for the browser's.
"""

import hashlib
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playground.build import download_packages
from tests.support.install.place import run_installer, sole_installer, uv


@dataclass(frozen=True, slots=True)
class Alone:
    """Where the parts of an installation are.

    Attributes:
        python: Interpreter of the environment.
        browser_site: Folder to be put on the path of the browser's Python.
    """

    python: Path
    browser_site: Path


def install_core_alone() -> Alone:
    """Install the core's wheel, built from this checkout, beside pytest in the version of the lock file.

    Raises:
        Unavailable: When the package index is needed and cannot be reached.
    """
    return _install("core-alone", ("alerting-core",))


def install_api_alone() -> Alone:
    """Install the wheels of the core and the API, and what the API needs, beside pytest, as the lock file has them.

    Raises:
        Unavailable: When the package index is needed and cannot be reached.
    """
    return _install("api-alone", ("alerting-core", "alerting-api"))


def _install(name: str, packages: Sequence[str]) -> Alone:
    with sole_installer(name) as folder:
        tool = uv()
        needed = _requirements("--package", packages[-1], "--no-dev", "--no-emit-workspace")
        requirements = needed + _requirements("--only-group", "core-tests")
        locked = hashlib.sha256(requirements.encode()).hexdigest()
        stamp, listed = folder / "locked", folder / "requirements.txt"
        python, site = folder / "venv" / "bin" / "python", folder / "site"
        if not (stamp.exists() and stamp.read_text() == locked and python.exists()):
            listed.write_text(requirements)
            run_installer([tool, "venv", "--clear", "--quiet", folder / "venv"])
            run_installer([tool, "pip", "sync", "--quiet", "--python", python, listed])
            shutil.rmtree(site, ignore_errors=True)
            _unpack_for_the_browser(requirements, folder / "wheels", site)
            stamp.write_text(locked)
        for old in folder.glob("dist/*.whl"):
            old.unlink()
        for package in packages:
            run_installer([tool, "build", "--quiet", "--wheel", "--package", package, "--out-dir", folder / "dist"])
        wheels = sorted(folder.glob("dist/*.whl"))
        # Wheels of one version are not told apart, whatever is in them.
        run_installer([tool, "pip", "install", "--quiet", "--no-deps", "--reinstall", "--python", python, *wheels])
        for wheel in wheels:
            shutil.rmtree(site / wheel.name.partition("-")[0], ignore_errors=True)
            zipfile.ZipFile(wheel).extractall(site)
        return Alone(python=python, browser_site=site)


def _requirements(*what: str) -> str:
    return run_installer([uv(), "export", "--frozen", *what, "--no-header", "--quiet"])


def _unpack_for_the_browser(requirements: str, wheels: Path, site: Path) -> None:
    """Put the wheels of *requirements* that fit the browser's Python into *site*."""
    shutil.rmtree(wheels, ignore_errors=True)
    run_installer(download_packages(requirements, wheels))
    for wheel in wheels.glob("*.whl"):
        zipfile.ZipFile(wheel).extractall(site)
