"""The sink of a job whose results are files in a folder: labels, tables, report and manifest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from typing import Any

from attrs import define, field

from ...messages import Message
from ...system.blocking import run_blocking
from ...system.error_groups import ungrouped
from ...system.run_lock import exclusive_lock
from ..journal import Journal, JournalLocation
from ..journal.continuity import JournalGone
from ..journal.journal import Job
from ..options import JobOptions
from ..output.disk_space import shortages
from ..output.folder import JobSummary, OutputFolder
from ..output.label_merge import MergePolicy
from ..pipeline.job_run import JobRun
from ..progress import Phase, Progress
from ..records import RowState
from ..reports.builder import make_reports

__all__ = ["FolderSink"]


@define
class FolderSink:
    """Writes the results of a job to a folder."""

    folder: Path
    options: JobOptions
    is_here: bool = True
    """Whether the folder is on this host, and not on a worker's."""
    merge_policy: MergePolicy = field(factory=MergePolicy)
    is_whole_job: bool = field(init=False, default=True)

    _output: OutputFolder = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._output = OutputFolder(self.folder, self.options, self.merge_policy)

    def prepare(self, source: Path | None) -> None:
        """Create the folder, and verify that it is writable and that the input is safe.

        :raises ConfigurationError: It cannot be written, or an output would overwrite the input.
        """
        if self.is_here:
            self._output.prepare(source)

    def locked(self) -> AbstractContextManager[None]:
        """Return a context that keeps other runs out of the folder.

        :raises JournalError: Another run writes into it.
        """
        return exclusive_lock(self._output.lock, f"the output folder {self.folder}")

    async def verify_journal(self, journal: Journal) -> None:
        """Compare the journal with the results in the folder.

        :raises JournalError: It is not the journal of those results.
        """
        await self._output.verify_journal(journal)

    def settings(self, job: Job, place: JournalLocation, options: JobOptions) -> dict[str, Any]:
        """Return the settings that a later run of this job by its name alone needs."""
        layout = {"a4": options.a4, "position": options.position, "batch_size": options.batch_size}
        return {"out": str(self.folder.absolute()), **layout}

    def label_dirs(self, job: Job) -> tuple[Path, Path]:
        """Return two folders: for labels that will be merged, and for those that are not."""
        return self._output.label_dir(job), self._output.picture_dir

    async def settled_before(self, run: JobRun) -> JobSummary | None:
        """Return the summary of an earlier run if nothing is left to do and all its files are there."""
        journal, job = run.journal, run.job
        if not job.finished or await run.has_work(sending=True):
            return None
        if not self._output.is_complete_for(job, await journal.batches.label_files(job.id)):
            return None
        return await self._output.summary(journal, job, already_done=True)

    async def begin(self, run: JobRun) -> None:
        """Have labels fetched again whose file is missing, and compare the space on the disks with the job's need."""
        journal, job, output = run.journal, run.job, self._output
        files = await journal.batches.label_files(job.id)
        await journal.batches.forget_labels(job.id, await run_blocking(output.missing, files))
        if (other := output.previous_job(job)) is not None:
            run.observer.note(f"{self.folder} held the results of the job {other}; they are replaced")
        counts = await journal.row_queries.counts(job.id)
        if counts[RowState.PLANNED]:
            folder = None if journal.is_shared else journal.place.folder
            for shortage in shortages(folder, self.folder, rows=counts[RowState.PLANNED]):
                run.observer.note(shortage)
        run.progress = Progress.from_counts(counts)

    def collecting(self, run: JobRun) -> AbstractAsyncContextManager[None]:
        """Return a context in which labels are merged as they are fetched."""
        return self._output.merging(run.journal.row_queries, run.job)

    def accept_no_more(self) -> None:
        """Do nothing: all rows are planned before."""

    async def end(self, run: JobRun, why_not_sent: Message | None) -> JobSummary:
        """Write all files; the reports are made while the labels are merged."""
        run.enter(Phase.JOINING)
        journal, output = run.journal, self._output
        job = await journal.read(run.job.id)
        written = await output.write_tables(journal, job, why_not_sent=why_not_sent)
        failed_reports: list[str] = []
        with ungrouped():
            async with asyncio.TaskGroup() as tasks:
                merging = tasks.create_task(output.merge_labels(written))
                if self.options.reports:
                    language = self.options.language
                    making = make_reports(
                        journal, job, written.summary, written.reasons, self.folder, language=language
                    )
                    tasks.create_task(_into(failed_reports, making))
        for problem in failed_reports:
            run.observer.note(problem)
        await journal.read(job.id)  # raises if the job was lost in the meantime, before its end is recorded
        output.write_summary(written)
        try:
            journal.verify_files()
        except JournalGone as gone:
            run.stopped_by = run.stopped_by or gone
        if (failure := merging.result()) is not None:
            raise failure
        summary = written.summary
        if summary.rows == summary.shipped + summary.rejected + summary.cancelled:
            await journal.finish(job.id)
            await run_blocking(output.remove_single_labels, job)  # thousands of files
        run.enter(Phase.DONE)
        return summary


async def _into(found: list[str], work: Awaitable[list[str]]) -> None:
    """Add the files that could not be made; a disk that fails must not affect the labels."""
    try:
        found += await work
    except OSError as error:
        found.append(f"report and manifest were not made: {error.strerror or error}")
