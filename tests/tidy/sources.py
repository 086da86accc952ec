"""The files of the repository, as git knows them, and what a reader sees in them."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("core/src", "api/src", "backend/src", "lambdas/src")

_GENERATED: Final = (".bin", "_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "uv.lock", "package-lock.json")


@dataclass(frozen=True, slots=True)
class Source:
    """One text file: `path` is relative to the checkout and has forward slashes."""

    path: str
    text: str

    def tree(self) -> ast.Module:
        """Return the syntax tree of a Python file."""
        return ast.parse(self.text, filename=self.path)


@cache
def repository_files() -> tuple[str, ...]:
    """Return the files that are, or would be, under version control; every file where there is no git."""
    listing = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        done = subprocess.run(listing, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return tuple(sorted(_walk()))
    return tuple(sorted(path for path in set(done.stdout.split("\0")) if path and (CHECKOUT / path).is_file()))


def _walk() -> Iterator[str]:
    for path in CHECKOUT.rglob("*"):
        parts = path.relative_to(CHECKOUT).parts
        made = {".git", ".venv", ".tools", ".data", "__pycache__", "node_modules"}
        if path.is_file() and not made.intersection(parts) and "cache" not in parts[0]:
            yield "/".join(parts)


@cache
def written_sources() -> tuple[Source, ...]:
    """Return every text file that a person wrote, sorted by path."""
    return tuple(_read(path) for path in repository_files() if not path.endswith(_GENERATED) and _is_text(path))


def python_sources(*folders: str) -> tuple[Source, ...]:
    """Return the Python files in *folders*, or all of them."""
    inside = tuple(f"{folder}/" for folder in folders)
    return tuple(
        source
        for source in written_sources()
        if source.path.endswith(".py") and (not inside or source.path.startswith(inside))
    )


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method in *tree*, nested ones too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _is_text(path: str) -> bool:
    return b"\0" not in (CHECKOUT / path).read_bytes()[:8_192]


def _read(path: str) -> Source:
    return Source(path, (CHECKOUT / path).read_text(encoding="utf-8"))
