"""The commands `alerting dlq …` as a program uses them."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from tests.support.distributed import DistributedPlatform

Letter: TypeAlias = Mapping[str, Any]
"""As listed."""

WAIT_SECONDS_MAX: Final = 90.0

_LOOK_SECONDS: Final = 0.2


def dlq(platform: DistributedPlatform, *arguments: str, exit_code: int = 0) -> Mapping[str, Any]:
    """Run a command and return the last document that it wrote: its error, if there is one."""
    done = platform.run("dlq", *arguments, "--json")
    assert done.returncode == exit_code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    answer: Mapping[str, Any] = json.loads((done.stderr or done.stdout).splitlines()[-1])
    return answer


def letters_of(platform: DistributedPlatform) -> Sequence[Letter]:
    """Return all dead letters."""
    items: Sequence[Letter] = dlq(platform, "list", "--limit", "10000")["items"]
    return items


def wait_for_letters(
    platform: DistributedPlatform, are_as_wanted: Callable[[Sequence[Letter]], bool]
) -> Sequence[Letter]:
    """Look again and again until the letters are as they have to be, and return them."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not are_as_wanted(letters := letters_of(platform)):
        assert platform.are_running()
        assert time.monotonic() < deadline, letters
        time.sleep(_LOOK_SECONDS)
    return letters
