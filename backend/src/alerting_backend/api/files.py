"""Files that are served from memory: those of the built user interface, read once when the process starts, and others.

A build that is made anew meanwhile is served from the next start on, as a whole: a page never names files of another
build than its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from typing import Final, TypeAlias

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
ASK_EACH_TIME: Final = "no-cache"


@dataclass(frozen=True, slots=True)
class File:
    """One file.

    Attributes:
        packed: The same by gzip, where that is worth it.
        cache: For how long a browser need not ask again.
        policy: What a page may load; None for what is no page.
        tag: Changes with the content.
    """

    media_type: str
    plain: bytes
    packed: bytes | None = None
    cache: str = ASK_EACH_TIME
    policy: str | None = None
    tag: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tag", sha256(self.plain).hexdigest()[:32])

    def answer(self, request: Request, *, status: int = 200) -> Response:
        """Return the file in the encoding that suits, or that the browser has it already."""
        is_packed = self.packed is not None and _takes_gzip(request)
        etag = f'"{self.tag}{"-gz" if is_packed else ""}"'
        headers = {"Cache-Control": self.cache, "ETag": etag, "Vary": "Accept-Encoding"}
        if self.policy is not None:
            headers["Content-Security-Policy"] = self.policy
        if status == 200 and etag in _tags(request):
            return Response(status_code=304, headers=headers)
        if is_packed:
            headers["Content-Encoding"] = "gzip"
        content = self.packed if is_packed else self.plain
        return Response(content, status_code=status, media_type=self.media_type, headers=headers)


Files: TypeAlias = Mapping[str, File]
"""A whole build, by the paths that its files have in addresses."""


def ui_folder() -> Path | None:
    """Return the build inside the installed package, or that of the checkout; None when there is none."""
    package = Path(__file__).parents[1]
    places = (package / "ui", package.parents[2] / "ui" / "dist")
    return next((place for place in places if (place / "index.html").is_file()), None)


def read_ui(folder: Path) -> Files:
    """Read the build in *folder*.

    Raises:
        OSError: It cannot be read, or there is none.
    """
    page = folder / "index.html"
    page.stat()
    return {f"/{path.relative_to(folder).as_posix()}": _read(path, folder) for path in _served(folder)}


def _served(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and path.suffix != ".gz" and not hidden:
            yield path


def _read(path: Path, folder: Path) -> File:
    plain = path.read_bytes()
    packed = path.with_name(f"{path.name}.gz")
    is_hashed = path.parent == folder / "ui"  # Names of files there hold a hash of their content.
    return File(
        media_type=guess_type(path.name)[0] or "application/octet-stream",
        plain=plain,
        packed=packed.read_bytes() if packed.is_file() else None,
        cache=_FOR_EVER if is_hashed else ASK_EACH_TIME,
        policy=_POLICY if path == folder / "index.html" else None,
    )


def _takes_gzip(request: Request) -> bool:
    for entry in request.headers.get("accept-encoding", "").split(","):
        name, _, quality = entry.replace(" ", "").partition(";q=")
        if name.lower() == "gzip":
            return quality.rstrip("0.") != "" if quality else True
    return False


def _tags(request: Request) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
