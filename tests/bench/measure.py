"""How the benches time things, and what they say about the machine."""

import gc
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median


def median_seconds(run: Callable[[], object], *, times: int = 3) -> float:
    """Return the median processor time that *run* takes, the garbage collector on as it is in production.

    For what only computes, in this thread: what else the machine does is not counted, though it still takes its share
    of the memory's speed.
    """
    assert times >= 3, "the median of fewer is no median"
    taken: list[float] = []
    gc.collect()
    for _ in range(times):
        started = time.thread_time()
        run()
        taken.append(time.thread_time() - started)
    return median(taken)


def machine() -> str:
    """Return the size of this machine in one line: figures mean nothing without it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores of {_processor()}, {memory:.0f} GiB, {_python()}"


def _python() -> str:
    return f"{platform.python_implementation()} {platform.python_version()}"


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    lines = known.read_text(encoding="utf-8").splitlines() if known.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
