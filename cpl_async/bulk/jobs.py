"""The jobs of an account for its users: a list, the state of each, and the decisions about it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from attrs import asdict, field, frozen

from ..errors import ConfigurationError, JournalError
from ..messages import Message, message, text_of
from ..models.codes import LabelFormat
from .client_protocols import ShipmentCalls
from .journal import Journal, JournalLocation
from .journal.job_repository import JobRecord
from .journal.journal import Job
from .journal.shard_repository import ShardStats
from .options import JobOptions
from .output.folder import JobSummary
from .reconcile.canceller import ShipmentCanceller
from .records import Resolution, RowState, ends_of
from .runs.file_run import resumed_run
from .runs.runner import JobRunner

__all__ = ["BulkJob", "JobCancelled", "Jobs", "UndecidedRow"]

NOT_SETTLED = tuple(
    state for state in RowState if state not in (RowState.SHIPPED, RowState.REJECTED, RowState.CANCELLED)
)


@frozen(kw_only=True)
class BulkJob:
    """A job, and the number of its rows by result."""

    name: str
    kind: str
    """``shipments`` or ``orders``."""
    source: str
    """Name of the file that it was created from."""
    state: str
    """``planning``, ``open``, ``finished``, or ``purged`` if its data was removed."""
    created_at: datetime
    rows: int
    shipped: int
    shipped_without_label: int
    rejected: int
    cancelled: int
    undecided: int
    not_sent: int
    """Number of undecided rows that were certainly not sent."""


@frozen(kw_only=True)
class UndecidedRow:
    """A row whose result is unknown."""

    number: int
    """Number of the row, 1 for the first row of the input."""
    line: int
    reference: str = field(repr=False)
    problems: tuple[Message, ...]
    """The reasons, as data."""

    @property
    def message(self) -> str:
        """The reasons, in English."""
        return text_of(self.problems)


@frozen(kw_only=True)
class JobCancelled:
    """The result of cancelling a job."""

    cancelled: int
    """Number of shipments whose cancellation was confirmed."""
    refused: dict[str, str]
    """Shipment number → why it could not be cancelled, or is not confirmed as cancelled."""


class Jobs:
    """The jobs of one account."""

    def __init__(self, place: JournalLocation) -> None:
        self.place = place

    async def list(self) -> list[BulkJob]:
        """Return all jobs, the newest first."""
        if not self.place.may_exist:
            return []
        async with Journal.open(self.place) as journal:
            return [_job_of(line) async for line in journal.jobs.list_jobs()]

    async def show(self, name: str) -> BulkJob:
        """Return one job.

        :raises JournalError: There is no job with this name.
        """
        async with self._opened(name):
            return next(job for job in await self.list() if job.name == name)

    async def shards(self, name: str) -> ShardStats:
        """Return the state of the shards of a job that workers share.

        :raises JournalError: There is no job with this name.
        """
        async with self._opened(name) as (journal, job):
            return await journal.shards.stats(job.id)

    async def undecided(self, name: str) -> AsyncGenerator[UndecidedRow, None]:
        """Yield the rows of a job whose result is unknown, with the reasons.

        :raises JournalError: There is no such job.
        """
        async with self._opened(name) as (journal, job):
            async for row in journal.row_queries.rows(job.id, (RowState.UNDECIDED, RowState.WITHDRAWING)):
                yield UndecidedRow(number=row.number, line=row.line, reference=row.reference, problems=row.problems)

    async def resolve(
        self, name: str, reference: str, resolution: Resolution, *, numbers: tuple[str, ...] = ()
    ) -> None:
        """Store the decision of a person on an undecided row.

        :param name: Name of the job.
        :param reference: Reference of the row.
        :param resolution: The decision.
        :param numbers: Numbers of its parcels, the master first, for ``Resolution.SHIPPED`` only. Default: none.
        :raises ConfigurationError: Decision and numbers do not fit together.
        :raises JournalError: There is no such job or row, the row is not undecided, or the job is running.
        """
        numbers = tuple(number.strip() for number in numbers)
        if len(set(numbers)) < len(numbers) or not all(numbers):
            raise ConfigurationError("the numbers of its parcels must differ, and none may be empty")
        if bool(numbers) is not (resolution is Resolution.SHIPPED):
            raise ConfigurationError("Resolution.SHIPPED needs the numbers of the parcels; the others take none")
        async with self._opened(name) as (journal, job), journal.exclusive(job.id, f"the job {job.name}"):
            await journal.jobs.resolve(job.id, reference, resolution, numbers)

    async def purge(self, name: str, *, force: bool = False) -> None:
        """Remove the personal data of a job; its counts and the keyed hashes of its references stay.

        :param force: Whether to remove it even if rows are not settled; their results can then not be found any more.
            Default: ``False``.
        :raises JournalError: There is no such job, it has rows that are not settled, or a run holds it.
        """
        async with self._opened(name) as (journal, job), journal.exclusive(job.id, f"the job {job.name}"):
            counts = await journal.row_queries.counts(job.id)
            left = sum(counts[state] for state in NOT_SETTLED)
            if left and not force:
                raise JournalError(
                    f"{left} rows of the job {name} are not settled, or have no label: their data is still needed",
                    advice="Resume the job, or resolve them first",
                )
            await journal.shards.delete_all(job.id)
            await journal.jobs.purge(job.id)

    async def cancel(self, name: str, calls: ShipmentCalls, *, patience: float = 60.0) -> JobCancelled:
        """Cancel all shipments of a job that can still be cancelled, and confirm each cancellation.

        :param calls: The client's ``shipments``.
        :param patience: Seconds after which a shipment whose cancellation is not confirmed is left as it is. Default:
            60.
        :raises JournalError: There is no such job, or a run holds it.
        """
        async with self._opened(name) as (journal, job), journal.exclusive(job.id, f"the job {job.name}"):
            of_rows = await journal.jobs.begin_cancelling(job.id)
            numbers = [number for parcels in of_rows.values() for number in parcels]
            results = await ShipmentCanceller(calls=calls, patience=patience).cancel(numbers)
            gone = [row for row, parcels in of_rows.items() if all(results[one].cancelled for one in parcels)]
            refused = {number: text_of(one.reasons) for number, one in results.items() if not one.cancelled}
            kept = {
                row: message(
                    "cancel.failed",
                    reasons=dict.fromkeys(reason for number in parcels for reason in results[number].reasons),
                )
                for row, parcels in of_rows.items()
                if row not in set(gone)
            }
            await journal.jobs.end_cancelling(job.id, gone, kept)
        return JobCancelled(cancelled=len(numbers) - len(refused), refused=refused)

    async def resumed(
        self, name: str, out: Path | None = None, change: Callable[[JobOptions], JobOptions] = lambda last: last
    ) -> JobRunner[JobSummary]:
        """Return a run that resumes a job with the settings of its last run.

        :param out: Output folder. Default: the folder of the last run.
        :param change: Called with the options of the last run; returns those of this one. Default: the same.
        :raises JournalError: There is no such job.
        """
        async with self._opened(name) as (_, job):
            kept = job.settings
        layout = {key: kept[key] for key in ("a4", "position", "batch_size") if key in kept}
        options = change(JobOptions(**layout, label_format=LabelFormat(job.label_format)))
        folder = out or Path(kept.get("out") or "out")
        return resumed_run(name, folder, self.place, options)

    @asynccontextmanager
    async def _opened(self, name: str) -> AsyncIterator[tuple[Journal, Job]]:
        """Open the journal, and find the job.

        :raises JournalError: There is no job with this name.
        """
        if not self.place.may_exist:
            raise JournalError(f"there is no job {name!r}: there is no journal yet at {self.place.display_text}")
        async with Journal.open(self.place) as journal:
            yield journal, await journal.find(name)


def _job_of(line: JobRecord) -> BulkJob:
    state = {"planning": "planning", "finished": "finished"}.get(line.state, "open")
    return BulkJob(
        name=line.name,
        kind=line.kind,
        source=line.source,
        state="purged" if line.purged_at is not None else state,
        created_at=datetime.fromtimestamp(line.created_at, UTC),
        rows=sum(line.counts.values()),
        **asdict(ends_of(line.counts)),
    )
