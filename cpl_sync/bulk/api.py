# generated from cpl_async/bulk/api.py by tools/generate_sync.py, do not edit
"""The bulk engine as an attribute of a client: it ships many shipments exactly once and manages their jobs."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from cpl_async.bulk import api as core
from cpl_async.bulk.api import SHARD_SIZE
from cpl_async.bulk.runs.lease import LEASE_SECONDS

from .. import portal, proxies

if TYPE_CHECKING:
    from cpl_async.bulk.api import BulkOptions, FileOptions
    from cpl_async.bulk.jobs import BulkJob, JobCancelled, UndecidedRow
    from cpl_async.bulk.journal.shard_repository import ShardStats
    from cpl_async.bulk.output.folder import JobSummary
    from cpl_async.bulk.progress import Progress
    from cpl_async.bulk.reconcile.canceller import CancelResult
    from cpl_async.bulk.records import Resolution
    from cpl_async.bulk.runs.enqueued_job import EnqueuedJob
    from cpl_async.bulk.runs.row_results import OrderResult, ShipResult
    from cpl_async.bulk.runs.worker import ShardResult
    from cpl_async.models.order_batches import Order
    from cpl_async.models.shipment_batches import Shipment

__all__ = ["Bulk"]


class Bulk(proxies.SyncProxy[core.Bulk]):
    """The bulk engine: many shipments, exactly once on an API that accepts duplicates; needs the extra ``bulk``.

    Each batch is recorded in a journal before it is sent, so that an interruption loses nothing and repeats nothing.
    """

    __slots__ = ()

    def ship(
        self,
        rows: Iterable[Shipment | Mapping[str, Any]],
        *,
        name: str,
        columns: Mapping[str, str] | None = None,
        label_dir: str | Path | None = None,
        **options: Unpack[BulkOptions],
    ) -> Generator[ShipResult, None, None]:
        """Ship any number of rows and yield one result for each, as it settles, in constant memory.

        After an interruption, pass the same name and rows again: rows that are already settled are reported again but
        not resent.

        :param rows: Shipments, or mappings with columns as ``cpl ship`` reads them; read as they are needed.
        :param name: Name of the job.
        :param columns: Key of the mappings → column of this library, for keys that are not recognized.
        :param label_dir: Folder of the labels. Default: beside the journal.
        :param options: See :class:`BulkOptions`.
        :return: Results in the order in which rows settle; closing the generator early ends the run cleanly.
        :raises ConfigurationError: An option cannot be used.
        :raises JournalError: The journal cannot be used, or another run holds this job.
        """
        return portal.iterate(self._core.ship, rows, name=name, columns=columns, label_dir=label_dir, **options)

    def order(
        self, orders: Iterable[Order], *, name: str, **options: Unpack[BulkOptions]
    ) -> Generator[OrderResult, None, None]:
        """Order any number of collections and transports, exactly once, and yield one result for each as it settles.

        After a lost response, an order is recognized by its reference, its day and its number of parcels, since the
        list of orders shows no time of creation.

        :param orders: Orders, each with a reference of its own; read as they are needed.
        :param name: Name of the job; pass it again after an interruption.
        :param options: See :class:`BulkOptions`; those for labels have no effect here.
        :return: Results in the order in which orders settle.
        :raises ConfigurationError: An option cannot be used.
        :raises JournalError: The journal cannot be used, or another run holds this job.
        """
        return portal.iterate(self._core.order, orders, name=name, **options)

    def ship_file(
        self,
        path: str | Path,
        out: str | Path = "out",
        *,
        name: str | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        **options: Unpack[FileOptions],
    ) -> JobSummary:
        """Ship a file, as ``cpl ship`` does; run it again after an interruption.

        :param path: CSV, Excel, Parquet or JSON Lines; the docs list the accepted names of columns.
        :param out: Folder for labels, tables, report and manifest. Default: ``out``.
        :param name: Name of the job. Default: a hash of the file's content.
        :param on_progress: Called with the counts while the job runs, one call at a time.
        :param options: See :class:`FileOptions` and :class:`BulkOptions`.
        :return: Number of rows by result.
        :raises ConfigurationError: The file, the output or an option cannot be used; nothing was sent.
        :raises JournalError: The journal cannot be used, or another run holds the same job or output.
        """
        return portal.call(self._core.ship_file, path, out, name=name, on_progress=on_progress, **options)

    def resume(
        self,
        name: str,
        *,
        out: str | Path | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        **options: Unpack[BulkOptions],
    ) -> JobSummary:
        """Resume a job by its name; its input is not needed.

        :param out: Output folder. Default: the folder of the last run.
        :param on_progress: See :meth:`ship_file`.
        :param options: See :class:`BulkOptions`; the layout of labels is unchanged.
        :return: Number of rows by result.
        :raises JournalError: There is no such job, or another run holds it.
        """
        return portal.call(self._core.resume, name, out=out, on_progress=on_progress, **options)

    def enqueue(
        self,
        source: str | Path | Iterable[Shipment | Mapping[str, Any]],
        *,
        out: str | Path,
        name: str | None = None,
        shard_size: int = SHARD_SIZE,
        columns: Mapping[str, str] | None = None,
        **options: Unpack[FileOptions],
    ) -> EnqueuedJob:
        """Ingest rows and divide their job into shards, for workers on any hosts; this call sends nothing.

        The journal must be in PostgreSQL. Each call of :meth:`process_shard` processes a shard; the last one makes
        labels, tables and reports. Call this method again after an interruption: while workers process the job it stays
        unchanged.

        :param source: A file, as :meth:`ship_file` reads it, or rows, as :meth:`ship` takes them.
        :param out: Folder for labels and reports on the host of the last worker, as an absolute path.
        :param name: Name of the job. Default: for a file, a hash of its content.
        :param shard_size: Rows in a shard, at least 1. Default: 10,000.
        :param columns: Columns of the rows, see :meth:`ship`.
        :param options: See :class:`FileOptions` and :class:`BulkOptions`.
        :return: The job's name, and the state of its shards.
        :raises ConfigurationError: The file or an option cannot be used, or the journal is a file.
        :raises JournalError: The journal cannot be used, or a run holds the job.
        """
        return portal.call(
            self._core.enqueue, source, out=out, name=name, shard_size=shard_size, columns=columns, **options
        )

    def process_shard(
        self, name: str, *, lease: float = LEASE_SECONDS, on_progress: Callable[[Progress], object] | None = None
    ) -> ShardResult:
        """Process one shard of an enqueued job to its end: a free shard, or one whose lease has expired.

        :param name: Name of the job.
        :param lease: Seconds after which another worker takes the shard over if the lease is not renewed, at least 1.
            Default: 60.
        :param on_progress: See :meth:`ship_file`.
        :return: Result of the shard, and the state of the job's shards; without a shard if there was no free one.
        :raises JournalError: There is no such job, or the shard was taken over in the meantime.
        """
        return portal.call(self._core.process_shard, name, lease=lease, on_progress=on_progress)

    def shards(self, name: str) -> ShardStats:
        """Return the state of the shards of an enqueued job.

        :raises JournalError: There is no job with this name.
        """
        return portal.call(self._core.shards, name)

    def jobs(self) -> list[BulkJob]:
        """Return all jobs of this account, the newest first."""
        return portal.call(self._core.jobs)

    def job(self, name: str) -> BulkJob:
        """Return the state of one job.

        :raises JournalError: There is no job with this name.
        """
        return portal.call(self._core.job, name)

    def undecided(self, name: str) -> Generator[UndecidedRow, None, None]:
        """Yield the rows of a job whose result is unknown, with the reasons.

        :raises JournalError: There is no such job.
        """
        return portal.iterate(self._core.undecided, name)

    def resolve(self, name: str, reference: str, resolution: Resolution, *, numbers: Iterable[str] = ()) -> None:
        """Store the decision of a person on an undecided row.

        :param name: Name of the job.
        :param reference: Reference of the row.
        :param resolution: The decision: shipped, resend or abandon.
        :param numbers: Numbers of its parcels, the master first, for ``Resolution.SHIPPED`` only. Default: none.
        :raises ConfigurationError: Decision and numbers do not fit together.
        :raises JournalError: There is no such job or row, the row is not undecided, or the job is running.
        """
        portal.call(self._core.resolve, name, reference, resolution, numbers=numbers)

    def cancel(self, name: str) -> JobCancelled:
        """Cancel all shipments of a job that can still be cancelled, and confirm each cancellation.

        :raises JournalError: There is no such job, or a run holds it.
        """
        return portal.call(self._core.cancel, name)

    def cancel_shipments(
        self, numbers: Iterable[str], *, patience: float = 60.0
    ) -> Generator[CancelResult, None, None]:
        """Cancel any number of parcels, confirm each cancellation, and yield the result of each.

        After a lost response, a search finds the result; a parcel that is cancelled already counts as cancelled.

        :param numbers: Shipment numbers, read as they are needed.
        :param patience: Seconds after which a parcel whose cancellation is not confirmed is reported as unknown.
            Default: 60.
        :return: Results in groups, in the order of the numbers; ``refused`` has the carrier's message.
        :raises ConfigurationError: It is not a list of numbers.
        """
        return portal.iterate(self._core.cancel_shipments, numbers, patience=patience)

    def purge(self, name: str, *, force: bool = False) -> None:
        """Remove the personal data of a job; its counts and the keyed hashes of its references stay.

        :param force: Whether to remove it even if rows are not settled; their results can then not be found any more.
            Default: ``False``.
        :raises JournalError: There is no such job, it has rows that are not settled, or a run holds it.
        """
        portal.call(self._core.purge, name, force=force)

    def journal(self) -> str:
        """Return the location of this account's journal, which prevents duplicate shipments.

        :return: The path of its file, or the address of its PostgreSQL database without a password.
        """
        return portal.call(self._core.journal)
