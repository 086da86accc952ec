"""Put the static site of the playground together: pages, Python, the platform and its packages, in `playground/dist`.

The site lies under any path of any host, asks no other host for anything, and needs no server of its own.
"""

import argparse
import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parent
CHECKOUT: Final = FOLDER.parent
UI: Final = CHECKOUT / "ui"
DIST: Final = FOLDER / "dist"

_STAMP: Final = FOLDER / ".sources-that-were-built"
_PACKAGES: Final = FOLDER / ".packages"
_LOCK: Final = FOLDER / ".building"
_PYODIDE: Final = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "package.json")
"""What a browser needs of the npm package; the last one names version and licence."""

_PLATFORM: Final = ("314", "pyemscripten_2026_0_wasm32")
"""What wheels of this Pyodide are for; pure ones fit as well."""

_PYTHON_SOURCES: Final = (CHECKOUT / "core", CHECKOUT / "api", FOLDER / "bridge")
_OTHER_SOURCES: Final = (UI / "src", UI / "public", FOLDER / "site")
_SINGLE_SOURCES: Final = (
    UI / "playground.html",
    UI / "vite.config.ts",
    UI / "package-lock.json",
    FOLDER / "build.py",
    CHECKOUT / "uv.lock",
)


def build() -> None:
    """Build the site, unless it is up to date.

    Raises:
        subprocess.CalledProcessError: A tool failed; it has said why.
    """
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Two at once would delete each other's files.
        sources = _fingerprint()
        if not (_STAMP.exists() and _STAMP.read_text() == sources and DIST.exists()):
            _build(sources)


def _build(sources: str) -> None:
    _STAMP.unlink(missing_ok=True)
    _run(sys.executable, CHECKOUT / ".make" / "ui.py", "run", "build-playground")
    shutil.rmtree(DIST, ignore_errors=True)
    shutil.copytree(UI / "dist-playground", DIST, ignore=shutil.ignore_patterns(".vite"))
    (DIST / "playground.html").rename(DIST / "index.html")
    _add_pyodide()
    _add_wheels()
    packages = fetch_packages()
    _run(sys.executable, CHECKOUT / ".make" / "node.py", "node", FOLDER / "site" / "precompile.mjs", DIST, packages)
    (DIST / ".nojekyll").touch()  # Otherwise GitHub Pages would leave out files whose names begin with a line.
    _add_offline_script()
    _STAMP.write_text(sources)


def _add_pyodide() -> None:
    """Copy Python. Its list of packages is emptied: nothing is fetched from anywhere else."""
    package, folder = UI / "node_modules" / "pyodide", DIST / "pyodide"
    folder.mkdir()
    for name in _PYODIDE:
        shutil.copyfile(package / name, folder / name)
    lock = json.loads((package / "pyodide-lock.json").read_text())
    (folder / "pyodide-lock.json").write_text(json.dumps({**lock, "packages": {}}))


def _add_wheels() -> None:
    """Build the wheels of the platform into the site."""
    for source in _PYTHON_SOURCES:
        _run(_uv(), "build", "--quiet", "--wheel", "--out-dir", DIST / "python", source)
    (DIST / "python" / ".gitignore").unlink(missing_ok=True)


def fetch_packages() -> Path:
    """Return the folder with the wheels that the API needs beside the core, as the lock file has them.

    Raises:
        subprocess.CalledProcessError: The package index is needed, and cannot be reached.
    """
    export = ("export", "--frozen", "--package", "alerting-api", "--no-emit-workspace", "--no-dev", "--no-header")
    listed = subprocess.run([_uv(), *export], check=True, cwd=CHECKOUT, capture_output=True, text=True).stdout
    stamp = _PACKAGES / "requirements.txt"
    if not (stamp.exists() and stamp.read_text() == listed):
        shutil.rmtree(_PACKAGES, ignore_errors=True)
        _run(*download_packages(listed, _PACKAGES))
        stamp.write_text(listed)  # Only now: a download that was cut off is done again.
    return _PACKAGES


def download_packages(requirements: str, folder: Path) -> Sequence[str | Path]:
    """Return the command that puts the wheels of *requirements* that fit the browser's Python into *folder*."""
    folder.mkdir(parents=True)
    wanted = folder / "wanted.txt"
    wanted.write_text(requirements)
    version, platform = _PLATFORM
    target = ("--python-version", version, "--platform", platform, "--only-binary", ":all:")
    source = ("--require-hashes", "--no-deps", "--requirement", wanted)
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check")
    return (*pip, *target, *source, "--dest", folder)


def _uv() -> str:
    return subprocess.run([CHECKOUT / ".make" / "uv"], check=True, capture_output=True, text=True).stdout.strip()


def _add_offline_script() -> None:
    """Write the service worker, with the files that it keeps."""
    files = sorted(path.relative_to(DIST).as_posix() for path in DIST.rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for name in files:
        digest.update(name.encode() + b"\0" + (DIST / name).read_bytes())
    # The page itself is asked for by the name of its folder.
    paths = ["./" if name == "index.html" else name for name in files if not name.startswith(".")]
    told = json.dumps({"version": digest.hexdigest()[:12], "paths": paths})
    script = (FOLDER / "site" / "offline.js").read_text()
    (DIST / "offline.js").write_text(f"const FILES = {told};\n{script}")


def _fingerprint() -> str:
    """Return a text that changes with every file that the site depends on."""
    digest = hashlib.sha256()
    for path in sorted(_sources()):
        digest.update(f"{path.relative_to(CHECKOUT)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    for folder in (*_PYTHON_SOURCES, *_OTHER_SOURCES):
        for path in folder.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path
    yield from _SINGLE_SOURCES


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, cwd=CHECKOUT)


def main(arguments: Sequence[str]) -> int:
    """Build; return the exit code."""
    argparse.ArgumentParser(description=__doc__).parse_args(arguments)
    try:
        build()
    except subprocess.CalledProcessError as error:
        return error.returncode
    size = sum(path.stat().st_size for path in DIST.rglob("*") if path.is_file())
    print(f"The playground is in {DIST.relative_to(CHECKOUT)} ({size / 1e6:.1f} MB)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
