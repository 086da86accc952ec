"""A real Kafka broker: Apache's jars from Maven Central, in `.tools`; each must be the one named in `kafka_jars`.

Fetched by Maven where there is one, which knows how this machine reaches Maven Central, else one by one.
"""

import hashlib
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.install.java import java_binary
from tests.support.install.place import CHECKOUT, run_installer, sole_installer
from tests.support.install.unavailable import Unavailable

MAVEN_CENTRAL: Final = "https://repo.maven.apache.org/maven2/"
LISTED: Final = CHECKOUT / "tests" / "support" / "install" / "kafka_jars"

DOWNLOADS_AT_ONCE: Final = 8
DOWNLOAD_SECONDS_MAX: Final = 60  # Of silence.


@dataclass(frozen=True, slots=True)
class KafkaPrograms:
    """What starts a broker or one of Kafka's own tools: `java -cp class_path CLASS`.

    Attributes:
        formatted: Where the first broker leaves a copy of its data folder as it is when empty.
    """

    java: Path
    class_path: str
    formatted: Path


@dataclass(frozen=True, slots=True)
class Jar:
    """One file of Maven Central: its path there, and the SHA-256 of what is in it."""

    path: str
    sha256: str

    def is_in(self, folder: Path) -> bool:
        """Tell whether it is in *folder*, whole and unchanged."""
        file = folder / self.path
        return file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == self.sha256


def kafka_programs() -> KafkaPrograms:
    """Return the broker's programs, installed on first use.

    Raises:
        Unavailable: When Java or the jars cannot be had.
    """
    java, jars = java_binary(), tuple(listed_jars(LISTED / "jars.sha256"))
    with sole_installer("kafka") as folder:
        lib = folder / "lib"
        formatted = folder / "formatted"
        if not _is_installed(folder, jars):
            fetch_jars(jars, into=lib)
            shutil.rmtree(formatted, ignore_errors=True)
            (folder / "listed").write_bytes((LISTED / "jars.sha256").read_bytes())
        return KafkaPrograms(java, ":".join(str(lib / jar.path) for jar in jars), formatted)


def listed_jars(listing: Path) -> Iterator[Jar]:
    """Yield the jars that a file in the form of `sha256sum` names."""
    for line in listing.read_text(encoding="utf-8").splitlines():
        digest, path = line.split("  ", 1)
        yield Jar(path, digest)


def fetch_jars(jars: tuple[Jar, ...], *, into: Path, repository: str = MAVEN_CENTRAL) -> None:
    """Bring *jars* into a folder; what is there already and right stays.

    Raises:
        Unavailable: One cannot be fetched, or is not what it should be.
    """
    if shutil.which("mvn") and repository == MAVEN_CENTRAL:
        copy = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
        where = [f"-DoutputDirectory={into}", "-Dmdep.useRepositoryLayout=true"]
        run_installer(["mvn", "--quiet", "--batch-mode", "--file", LISTED / "pom.xml", copy, *where])
    else:
        missing = [jar for jar in jars if not jar.is_in(into)]
        with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as threads:
            list(threads.map(lambda jar: _download(jar, into=into, repository=repository), missing))
    if wrong := [jar.path for jar in jars if not jar.is_in(into)]:
        raise Unavailable(f"not what they should be: {', '.join(wrong)}")


def _is_installed(folder: Path, jars: tuple[Jar, ...]) -> bool:
    with suppress(FileNotFoundError):
        if (folder / "listed").read_bytes() == (LISTED / "jars.sha256").read_bytes():
            return all((folder / "lib" / jar.path).is_file() for jar in jars)
    return False


def _download(jar: Jar, *, into: Path, repository: str) -> None:
    file = into / jar.path
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with urllib.request.urlopen(repository + jar.path, timeout=DOWNLOAD_SECONDS_MAX) as answer:
            part = file.with_suffix(".part")
            part.write_bytes(answer.read())
            part.rename(file)
    except (urllib.error.URLError, TimeoutError) as error:
        raise Unavailable(f"{repository}{jar.path} cannot be fetched: {error}") from error
