"""Commands that need no running platform: `alerting settings`, `alerting openapi`, `alerting bench`."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from alerting_backend.cli.output import ExitCode, fail, write_json, write_table
from alerting_backend.settings import Settings, describe


def write_settings(settings: Settings, *, as_json: bool) -> None:
    """Write every setting with its value and meaning."""
    described = describe(settings)
    if as_json:
        write_json([asdict(each) for each in described])
        return
    rows = [(each.name, each.value or "–", "" if each.is_default else "set", each.says) for each in described]
    write_table(["setting", "value", "", "what it is"], rows)


def write_openapi(file: Path, *, as_json: bool) -> None:
    """Write the document to *file*."""
    import orjson

    from alerting_backend.api.app import make_routes

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


_PLACE: Final = Path("tests", "bench", "__main__.py")


def run_bench(names: Sequence[str], *, as_json: bool) -> None:
    """Run the benches named, or all of them."""
    checkout = _checkout()
    if checkout is None:
        detail = "the benches are part of the repository: run this in a checkout of it"
        fail(detail, code="no-checkout", exit_code=ExitCode.UNAVAILABLE, as_json=as_json)
    known = sorted(path.stem.removeprefix("bench_") for path in (checkout / _PLACE).parent.glob("bench_*.py"))
    if unknown := sorted(set(names) - set(known)):
        detail = f"there is no bench {', '.join(unknown)}; there are {', '.join(known)}"
        fail(detail, code="unknown-bench", exit_code=ExitCode.USAGE, as_json=as_json)
    failed = [name for name in names or known if not _run(name, checkout, as_json=as_json)]
    if as_json:
        write_json({"run": list(names or known), "failed": failed})
    if failed:
        raise SystemExit(ExitCode.FAILED)


def _run(name: str, checkout: Path, *, as_json: bool) -> bool:
    if not as_json:
        print(f"\n── {name}", flush=True)
    output = sys.stderr if as_json else None
    command = [sys.executable, "-m", f"tests.bench.bench_{name}"]
    return subprocess.run(command, cwd=checkout, stdout=output, check=False).returncode == 0


def _checkout() -> Path | None:
    here = [Path.cwd(), *Path.cwd().parents, *Path(__file__).resolve().parents]
    return next((folder for folder in here if (folder / _PLACE).is_file()), None)
