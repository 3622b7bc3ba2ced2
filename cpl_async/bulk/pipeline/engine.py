"""The engine that runs one planned job to its end: send, poll, reconcile, fetch labels."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from math import inf
from pathlib import Path

from attrs import define, field

from ...errors import CplError
from ...system.clock import monotonic
from ...system.error_groups import ungrouped
from ...transport.write_deadline import WriteDeadline, elapsed
from ..client_protocols import BulkClient
from ..journal import Journal
from ..journal.batch_repository import RowResult
from ..journal.journal import Job
from ..options import JobOptions
from ..parsing.column_mapping import PLAIN, FileSchema
from ..progress import JobObserver, Phase, Progress
from ..reconcile.carrier_clock import CarrierClock
from ..reconcile.reconciler import Reconciler
from ..reconcile.resend import ResendStep
from ..reconcile.schedule import SettlePolicy
from ..records import BatchState, RowProblems
from ..shutdown import unless_stopped
from .job_type import SHIPMENTS, JobType
from .label_fetcher import LabelFetcher
from .poller import BatchPoller, OpenBatch
from .sender import AcceptedBatch, BatchSender, SendingHalted, default_write_deadline

__all__ = ["Engine", "RowBuffer"]

MAX_PILOTS = 3
"""Maximum number of pilot batches, sent one after the other."""
PILOT_SECONDS = 60.0
"""Seconds within which a pilot should be found; after that, the rest is sent anyway."""
BATCHES_AHEAD = 16
"""Batches that are created in one step: the first is sent while the others are created."""
LINGER_SECONDS = 1.0
"""Seconds that planned rows wait until their batch is full."""
DEADLINE_CHECK_SECONDS = 5.0
FIRST_LOOK = 0.2
SLOWEST_LOOK = 5.0


@define
class RowBuffer:
    """The state of row planning that continues while the job runs."""

    ended: bool = True
    hurried: bool = False
    """Whether planned rows are sent even if their batch is not full."""
    _changed: asyncio.Event = field(factory=asyncio.Event)
    _waiting_since: float = inf

    def notify(self, *, ended: bool = False) -> None:
        """Notify the engine of planned rows, or of the end of planning.

        :param ended: Whether no more rows will be planned. Default: ``False``.
        """
        self.ended = self.ended or ended
        self._changed.set()

    def flush(self) -> None:
        """Request sending of incomplete batches: no more rows come before some of these are settled."""
        self.hurried = True
        self._changed.set()

    async def wait_for_rows(self, free: int) -> None:
        """Wait for more rows, or for the end; rows that wait too long are sent in an incomplete batch.

        :param free: Number of rows that wait already.
        """
        now = monotonic()
        self._waiting_since = min(self._waiting_since, now) if free else now
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, self._waiting_since + LINGER_SECONDS - now)):
                await self._changed.wait()
        if monotonic() >= self._waiting_since + LINGER_SECONDS:
            self.hurried = True
            self._waiting_since = inf
        self._changed.clear()


@define(kw_only=True)
class Engine:
    """The execution of one job in one run."""

    client: BulkClient
    journal: Journal
    job: Job
    options: JobOptions
    label_dir: Path
    """Folder of the labels as they are fetched."""
    picture_dir: Path
    """Folder of labels that stay single files."""
    stop: asyncio.Event
    """Set when the run should end: open writes are completed, nothing else begins."""
    progress: Progress
    observer: JobObserver
    schema: FileSchema = PLAIN
    """Column names of the input, for messages about rows that the server rejects."""
    job_type: JobType = SHIPMENTS
    row_buffer: RowBuffer = field(factory=RowBuffer)
    write_deadline: Callable[[], WriteDeadline] = default_write_deadline
    """Returns the write deadline of an attempt that begins now."""
    clock: CarrierClock
    """The clock for the timestamps of writes in the journal."""
    is_whole_job: bool = True
    """Whether it runs the whole job. Labels, the final sweep and cancellations are steps of the whole job only."""
    stopped_by: CplError | None = field(init=False, default=None)
    """Why sending ended early, or ``None`` if it did not."""
    is_past_deadline: bool = field(init=False, default=False)
    """Whether the deadline passed before the end."""
    _halt: asyncio.Event = field(init=False, factory=asyncio.Event)
    """Set when nothing more should be sent or searched for; labels are still fetched."""
    _lost: bool = field(init=False, default=False)
    """Whether there is a lost response whose rows are not searched for yet."""
    _imports: dict[int, asyncio.Event] = field(init=False, factory=dict)
    _reconciler: Reconciler = field(init=False)
    _resend_step: ResendStep = field(init=False)
    _poller: BatchPoller = field(init=False)
    _sender: BatchSender = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._reconciler = Reconciler(
            strategy=self.job_type.reconcile,
            search=self.job_type.reconcile.search(self.client),
            repository=self.journal.reconciliation,
            job=self.job.id,
            settle_policy=SettlePolicy(settle_time=self.options.settle_time),
            clock=self.clock.now,
            is_shared=self.journal.is_shared,
            stop=self._halt,
            on_found=self._found,
            on_requeued=self._record_requeued,
            on_note=self.observer.note,
        )
        self._resend_step = ResendStep(
            calls=self.client.shipments,
            cancellations=self.journal.cancellations,
            job=self.job.id,
            options=self.options,
            has_labels=self.job_type.has_labels,
            stop=self._halt,
            on_cancelled=lambda count: self._count("created")(-count),
            on_note=self.observer.note,
        )
        self._sender = BatchSender(
            calls=self.job_type.send(self.client),
            batches=self.journal.batches,
            body_tail=self.job.body_tail,
            stop=self._halt,
            on_accepted=self._record_accepted,
            on_rejected=self._report_rejected,
            on_undecided=self._record_unknown,
            on_note=self.observer.note,
            write_deadline=self.write_deadline,
            check_clock=self.clock.check,
        )

    async def run(self, *, sending: bool) -> None:
        """Run until nothing is left to do, or :attr:`stop` is set.

        :param sending: Whether planned rows may be sent; else only batches that were sent before are processed.
        """
        if sending:
            await self.clock.check()
        watching = [asyncio.create_task(self._halt_at_deadline()), asyncio.create_task(self._halt_when_stopped())]
        try:
            await self._work(sending=sending)
            if self.is_whole_job and not self.stop.is_set() and self.stopped_by is None:
                await self._reconciler.final_sweep()
                await self._resend_step.cancel_duplicates()
        finally:
            for task in watching:
                task.cancel()

    async def _work(self, *, sending: bool) -> None:
        course = self.journal.batches
        labelling = LabelFetcher(
            client=self.client,
            batches=course,
            job=self.job.id,
            label_format=self.options.label_format,
            label_dir=self.label_dir,
            picture_dir=self.picture_dir,
            stop=self.stop,
            on_labelled=self._count("labelled"),
            on_end=self._end,
        )
        with ungrouped():
            async with asyncio.TaskGroup() as tasks:

                async def end_batch(batch: OpenBatch) -> None:
                    if (imported := self._imports.get(batch.batch)) is not None:
                        imported.set()
                    if not self.is_whole_job:
                        return
                    if self.job_type.has_labels:
                        tasks.create_task(labelling.fetch(batch.batch, batch.remote_id))
                    else:
                        self._count("labelled")(await course.settle_batch(batch.batch))

                self._poller = self._new_poller(end_batch)
                for number, remote_id in await course.batches_in(self.job.id, BatchState.IMPORTED):
                    await end_batch(OpenBatch(batch=number, remote_id=remote_id, accepted_at=elapsed()))
                for number, remote_id in await course.batches_in(self.job.id, BatchState.ACCEPTED):
                    self._poller.add(OpenBatch(batch=number, remote_id=remote_id, accepted_at=elapsed()))
                tasks.create_task(self._poller.run())
                tasks.create_task(self._reconciler.run())
                await self._reconciler.adopt_undecided()
                if sending:
                    self._enter(Phase.SENDING)
                    await self._send_all()
                self._poller.no_more()
                self._reconciler.no_more()

    def _new_poller(self, on_imported: Callable[[OpenBatch], Awaitable[None]]) -> BatchPoller:
        return BatchPoller(
            calls=self.job_type.state(self.client),
            result_from_item=self.job_type.result_from_item,
            batches=self.journal.batches,
            import_timeout=self.options.import_timeout,
            stop=self.stop,
            on_imported=on_imported,
            on_created=self._count("created"),
            on_rejected=self._report_rejected,
            on_undecided=self._count("undecided"),
            on_end=self._end,
        )

    async def _send_all(self) -> None:
        """Send rows that are planned, and those that are requeued, until nothing is left to send."""
        piloted = False
        while not self._over:
            ended = self.row_buffer.ended  # read first: rows planned after this are sent in the next round
            if self.journal.has_gap:
                await self._reconciler.adopt_undecided()
            free = await self.journal.rows.count_unbatched(self.job.id)
            if free and not piloted:
                piloted = True
                await self._send_pilot()
                continue
            if ended or self.row_buffer.hurried or free >= self.options.batch_size:
                self.row_buffer.hurried = False
                await self._make_batches()
            waiting = [number for number, _ in await self.journal.batches.batches_in(self.job.id, BatchState.PLANNED)]
            if waiting:
                await self._send(waiting, refill=ended)
            elif not ended:
                await unless_stopped(self._halt, self.row_buffer.wait_for_rows(free))
            elif self._reconciler.open:
                await unless_stopped(self._halt, self._reconciler.wait_for_change())
            elif not self.is_whole_job or not await self._resend_step.cancel_unlabelled():
                return

    @property
    def _over(self) -> bool:
        return self._halt.is_set() or self.stopped_by is not None

    async def _make_batches(self) -> list[int]:
        return await self.journal.rows.make_batches(self.job.id, self.options.batch_size, most=BATCHES_AHEAD)

    async def _send(self, batches: Sequence[int], *, refill: bool = False) -> None:
        """Send batches concurrently.

        :param refill: Whether further rows are assigned to batches when these are sent. Default: ``False``.
        """
        waiting, turn = deque(batches), asyncio.Lock()

        async def next_one() -> int | None:
            async with turn:
                if not waiting and refill:
                    waiting.extend(await self._make_batches())
                return waiting.popleft() if waiting else None

        async def send_some() -> None:
            while not self._over and (batch := await next_one()) is not None:
                try:
                    await self._sender.send(batch)
                    await self._reconcile_lost()
                except SendingHalted as end:  # the other tasks end by themselves: their open writes are not interrupted
                    self._end(end.reason)

        async with asyncio.TaskGroup() as senders:
            for _ in range(self.options.max_concurrency if refill else min(self.options.max_concurrency, len(batches))):
                senders.create_task(send_some())

    async def _reconcile_lost(self) -> None:
        if self._lost:
            self._lost = False
            await self._reconciler.adopt_undecided()

    async def _send_pilot(self) -> None:
        """Verify that the search for lost responses works. If no control shipment is known, send a few rows first,
        which then serve as control shipments."""
        unclear = self.journal.reconciliation
        if not self.options.pilot_rows or await unclear.control_shipments(self.job_type.name, 1):
            return
        for _ in range(MAX_PILOTS):
            if self._over or await self.journal.rows.count_unbatched(self.job.id) <= self.options.pilot_rows:
                return  # the rest is no larger than a pilot
            await self.journal.rows.make_batches(
                self.job.id, min(self.options.pilot_rows, self.options.batch_size), most=1
            )
            for number, _ in await self.journal.batches.batches_in(self.job.id, BatchState.PLANNED):
                imported = self._imports[number] = asyncio.Event()
                await self._send([number])
                with suppress(TimeoutError):
                    async with asyncio.timeout(PILOT_SECONDS if await self._is_accepted(number) else 0):
                        await unless_stopped(self._halt, imported.wait())
            if await unclear.control_shipments(self.job_type.name, 1):
                break
        if not self._over and not await self._pilot_is_seen():
            self.observer.note(
                "the search shows nothing of what was shipped (a missing role, or it lags behind): "
                "should an answer be lost, its rows would stay undecided"
            )

    async def _is_accepted(self, batch: int) -> bool:
        accepted = await self.journal.batches.batches_in(self.job.id, BatchState.ACCEPTED)
        return any(number == batch for number, _ in accepted)

    async def _pilot_is_seen(self) -> bool:
        """Wait until the search shows a shipment of the pilot."""
        until = monotonic() + min(PILOT_SECONDS, self.options.settle_time)
        pause = FIRST_LOOK
        while not self._over:
            if await self._reconciler.sees_control():
                return True
            if monotonic() + pause > until:
                return False
            await unless_stopped(self._halt, asyncio.sleep(pause))
            pause = min(pause * 1.5, SLOWEST_LOOK)
        return True

    async def _halt_when_stopped(self) -> None:
        await self.stop.wait()
        self._halt.set()

    async def _halt_at_deadline(self) -> None:
        if self.options.deadline is None:
            return
        while (left := self.options.deadline - self.clock.now()) > 0:  # the machine may be suspended
            await asyncio.sleep(min(left, DEADLINE_CHECK_SECONDS))
        self.is_past_deadline = True
        self.observer.note("the deadline has come: nothing more is sent, labels of what is done are fetched")
        self._halt.set()

    def _end(self, reason: CplError) -> None:
        """Stop sending, since the server accepts no requests any more."""
        self.stopped_by = self.stopped_by or reason
        self._halt.set()

    def _record_accepted(self, batch: AcceptedBatch) -> None:
        self.progress.sent += batch.rows
        self._poller.add(OpenBatch(batch=batch.batch, remote_id=batch.remote_id, accepted_at=elapsed()))
        self._report_progress()

    def _record_unknown(self, count: int) -> None:
        self._lost = True
        self._count("undecided")(count)

    def _report_rejected(self, results: Sequence[RowResult]) -> None:
        """Report the rows that the server rejected, in the same way as those that validation rejected."""
        for result in results:
            self.observer.rejected(
                RowProblems(number=result.row, line=result.line, problems=result.problems, heading=self.schema.heading)
            )
        if results:
            self.progress.rejected += len(results)
            self._report_progress()

    def _found(self, count: int) -> None:
        self.progress.created += count
        self._record_requeued(count)

    def _record_requeued(self, count: int) -> None:
        self.progress.undecided = max(0, self.progress.undecided - count)
        self._report_progress()

    def _enter(self, phase: Phase) -> None:
        self.progress.phase = phase
        self._report_progress()

    def _count(self, name: str) -> Callable[[int], None]:
        def add(count: int) -> None:
            setattr(self.progress, name, getattr(self.progress, name) + count)
            self._report_progress()

        return add

    def _report_progress(self) -> None:
        self.observer.progress(self.progress)
