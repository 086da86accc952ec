"""Print the notes of a release from CHANGELOG.md, and refuse a tag that does not fit to it or to the distributions.

python .make/release_notes.py v1.2.3
"""

import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]


class Refused(Exception):
    """This cannot be released; says why."""


def notes_for(tag: str, changelog: str, versions: Mapping[str, str]) -> str:
    """Return what *changelog* says of the version that *tag* names.

    Args:
        tag: As `v1.2.3`.
        changelog: In the form of Keep a Changelog.
        versions: Of the distributions, by the name of their file.

    Raises:
        Refused: The tag is none of a version, a distribution has another version, or there are no notes.
    """
    if not re.fullmatch(r"v\d+\.\d+\.\d+", tag):
        raise Refused(f"{tag} is not the tag of a version, as v1.2.3")
    version = tag.removeprefix("v")
    if others := [f"{name} has {other}" for name, other in versions.items() if other != version]:
        raise Refused(f"{tag} does not fit: {', '.join(others)}")
    section = re.search(
        rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$\n(.*?)(?=^## |\Z)", changelog, re.DOTALL | re.MULTILINE
    )
    notes = section.group(1).strip() if section else ""
    if not notes:
        raise Refused(f"CHANGELOG.md has no notes below a heading `## [{version}] - <date>`")
    return notes + "\n"


def main(arguments: Sequence[str]) -> int:
    """Print the notes; return the exit code."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 64  # EX_USAGE of sysexits.h.
    files = [*CHECKOUT.glob("[!.]*/pyproject.toml"), *CHECKOUT.glob("[!.]*/*/pyproject.toml")]
    versions = {
        str(file.relative_to(CHECKOUT)): tomllib.loads(file.read_text(encoding="utf-8"))["project"]["version"]
        for file in files
    }
    try:
        print(notes_for(arguments[0], (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8"), versions), end="")
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
