"""The commands that README.md and the start print: they work as printed, twice in a row, and print what is said."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Final

import pytest

from alerting_backend.cli.up import write_banner
from alerting_backend.embedded.platform import Started
from alerting_backend.settings import read_settings
from tests.support.install.place import CHECKOUT
from tests.support.platform_process import ADMIN_KEY, PlatformProcess, platform

pytestmark = pytest.mark.e2e

README: Final = (CHECKOUT / "README.md").read_text(encoding="utf-8")
BLOCKS: Final[list[str]] = re.findall(r"^```sh\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
EXPECTED: Final = "#=> "
SECONDS_MAX: Final = 200


@pytest.fixture(scope="module")
def demo() -> Iterator[PlatformProcess]:
    with platform(ALERTING_DEMO="1") as process:
        process.start()
        yield process


def script(block: str, replaced: Mapping[str, str]) -> str:
    """Return the commands of *block* for the platform of the test."""
    for printed, real in replaced.items():
        assert printed in README
        block = block.replace(printed, real)
    return block


def unexpected(block: str, output: str) -> list[str]:
    """Return the lines that *block* says are printed and that are not in *output* in that order."""
    left, missing = iter(output.splitlines()), list[str]()
    for line in block.splitlines():
        if not line.startswith(EXPECTED):
            continue
        pattern = re.compile(".*".join(map(re.escape, line.removeprefix(EXPECTED).split("…"))))
        if not any(pattern.fullmatch(printed) for printed in left):
            missing.append(line)
    return missing


@pytest.mark.timeout(SECONDS_MAX + 60)
@pytest.mark.parametrize("run", ["the first run", "the second run"])
def test_every_command_of_the_readme_works_as_printed(run: str, demo: PlatformProcess) -> None:
    blocks = [block for block in BLOCKS if not block.startswith("make ")]
    assert [block for block in BLOCKS if block not in blocks] == [BLOCKS[0]], "those alone that install and start"
    assert sum(block.count(EXPECTED) for block in blocks) >= 10
    replaced = {
        "alk_…": ADMIN_KEY,
        "127.0.0.1:8080": demo.url.removeprefix("http://"),
        ".venv/bin/alerting": f"{shlex.quote(sys.executable)} -m alerting_backend.cli.app",
    }
    printed = "\n".join(blocks)
    done = subprocess.run(
        ["sh", "-eu"],
        input=script(printed, replaced),
        env=demo.environment(ALERTING_URL=demo.url),
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    said = f"{run}:\n{done.stdout}\n{done.stderr}"
    assert done.returncode == 0, said
    assert unexpected(script(printed, replaced), done.stdout) == [], said
    assert '"status":4' not in done.stdout, said
    assert "error:" not in done.stderr, said


def test_the_steps_that_the_start_prints_work_as_printed(
    demo: PlatformProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    write_banner(read_settings({}), Started(url=demo.url, demo=None, new_key=ADMIN_KEY), seconds=1.0)
    printed = capsys.readouterr().out.partition("Next steps")[2]
    steps = "\n".join(line for line in printed.splitlines() if line.startswith("    "))
    assert "--json" not in steps, "curl has that since 7.82"
    done = subprocess.run(["sh", "-eu"], input=steps, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    assert done.returncode == 0, done.stderr
    assert '{"accepted":1,' in done.stdout
    assert '"items":[' in done.stdout


def test_output_that_is_not_as_printed_is_seen() -> None:
    block = '#=> {"id":"…","n":1}\n#=> done'
    assert unexpected(block, '{"id":"a","n":1}\nother\ndone') == []
    assert unexpected(block, '{"id":"a","n":2}\ndone') == ['#=> {"id":"…","n":1}', "#=> done"]
    assert unexpected(block, 'done\n{"id":"a","n":1}') == ["#=> done"]


def test_no_command_for_curl_needs_a_newer_one_than_distributions_have() -> None:
    assert "--json" not in "\n".join(BLOCKS), "curl has that since 7.82"
