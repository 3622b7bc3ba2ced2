"""The execution of a job in the terminal: progress, clean shutdown, and results."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from attrs import frozen

from ..bulk import PERMANENT_STATUSES, JobObserver, JobRunner, JobSummary, JournalLocation, RowProblems
from ..errors import AuthenticationError, ConfigurationError, CplError, NotFound, PermissionDenied
from ..messages import texts
from .access import Access
from .failures import CANNOT_RUN, INTERRUPTED, NOT_ALL, described, fail, failure_of, needing_extra, quiet_libraries
from .languages import of_server
from .output import print_json, print_text, say
from .progress import Display
from .summary import in_words

__all__ = ["Problems", "StopMessages", "run_job", "sandbox_beside"]

MAX_LINES = 50
"""Maximum number of invalid rows on the screen; the file of rejected rows lists all of them."""
Run = JobRunner[JobSummary]


@contextmanager
def sandbox_beside(place: JournalLocation) -> Iterator[Access]:
    """Run a sandbox in this process, with its state beside the journal."""
    with needing_extra("sandbox"):
        from ..sandbox import Sandbox, SandboxSettings
    place.prepare()
    with Sandbox(SandboxSettings(state=place.folder / "server.sqlite3")) as server:
        yield Access(client_id="sandbox", client_secret="sandbox", base_url=server.base_url)  # noqa: S106 - a secret of the sandbox only


@frozen(kw_only=True)
class StopMessages:
    """The messages for an interrupted run."""

    ending: str = "ending: nothing more is sent, what is under way is written down (again to stop at once)"
    ended: str = "stopped; run the same command again to go on: nothing that is settled is sent again"


def run_job(run: Run, access: Access, as_json: bool, words: StopMessages) -> None:
    """Run, print the result of each row, and exit with the documented status."""
    gc.collect()
    gc.freeze()  # imported objects stay: repeated garbage collection of them would delay requests
    display = Display()
    quiet_libraries(display.say)
    problems = Problems(display.say, run.options.language)
    run.observer = JobObserver(progress=display, rejected=problems, note=lambda note: display.say(f"note: {note}"))
    try:
        with display:
            summary = asyncio.run(_run_with_client(run, access, display, words))
    except (KeyboardInterrupt, asyncio.CancelledError):
        say(words.ended)
        raise SystemExit(INTERRUPTED) from None
    except (CplError, OSError, MemoryError, ExceptionGroup) as error:
        failure = failure_of(error)
        if failure is None or not run.began_sending:
            raise
        problems.tell_rest()
        fail(f"{described(failure)}; parcels may have been created: run the same command again to go on", NOT_ALL)
    problems.tell_rest()
    if run.stopped_by is not None:
        say(f"sending ended early: {run.stopped_by}")
        if run.stopped_by.status in PERMANENT_STATUSES:
            say(f"is {access.base_url} the address of the API? `cpl doctor` tries it")
    status = _status(summary, run)
    if as_json:
        print_json(summary.as_json())
    else:
        print_text(in_words(summary, run))
    raise SystemExit(status)


def _status(summary: JobSummary, run: Run) -> int:
    """Return the exit status: 2 only if certainly nothing was sent."""
    on_the_server = summary.shipped + summary.shipped_without_label + summary.undecided - summary.not_sent
    if run.stopped_by is not None and not on_the_server and _is_setting(run.stopped_by):
        return CANNOT_RUN
    if run.interrupted:
        return INTERRUPTED
    return 0 if summary.all_shipped and run.stopped_by is None else NOT_ALL


async def _run_with_client(run: Run, access: Access, display: Display, words: StopMessages) -> JobSummary:
    """Run with a client; the first Ctrl-C or SIGTERM ends it cleanly, the second at once."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()

    def end() -> None:
        if run.interrupted and task is not None:
            task.cancel()
            return
        run.stop()
        display.say(words.ending)

    with suppress(NotImplementedError):  # Windows: Ctrl-C then stops at once, and loses nothing either
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end)
    async with access.client(language=of_server(run.options.language)) as client:
        return await run.run(client)


def _is_setting(error: CplError) -> bool:
    return isinstance(error, (AuthenticationError, PermissionDenied, NotFound, ConfigurationError))


class Problems:
    """Prints invalid rows, the first ones on the screen."""

    def __init__(self, write: Any, language: str, *, every: bool = False) -> None:
        self._write = write
        self._language = language
        self._every = every
        self._rows = 0

    def __call__(self, rejected: RowProblems) -> None:
        self._rows += 1
        if self._every or self._rows <= MAX_LINES:
            words = texts("summary", self._language)
            where = words["row"].format(number=rejected.number) + (
                words["line"].format(line=rejected.line) if rejected.line else ""
            )
            for problem in rejected.problems:
                name = rejected.heading(problem.column) if problem.column else ""
                column = words["column"].format(column=name) if name else words["whole"]
                self._write(f"{where}, {column}: {problem.text(self._language)}")

    def tell_rest(self) -> None:
        if not self._every and self._rows > MAX_LINES:
            say(texts("summary", self._language)["more"].format(count=self._rows - MAX_LINES))
