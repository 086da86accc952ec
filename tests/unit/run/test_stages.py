"""What a stage of the test command finds around it."""

import subprocess
import sys
from pathlib import Path

from tests.run.stages import BYTECODE, stage_environment


def test_a_stage_takes_the_same_examples_each_time_unless_told_otherwise() -> None:
    assert stage_environment({})["HYPOTHESIS_PROFILE"] == "ci"
    assert stage_environment({"HYPOTHESIS_PROFILE": "dev"})["HYPOTHESIS_PROFILE"] == "dev"


def test_where_pythons_keep_what_they_compile_they_go_on_doing_so() -> None:
    assert stage_environment({"HOME": "/home"}) == {"HYPOTHESIS_PROFILE": "ci", "HOME": "/home"}


def test_where_pythons_may_keep_nothing_beside_the_sources_they_keep_it_in_build() -> None:
    environment = stage_environment({"PYTHONDONTWRITEBYTECODE": "1"})
    assert "PYTHONDONTWRITEBYTECODE" not in environment
    assert environment["PYTHONPYCACHEPREFIX"] == str(BYTECODE)


def test_a_place_that_was_named_for_it_stays(tmp_path: Path) -> None:
    place = tmp_path / "bytecode"
    (tmp_path / "imported.py").touch()
    environment = stage_environment({"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": str(place)})
    subprocess.run([sys.executable, "-c", "import imported"], cwd=tmp_path, env=environment, check=True)
    assert [file.suffix for file in place.rglob("imported.*")] == [".pyc"]
    assert not (tmp_path / "__pycache__").exists()
