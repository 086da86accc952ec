"""Processor time by process: what each part of the platform costs, whatever else the machine does."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import psutil

Processes = Callable[[], Iterable[psutil.Process]]


@dataclass(frozen=True, slots=True)
class Reading:
    """Seconds since some moment, by name; `machine` is what all processes of the machine have used together."""

    used: Mapping[str, float]
    machine: float

    def since(self, before: "Reading") -> "Reading":
        """Return what was used between the two."""
        used = {name: max(0.0, seconds - before.used.get(name, 0.0)) for name, seconds in self.used.items()}
        return Reading(used, self.machine - before.machine)

    @property
    def others(self) -> float:
        """What the machine did beside what is measured."""
        return max(0.0, self.machine - sum(self.used.values()))


def read(parts: Mapping[str, Processes]) -> Reading:
    """Return what the processes of each name have used so far, those of theirs that ended included."""
    times = psutil.cpu_times()
    machine = sum(times) - times.idle - times.iowait - times.guest - times.guest_nice
    return Reading({name: sum(map(_used_by, processes())) for name, processes in parts.items()}, machine)


def _used_by(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)
