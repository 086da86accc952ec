"""The Python of the browser, and the node that runs it outside of one; both in the versions of the lock files."""

import json
import shutil
import sys
from pathlib import Path
from typing import Final

from tests.support.install.place import CHECKOUT, run_installer, sole_installer

NODE: Final = (sys.executable, CHECKOUT / ".make" / "node.py", "node")
"""How to start the node that came with the Python packages."""

_NPM: Final = (*NODE[:-1], "npm")
_LOCKED: Final = CHECKOUT / "tests" / "pyodide"


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
            run_installer([*_NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder)
        assert json.loads((package / "package.json").read_text())["name"] == "pyodide"
        return package
