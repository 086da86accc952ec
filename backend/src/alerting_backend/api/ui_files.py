"""The built user interface: read once, when the process starts, and served from memory.

A build that is made anew meanwhile is served from the next start on, as a whole: a page never names files of another
build than its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

PAGES: Final = (
    *("rules", "endpoints", "notifications", "explain"),
    *("clients", "generator", "stages", "dead-letters"),
)
"""First parts of the paths that the interface has pages for, beside `/`; the same as in `ui/src/app/routes.tsx`."""

PAGE: Final = "/index.html"

_POLICY: Final = (
    # Styles may be inline because the component library writes them so; nothing of what others wrote ends up in one.
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_ASK_EACH_TIME: Final = "no-cache"


@dataclass(frozen=True, slots=True)
class UiFile:
    """One file of a build.

    Attributes:
        packed: The same by gzip, when the build has it.
        tag: Changes with the content.
        cache: For how long a browser need not ask again.
    """

    media_type: str
    plain: bytes
    packed: bytes | None
    tag: str
    cache: str


@dataclass(frozen=True, slots=True)
class UiFiles:
    """A whole build, by the paths that its files have in addresses."""

    files: Mapping[str, UiFile]

    def answer(self, path: str, request: Request) -> Response | None:
        """Return the file at *path* in the encoding that suits; None when there is no such file."""
        file = self.files.get(path)
        if file is None:
            return None
        is_packed = file.packed is not None and _takes_gzip(request)
        etag = f'"{file.tag}{"-gz" if is_packed else ""}"'
        headers = {"Cache-Control": file.cache, "ETag": etag, "Vary": "Accept-Encoding"}
        if path == PAGE:
            headers["Content-Security-Policy"] = _POLICY
        if etag in _tags(request):
            return Response(status_code=304, headers=headers)
        if is_packed:
            headers["Content-Encoding"] = "gzip"
        return Response(file.packed if is_packed else file.plain, media_type=file.media_type, headers=headers)


def ui_folder() -> Path | None:
    """Return the build inside the installed package, or that of the checkout; None when there is none."""
    package = Path(__file__).parents[1]
    places = (package / "ui", package.parents[2] / "ui" / "dist")
    return next((place for place in places if (place / "index.html").is_file()), None)


def read_ui(folder: Path) -> UiFiles:
    """Read the build in *folder*.

    Raises:
        OSError: It cannot be read, or there is none.
    """
    page = folder / "index.html"
    page.stat()
    return UiFiles({f"/{path.relative_to(folder).as_posix()}": _read(path, folder) for path in _served(folder)})


def _served(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and path.suffix != ".gz" and not hidden:
            yield path


def _read(path: Path, folder: Path) -> UiFile:
    plain = path.read_bytes()
    packed = path.with_name(f"{path.name}.gz")
    is_hashed = path.parent == folder / "ui"  # Names of files there hold a hash of their content.
    return UiFile(
        media_type=guess_type(path.name)[0] or "application/octet-stream",
        plain=plain,
        packed=packed.read_bytes() if packed.is_file() else None,
        tag=sha256(plain).hexdigest()[:32],
        cache=_FOR_EVER if is_hashed else _ASK_EACH_TIME,
    )


def _takes_gzip(request: Request) -> bool:
    for entry in request.headers.get("accept-encoding", "").split(","):
        name, _, quality = entry.replace(" ", "").partition(";q=")
        if name.lower() == "gzip":
            return quality.rstrip("0.") != "" if quality else True
    return False


def _tags(request: Request) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
