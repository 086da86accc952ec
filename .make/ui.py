"""Do what the user interface in `ui/` needs, with the node that came with the Python packages.

`build` does nothing when nothing has changed, in a moment; everything else installs first what the lock file names.
Exit code 69 says that something could not be had: the npm registry, as a rule.
"""

import argparse
import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import node  # .make/node.py: the folder of a program that is run is where imports are looked for first.

CHECKOUT: Final = Path(__file__).resolve().parents[1]
UI: Final = CHECKOUT / "ui"
UNAVAILABLE: Final = 69  # EX_UNAVAILABLE of sysexits.h.

_INSTALLED: Final = UI / "node_modules" / ".lock-that-was-installed"
_BUILT: Final = UI / "dist" / ".sources-that-were-built"
_SOURCES: Final = ("src", "public", "scripts")
_SINGLE_SOURCES: Final = ("index.html", "package-lock.json", "vite.config.ts", "../core/pyproject.toml")


class Failed(Exception):
    """A command of npm ended with an exit code of its own."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(f"ended with exit code {exit_code}")
        self.exit_code = exit_code


class Unavailable(Failed):
    """What is needed could not be had."""

    def __init__(self, why: str) -> None:
        super().__init__(UNAVAILABLE)
        self.why = why


def npm(*arguments: str, quiet: bool = False) -> None:
    """Run npm in the folder of the user interface.

    Raises:
        Unavailable: There is no node.
        Failed: It ended with an exit code other than 0.
    """
    try:
        command, environment = node.command("npm", arguments), node.environment()
    except node.NotInstalled as error:
        raise Unavailable(str(error)) from error
    done = subprocess.run(
        command, cwd=UI, env=environment, check=False,
        stdout=subprocess.PIPE if quiet else None, stderr=subprocess.STDOUT if quiet else None,
    )  # fmt: skip
    if done.returncode:
        if quiet:
            sys.stderr.write(done.stdout.decode(errors="replace"))
        raise Failed(done.returncode)


@contextmanager
def _sole(what: str) -> Iterator[None]:
    """Let one process at a time do this: a start, the tests and a check may come together."""
    folder = CHECKOUT / ".tools"
    folder.mkdir(exist_ok=True)
    with (folder / f"ui-{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install() -> None:
    """Install what the lock file names, unless it is there.

    Raises:
        Unavailable: It cannot be had.
    """
    lock = (UI / "package-lock.json").read_bytes()
    with (UI / ".installing").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # Two at once would delete each other's files.
        if _INSTALLED.exists() and _INSTALLED.read_bytes() == lock:
            return
        print("Installing what the user interface is built with", flush=True)
        try:
            npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", quiet=True)
        except Unavailable:
            raise
        except Failed as error:
            raise Unavailable("its packages could not be installed; is the npm registry reachable?") from error
        _INSTALLED.write_bytes(lock)


def build() -> None:
    """Build into `ui/dist`, unless that is up to date."""
    with _sole("build"):
        sources = fingerprint()
        if _BUILT.exists() and _BUILT.read_text() == sources:
            return
        install()
        print("Building the user interface", flush=True)
        npm("run", "--silent", "build")
        _BUILT.write_text(sources)


def fingerprint() -> str:
    """Return a text that changes with every file that a build depends on."""
    digest = hashlib.sha256()
    for path in sorted(_source_files()):
        digest.update(f"{os.path.relpath(path, UI)}\0".encode())
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def _source_files() -> Iterator[Path]:
    for folder in _SOURCES:
        yield from (path for path in (UI / folder).rglob("*") if path.is_file())
    yield from (UI / name for name in _SINGLE_SOURCES)


def describe_api() -> None:
    """Make `src/api/schema.d.ts` anew from the API's own description."""
    install()
    described = UI / "openapi.json"
    alerting = Path(sys.executable).parent / "alerting"
    subprocess.run([alerting, "openapi", described], check=True, stdout=subprocess.DEVNULL)
    try:
        npm("run", "--silent", "api", quiet=True)
    finally:
        described.unlink()


def check() -> None:
    """Check types, style and accessibility rules, and that the client is that of the API.

    Raises:
        Failed: Something is wrong.
    """
    schema = UI / "src" / "api" / "schema.d.ts"
    before = schema.read_bytes()
    describe_api()
    after = schema.read_bytes()
    schema.write_bytes(before)
    if before != after:
        print("ui/src/api/schema.d.ts is not that of the API: make ui-api")
        raise Failed(1)
    npm("run", "--silent", "check")


def test(report: Path | None) -> None:
    """Run the tests; write a JUnit report to *report*."""
    install()
    told = [] if report is None else ["--", "--reporter=dot", "--reporter=junit", f"--outputFile.junit={report}"]
    npm("run", "--silent", "test", *told)


def main(arguments: Sequence[str]) -> int:
    """Do what *arguments* ask for; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("build", "run", "check", "test", "api", "install"))
    parser.add_argument("script", nargs="?", help="with run: the script of package.json")
    parser.add_argument("--report", type=Path, help="with test: where to write a JUnit report")
    parser.add_argument("--or-go-without", action="store_true", help="with build: a failure is told, and is none")
    asked = parser.parse_args(arguments)
    try:
        match asked.what:
            case "build":
                build()
            case "run":
                install()
                npm("run", "--silent", asked.script)
            case "check":
                check()
            case "test":
                test(asked.report)
            case "api":
                describe_api()
            case _:
                install()
    except Failed as error:
        if isinstance(error, Unavailable):
            print(f"The user interface: {error.why}", file=sys.stderr)
        if asked.or_go_without:
            print("Going on without the user interface; `make ui` builds it.", file=sys.stderr)
            return 0
        return error.exit_code
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
