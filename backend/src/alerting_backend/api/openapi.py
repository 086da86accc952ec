"""Writes the OpenAPI document: `python -m alerting_backend.api.openapi [FILE]`. It starts nothing and needs nothing."""

import sys
from collections.abc import Sequence
from pathlib import Path

import orjson

from alerting_backend.api.app import make_routes


def main(arguments: Sequence[str]) -> int:
    """Write to the file named, or to standard output."""
    document = orjson.dumps(make_routes().openapi(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if arguments:
        Path(arguments[0]).write_bytes(document)
    else:
        sys.stdout.buffer.write(document)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
