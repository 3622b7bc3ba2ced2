# generated from cpl_async/bulk/api.py by tools/generate_sync.py, do not edit
"""The bulk engine as a client offers it: many shipments, exactly once, and the jobs that they are shipped in."""

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
    from cpl_async.bulk.jobs import BulkJob, JobCancelled, Resolution, UndecidedRow
    from cpl_async.bulk.journal.shard_repository import ShardStats
    from cpl_async.bulk.output.folder import JobSummary
    from cpl_async.bulk.progress import Progress
    from cpl_async.bulk.reconcile.canceller import CancelResult
    from cpl_async.bulk.runs.enqueue import EnqueuedJob
    from cpl_async.bulk.runs.row_stream import OrderResult, ShipResult
    from cpl_async.bulk.runs.worker import ShardResult
    from cpl_async.models.order_batches import Order
    from cpl_async.models.shipment_batches import Shipment

__all__ = ["Bulk"]


class Bulk(proxies.SyncProxy[core.Bulk]):
    """Many shipments, exactly once on an API that takes everything twice; needs the extra ``bulk``.

    What is about to be sent is written to a journal first, so that any stop loses nothing and repeats nothing.
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
        """Ship any number of rows and yield one result for each, as it settles; memory stays flat.

        Give the same name and the same rows again after any stop: what is settled is told again and not sent again.

        :param rows: shipments, or mappings with columns as ``cpl ship`` reads them; read as they are needed.
        :param name: of the job.
        :param columns: key of the mappings → our column, for keys that are not recognised.
        :param labels: folder of the labels; beside the journal unless given.
        :param options: see :class:`BulkOptions`.
        :return: results in the order in which rows settle; leaving early ends the run in good order.
        :raises ConfigurationError: for an option that cannot be used.
        :raises JournalError: when the journal cannot be used, or another run is at work on this job.
        """
        return portal.iterate(self._core.ship, rows, name=name, columns=columns, label_dir=label_dir, **options)

    def order(
        self, orders: Iterable[Order], *, name: str, **options: Unpack[BulkOptions]
    ) -> Generator[OrderResult, None, None]:
        """Order any number of collections and transports, exactly once, and yield one result for each as it settles.

        An order is known again by its reference, its day and its number of parcels, since the list of orders shows no
        moment at which they were made.

        :param orders: read as they are needed, each with a reference of its own.
        :param name: of the job; give it again after any stop.
        :param options: see :class:`BulkOptions`; those about labels do nothing here.
        :return: results in the order in which orders settle.
        :raises ConfigurationError: for an option that cannot be used.
        :raises JournalError: when the journal cannot be used, or another run is at work on this job.
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
        """Ship a file, as ``cpl ship`` does; run it again after any stop.

        :param path: CSV, Excel, Parquet or JSON Lines; see the docs for what its columns may be called.
        :param out: folder for labels, tables, report and protocol.
        :param name: of the job; without one it is known by the file's content.
        :param on_progress: called with the counts while the job runs, never more often than it returns.
        :param options: see :class:`FileOptions` and :class:`BulkOptions`.
        :return: what became of the rows, counted.
        :raises ConfigurationError: when the file, the output or an option cannot be used; nothing was sent.
        :raises JournalError: when the journal cannot be used, or another run is at work on the same job or output.
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
        """Go on with a job by its name; its input is not needed.

        :param out: another output folder than before.
        :param on_progress: see :meth:`ship_file`.
        :param options: see :class:`BulkOptions`; the layout of labels is as before.
        :return: what became of the rows, counted.
        :raises JournalError: when there is no such job, or another run is at work on it.
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
        """Take rows in and cut their job into parts, for workers on any hosts; nothing is sent by this call.

        The journal must be in PostgreSQL. Whoever calls :meth:`work` carries a part; the last one makes labels, tables
        and papers. Call it again after any stop: while workers are at the job it stays as it is.

        :param source: a file, as :meth:`ship_file` reads it, or rows, as :meth:`ship` takes them.
        :param out: folder for labels and reports on the host of the worker that comes last: its whole path.
        :param name: of the job; a file's job is known by its content without one.
        :param shard_size: rows in a part, at least 1.
        :param columns: of rows, see :meth:`ship`.
        :param options: see :class:`FileOptions` and :class:`BulkOptions`.
        :return: the job's name, and how its parts stand.
        :raises ConfigurationError: when the file or an option cannot be used, or the journal is a file.
        :raises JournalError: when the journal cannot be used, or a run has the job to itself.
        """
        return portal.call(
            self._core.enqueue, source, out=out, name=name, shard_size=shard_size, columns=columns, **options
        )

    def process_shard(
        self, name: str, *, lease: float = LEASE_SECONDS, on_progress: Callable[[Progress], object] | None = None
    ) -> ShardResult:
        """Carry one part of a job that was handed over to its end: a part that is free, or that a dead worker has left.

        :param name: of the job.
        :param lease: seconds after which another worker takes the part, if nothing is heard of this one; at least 1.
        :param on_progress: see :meth:`ship_file`.
        :return: what was done, and how the job's parts stand now; no part, when there was none to be had.
        :raises JournalError: without such a job, or when the part was taken over meanwhile.
        """
        return portal.call(self._core.process_shard, name, lease=lease, on_progress=on_progress)

    def shards(self, name: str) -> ShardStats:
        """Return how the parts of a job stand that was handed over.

        :raises JournalError: when there is none of this name.
        """
        return portal.call(self._core.shards, name)

    def jobs(self) -> list[BulkJob]:
        """Return all jobs of this account, the newest first."""
        return portal.call(self._core.jobs)

    def job(self, name: str) -> BulkJob:
        """Return how one job stands.

        :raises JournalError: when there is none of this name.
        """
        return portal.call(self._core.job, name)

    def undecided(self, name: str) -> Generator[UndecidedRow, None, None]:
        """Yield the rows of a job of which nobody knows whether they were created, with what is known.

        :raises JournalError: when there is no such job.
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
        """Cancel all shipments of a job that can still be cancelled, and see that they are.

        :raises JournalError: without such a job, or while a run is at work on it.
        """
        return portal.call(self._core.cancel, name)

    def cancel_shipments(
        self, numbers: Iterable[str], *, patience: float = 60.0
    ) -> Generator[CancelResult, None, None]:
        """Cancel any number of parcels, see that they are cancelled, and yield what became of each.

        One whose answer is lost is asked after; one that is cancelled already is cancelled.

        :param numbers: shipment numbers, read as they are needed.
        :param patience: seconds after which a parcel that is not seen cancelled is given as unclear.
        :return: results in groups, in the order of the numbers; ``refused`` has the carrier's words.
        :raises ConfigurationError: for what is no list of numbers.
        """
        return portal.iterate(self._core.cancel_shipments, numbers, patience=patience)

    def purge(self, name: str, *, force: bool = False) -> None:
        """Remove the personal data of a job; its counts stay, and keyed hashes by which its references are known.

        :param force: also when rows are not settled: what becomes of them can then not be found out any more.
        :raises JournalError: without such a job, with rows that are not settled, or while a run is at work on it.
        """
        portal.call(self._core.purge, name, force=force)

    def journal(self) -> str:
        """Return where this account's journal is: what it knows is what keeps shipments from being sent twice.

        :return: the path of its file, or the address of its PostgreSQL without a password.
        """
        return portal.call(self._core.journal)
