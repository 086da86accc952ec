"""Progress of long work: a bar on standard error for people, nothing for programs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

Advance: TypeAlias = Callable[[int], None]
"""Told how much is done by now, of all."""


@contextmanager
def progress_bar(what: str, *, total: int, unit: str, shown: bool) -> Iterator[Advance]:
    """Show a bar while the block runs, with how many a second and how long it will take.

    A block that fails leaves no bar behind: beside the error it would look as if the work went on.
    """
    if not shown:
        yield lambda _done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(what, total=total, rate="")

        def advance(done: int) -> None:
            speed = progress.tasks[0].finished_speed or progress.tasks[0].speed
            progress.update(task, completed=done, rate=f"{speed:,.0f} {unit}/s" if speed else "")

        try:
            yield advance
        except Exception:
            progress.live.transient = True
            raise
