"""`alerting openapi`."""

from pathlib import Path

from alerting_backend.api.app import make_routes
from alerting_backend.cli.output import ExitCode, fail, write_json


def write_openapi(file: Path, *, as_json: bool) -> None:
    """Write the document to *file*."""
    import orjson

    document = make_routes().openapi()
    text = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if str(file) == "-":
        print(text.decode(), end="")
        return
    try:
        file.write_bytes(text)
    except OSError as error:
        detail = f"cannot write {file}: {error.strerror}"
        fail(detail, code="not-written", exit_code=ExitCode.FAILED, as_json=as_json)
    if as_json:
        write_json({"file": str(file), "operations": sum(map(len, document["paths"].values()))})
    else:
        print(f"{file} written")
