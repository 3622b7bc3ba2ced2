"""The engine that runs one planned job to its end: send, poll, reconcile, fetch labels."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

from attrs import define, field

from ...errors import CplError
from ...system.clock import monotonic
from ...system.error_groups import ungrouped
from ..journal import Journal
from ..journal.batch_repository import RowResult
from ..journal.journal import Job
from ..options import JobOptions
from ..parsing.column_mapping import PLAIN, FileSchema
from ..progress import Phase
from ..reconcile.reconciler import Reconciler
from ..reconcile.resend import ResendStep
from ..reconcile.schedule import SettlePolicy
from ..records import BatchState, RowProblems
from ..shutdown import unless_stopped
from .job_run import JobRun
from .job_type import SHIPMENTS, JobType
from .label_fetcher import LabelFetcher
from .poll_schedule import OpenBatch, PollSchedule
from .poller import BatchPoller
from .row_buffer import RowBuffer
from .sender import AcceptedBatch, BatchSender, SendingHalted

__all__ = ["Engine"]

MAX_PILOTS = 3
"""Maximum number of pilot batches, sent one after the other."""
PILOT_SECONDS = 60.0
"""Seconds within which a pilot should be found; after that, the rest is sent anyway."""
BATCHES_AHEAD = 16
"""Batches that are created in one step: the first is sent while the others are created."""
DEADLINE_CHECK_SECONDS = 5.0
FIRST_SEARCH_SECONDS = 0.2
MAX_SEARCH_SECONDS = 5.0


@define(kw_only=True)
class Engine:
    """The steps of one run."""

    run: JobRun
    label_dir: Path
    """Folder of the labels as they are fetched."""
    picture_dir: Path
    """Folder of labels that are not merged."""
    schema: FileSchema = PLAIN
    """Column names of the input, for messages about rows that the server rejects."""
    job_type: JobType = SHIPMENTS
    row_buffer: RowBuffer = field(factory=RowBuffer)
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
        run, job = self.run, self._job
        self._reconciler = Reconciler(
            strategy=self.job_type.reconcile,
            search=self.job_type.reconcile.search(run.client),
            repository=run.journal.reconciliation,
            job=job.id,
            settle_policy=SettlePolicy(settle_time=run.options.settle_time),
            clock=run.clock.now,
            is_shared=run.journal.is_shared,
            stop=self._halt,
            on_found=self._record_found,
            on_requeued=self._record_requeued,
            on_note=run.observer.note,
        )
        self._resend_step = ResendStep(
            calls=run.client.shipments,
            cancellations=run.journal.cancellations,
            job=job.id,
            options=run.options,
            has_labels=self.job_type.has_labels,
            stop=self._halt,
            on_cancelled=lambda count: run.adding("created")(-count),
            on_note=run.observer.note,
        )
        self._sender = BatchSender(
            calls=self.job_type.send(run.client),
            batches=run.journal.batches,
            body_tail=job.body_tail,
            stop=self._halt,
            on_accepted=self._record_accepted,
            on_rejected=self._report_rejected,
            on_undecided=self._record_unknown,
            on_note=run.observer.note,
            write_deadline=run.write_deadline,
            policy=run.send_policy,
            check_clock=run.clock.check,
        )

    @property
    def _journal(self) -> Journal:
        return self.run.journal

    @property
    def _job(self) -> Job:
        return self.run.job

    @property
    def _options(self) -> JobOptions:
        return self.run.options

    async def run_to_end(self, *, sending: bool) -> None:
        """Run until nothing is left to do, or the run is stopped.

        :param sending: Whether planned rows may be sent; else only batches that were sent before are processed.
        """
        if sending:
            await self.run.clock.check()
        watching = [asyncio.create_task(self._halt_at_deadline()), asyncio.create_task(self._halt_when_stopped())]
        try:
            with ungrouped():
                async with asyncio.TaskGroup() as tasks:
                    await self._follow_open_batches(tasks)
                    if sending:
                        self.run.enter(Phase.SENDING)
                        await self._send_rows()
                    self._poller.no_more()
                    self._reconciler.no_more()
            if self.run.is_whole_job and not self.run.stop.is_set() and self.run.stopped_by is None:
                await self._reconciler.final_sweep()
                await self._resend_step.cancel_duplicates()
        finally:
            for task in watching:
                task.cancel()

    async def _follow_open_batches(self, tasks: asyncio.TaskGroup) -> None:
        """Start polling, label fetching and reconciliation, with what an earlier run has left open."""
        batches = self._journal.batches
        labels = LabelFetcher(
            client=self.run.client,
            batches=batches,
            job=self._job.id,
            label_format=self._options.label_format,
            label_dir=self.label_dir,
            picture_dir=self.picture_dir,
            stop=self.run.stop,
            on_labelled=self.run.adding("labelled"),
            on_end=self._end,
        )

        async def end_batch(batch: int, remote_id: str) -> None:
            if (imported := self._imports.get(batch)) is not None:
                imported.set()
            if not self.run.is_whole_job:
                return
            if self.job_type.has_labels:
                tasks.create_task(labels.fetch(batch, remote_id))
            else:
                self.run.adding("labelled")(await batches.settle_batch(batch))

        self._poller = self._new_poller(lambda batch: end_batch(batch.batch, batch.remote_id))
        for number, remote_id in await batches.batches_in(self._job.id, BatchState.IMPORTED):
            await end_batch(number, remote_id)
        for number, remote_id in await batches.batches_in(self._job.id, BatchState.ACCEPTED):
            self._poller.add(number, remote_id)
        tasks.create_task(self._poller.poll_all())
        tasks.create_task(self._reconciler.search_until_settled())
        await self._reconciler.adopt_undecided()

    def _new_poller(self, on_imported: Callable[[OpenBatch], Awaitable[None]]) -> BatchPoller:
        return BatchPoller(
            calls=self.job_type.state(self.run.client),
            result_from_item=self.job_type.result_from_item,
            batches=self._journal.batches,
            schedule=PollSchedule(import_timeout=self._options.import_timeout),
            stop=self.run.stop,
            on_imported=on_imported,
            on_created=self.run.adding("created"),
            on_rejected=self._report_rejected,
            on_undecided=self.run.adding("undecided"),
            on_end=self._end,
        )

    async def _send_rows(self) -> None:
        """Send rows that are planned, and those that are requeued, until nothing is left to send."""
        piloted = False
        while not self._over:
            ended = self.row_buffer.ended  # read first: rows planned after this are sent in the next round
            if self._journal.has_gap:
                await self._reconciler.adopt_undecided()
            free = await self._journal.rows.count_unbatched(self._job.id)
            if free and not piloted:
                piloted = True
                await self._send_pilot()
                continue
            if ended or self.row_buffer.hurried or free >= self._options.batch_size:
                self.row_buffer.hurried = False
                await self._make_batches()
            waiting = [number for number, _ in await self._journal.batches.batches_in(self._job.id, BatchState.PLANNED)]
            if waiting:
                await self._send_batches(waiting, refill=ended)
            elif not ended:
                await unless_stopped(self._halt, self.row_buffer.wait_for_rows(free))
            elif self._reconciler.open:
                await unless_stopped(self._halt, self._reconciler.wait_for_change())
            elif not self.run.is_whole_job or not await self._resend_step.cancel_unlabelled():
                return

    @property
    def _over(self) -> bool:
        return self._halt.is_set() or self.run.stopped_by is not None

    async def _make_batches(self) -> list[int]:
        return await self._journal.rows.make_batches(self._job.id, self._options.batch_size, most=BATCHES_AHEAD)

    async def _send_batches(self, batches: Sequence[int], *, refill: bool = False) -> None:
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

        most = self._options.max_concurrency
        async with asyncio.TaskGroup() as senders:
            for _ in range(most if refill else min(most, len(batches))):
                senders.create_task(send_some())

    async def _reconcile_lost(self) -> None:
        if self._lost:
            self._lost = False
            await self._reconciler.adopt_undecided()

    async def _send_pilot(self) -> None:
        """Verify that the search for lost responses works. If no control shipment is known, send a few rows first,
        which then serve as control shipments."""
        journal, options = self._journal, self._options
        if not options.pilot_rows or await journal.reconciliation.control_shipments(self.job_type.name, 1):
            return
        for _ in range(MAX_PILOTS):
            if self._over or await journal.rows.count_unbatched(self._job.id) <= options.pilot_rows:
                return  # the rest is no larger than a pilot
            await journal.rows.make_batches(self._job.id, min(options.pilot_rows, options.batch_size), most=1)
            for number, _ in await journal.batches.batches_in(self._job.id, BatchState.PLANNED):
                imported = self._imports[number] = asyncio.Event()
                await self._send_batches([number])
                with suppress(TimeoutError):
                    async with asyncio.timeout(PILOT_SECONDS if await self._is_accepted(number) else 0):
                        await unless_stopped(self._halt, imported.wait())
            if await journal.reconciliation.control_shipments(self.job_type.name, 1):
                break
        if not self._over and not await self._pilot_is_seen():
            self.run.observer.note(
                "the search shows nothing of what was shipped (a missing role, or it lags behind): "
                "should an answer be lost, its rows would stay undecided"
            )

    async def _is_accepted(self, batch: int) -> bool:
        accepted = await self._journal.batches.batches_in(self._job.id, BatchState.ACCEPTED)
        return any(number == batch for number, _ in accepted)

    async def _pilot_is_seen(self) -> bool:
        """Wait until the search shows a shipment of the pilot."""
        until = monotonic() + min(PILOT_SECONDS, self._options.settle_time)
        pause = FIRST_SEARCH_SECONDS
        while not self._over:
            if await self._reconciler.sees_control():
                return True
            if monotonic() + pause > until:
                return False
            await unless_stopped(self._halt, asyncio.sleep(pause))
            pause = min(pause * 1.5, MAX_SEARCH_SECONDS)
        return True

    async def _halt_when_stopped(self) -> None:
        await self.run.stop.wait()
        self._halt.set()

    async def _halt_at_deadline(self) -> None:
        if self._options.deadline is None:
            return
        while (left := self._options.deadline - self.run.clock.now()) > 0:  # the machine may be suspended
            await asyncio.sleep(min(left, DEADLINE_CHECK_SECONDS))
        self.run.is_past_deadline = True
        self.run.observer.note("the deadline has come: nothing more is sent, labels of what is done are fetched")
        self._halt.set()

    def _end(self, reason: CplError) -> None:
        """Stop sending, since the server accepts no requests any more."""
        self.run.stopped_by = self.run.stopped_by or reason
        self._halt.set()

    def _record_accepted(self, batch: AcceptedBatch) -> None:
        self._poller.add(batch.batch, batch.remote_id)
        self.run.adding("sent")(batch.rows)

    def _record_unknown(self, count: int) -> None:
        self._lost = True
        self.run.adding("undecided")(count)

    def _report_rejected(self, results: Sequence[RowResult]) -> None:
        """Report the rows that the server rejected, in the same way as those that validation rejected."""
        for result in results:
            self.run.observer.rejected(
                RowProblems(number=result.row, line=result.line, problems=result.problems, heading=self.schema.heading)
            )
        if results:
            self.run.adding("rejected")(len(results))

    def _record_found(self, count: int) -> None:
        self.run.progress.created += count
        self._record_requeued(count)

    def _record_requeued(self, count: int) -> None:
        self.run.progress.undecided = max(0, self.run.progress.undecided - count)
        self.run.report()
