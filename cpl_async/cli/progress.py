"""The progress of a job: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.text import Text

from ..bulk import Phase, Progress
from ..plain_text import plain_lines
from ..transport.tracing import TRACER
from .counting import counted
from .output import say

__all__ = ["Display"]

UPDATE_SECONDS = 5.0
"""Seconds between two plain lines."""
LINES = (("sent", "sent"), ("created", "imported"), ("labelled", "labels"))


class _Rate(ProgressColumn):
    """The rate per second."""

    def render(self, task: Task) -> Text:
        """Return the rate of a bar, if there is one."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="progress.data.speed")


class Display:
    """Shows the progress of one run on standard error."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bars: Bars | None = None
        self._tasks: dict[str, int] = {}
        self._phase: Phase | None = None
        self._last = 0.0
        if self._console.is_terminal and TRACER.get() is None:  # bars and traces would overwrite each other
            columns = SpinnerColumn(), TextColumn("{task.description:<9}"), BarColumn(), MofNCompleteColumn()
            times = _Rate(), TimeElapsedColumn(), TimeRemainingColumn(elapsed_when_finished=True)
            self._bars = Bars(*columns, *times, console=self._console, transient=True)

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def say(self, text: str) -> None:
        """Write a line above the bars."""
        if self._bars is not None:
            self._console.print(plain_lines(text), highlight=False, markup=False, soft_wrap=True)
        else:
            say(text)

    def __call__(self, progress: Progress) -> None:
        """Show a change."""
        if self._bars is not None:
            self._show_bars(self._bars, progress)
        else:
            self._show_line(progress)

    def _show_bars(self, bars: Bars, progress: Progress) -> None:
        if progress.phase is Phase.READING:
            if "read" not in self._tasks:
                self._tasks["read"] = bars.add_task("rows read", total=None)
            bars.update(self._tasks["read"], completed=progress.rows)  # type: ignore[arg-type]  # rich's TaskID is an int
            return
        total = max(0, progress.rows - progress.rejected - progress.undecided)
        for name, words in LINES:
            if name not in self._tasks:
                self._tasks[name] = bars.add_task(words, total=total)
            bars.update(self._tasks[name], completed=getattr(progress, name), total=total)  # type: ignore[arg-type]  # as above

    def _show_line(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.phase is self._phase and now - self._last < UPDATE_SECONDS:
            return
        if progress.phase is Phase.DONE or (progress.phase is Phase.READING and not progress.rows):
            return
        self._phase, self._last = progress.phase, now
        text = f"{progress.phase.value}: {counted(progress.rows, 'row')}"
        if progress.phase is not Phase.READING:
            text += f", {progress.sent} sent, {progress.created} imported, {progress.labelled} with labels"
            text += f", {progress.rejected} rejected" if progress.rejected else ""
        self.say(text)
