"""A real Chromium: the one on PATH, or Debian's package unpacked into `.tools`."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.support.install.debian import library_path, unpack_packages
from tests.support.install.place import run_installer, sole_installer

_FONTS: Final = ("fonts-liberation", "fonts-dejavu-core", "fonts-noto-color-emoji")
"""Without a font a browser shows nothing where text is; the last one shows emoji."""

_GENERIC: Final = {"sans-serif": "Liberation Sans", "serif": "Liberation Serif", "monospace": "Liberation Mono"}


@dataclass(frozen=True, slots=True)
class Chromium:
    """A browser that starts.

    Attributes:
        binary: The program.
        environment: What it needs beside the environment of this process.
    """

    binary: Path
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


def chromium() -> Chromium:
    """Return a Chromium, installed on first use.

    Raises:
        Unavailable: When it is not on PATH, and this is no Debian or its packages cannot be reached.
    """
    if on_path := shutil.which("chromium"):
        return Chromium(Path(on_path))
    with sole_installer("chromium") as folder:
        binary = folder / "usr" / "lib" / "chromium" / "chromium"
        if not binary.exists():
            unpack_packages(folder, "chromium", "chromium-common", "fontconfig-config", *_FONTS)
            _write_font_settings(folder)
        found = Chromium(binary, {**library_path(folder), "FONTCONFIG_FILE": str(_font_settings(folder))})
        run_installer(["env", *(f"{name}={value}" for name, value in found.environment.items()), binary, "--version"])
        return found


def _font_settings(folder: Path) -> Path:
    return folder / "fonts.conf"


def _write_font_settings(folder: Path) -> None:
    """Name the folders that fonts are in, the machine's own and the unpacked one, and what the generic names mean."""
    places = ("/usr/share/fonts", folder / "usr" / "share" / "fonts")
    folders = "".join(f"<dir>{os.fspath(place)}</dir>" for place in places)
    aliases = "".join(
        f"<alias><family>{generic}</family><prefer><family>{font}</family></prefer></alias>"
        for generic, font in _GENERIC.items()
    )
    _font_settings(folder).write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">'
        f"<fontconfig>{folders}{aliases}<cachedir>{folder / 'font-cache'}</cachedir></fontconfig>"
    )
