"""What is in the packages that are built from this checkout."""

import zipfile
from pathlib import Path

import pytest

from tests.support.install.place import CHECKOUT, run_installer, uv

pytestmark = pytest.mark.integration

MIGRATIONS = {path.name for path in (CHECKOUT / "migrations").glob("*.sql")}


@pytest.mark.parametrize("how", [["--wheel"], []], ids=["from the checkout", "from the sdist"])
def test_the_backend_wheel_brings_every_migration_along(how: list[str], tmp_path: Path) -> None:
    run_installer([uv(), "build", "--quiet", *how, "--package", "alerting-backend", "--out-dir", tmp_path])
    (wheel,) = tmp_path.glob("*.whl")
    prefix = "alerting_backend/migrations/"
    packed = {name.removeprefix(prefix) for name in zipfile.ZipFile(wheel).namelist() if name.startswith(prefix)}
    assert MIGRATIONS
    assert packed >= MIGRATIONS


PACKAGES = ("alerting-core", "alerting-api", "alerting-backend", "alerting-lambdas", "alerting-playground")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_wheel_tells_type_checkers_that_it_is_typed(package: str, tmp_path: Path) -> None:
    run_installer([uv(), "build", "--quiet", "--wheel", "--package", package, "--out-dir", tmp_path])
    (wheel,) = tmp_path.glob("*.whl")
    assert f"{package.replace('-', '_')}/py.typed" in zipfile.ZipFile(wheel).namelist()
