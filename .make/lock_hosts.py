"""Check that a lock file names no other host than the public package index.

A machine's own index, mirror or wheel folder would make the lock file useless to everybody else.
"""

import re
import sys
from pathlib import Path

PUBLIC_NPM = "https://registry.npmjs.org/"
PUBLIC = ("https://pypi.org/simple", "https://files.pythonhosted.org/")


def foreign_sources(text: str) -> list[str]:
    """Return the addresses and folders in *text* that only one machine can reach."""
    addresses = re.findall(r'"((?:[a-z+]+://|/|\\\\|[A-Za-z]:\\)[^"]*)"', text)
    return sorted({address for address in addresses if not address.startswith(PUBLIC)})


def foreign_npm_sources(text: str) -> list[str]:
    """Return the addresses that the npm lock file *text* installs from, but for those of the public registry.

    One that names none installs from the registry of whoever installs, and is as good: contents are pinned by hash.
    """
    addresses = re.findall(r'"resolved": "([^"]*)"', text)
    return sorted({address for address in addresses if not address.startswith(PUBLIC_NPM)})


def main(path: str) -> int:
    """Print what is wrong with the lock file at *path*; return the exit code."""
    text = Path(path).read_text(encoding="utf-8")
    foreign = foreign_npm_sources(text) if path.endswith(".json") else foreign_sources(text)
    for address in foreign:
        print(f"{path}: {address} is not the public index; lock again with: UV_NO_CONFIG=1 make lock")
    return 1 if foreign else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
