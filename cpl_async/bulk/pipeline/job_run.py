"""One run of one job: what its steps share, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from attrs import define, field

from ...errors import CplError
from ...transport.write_deadline import WriteDeadline
from ..client_protocols import BulkClient
from ..journal import Journal
from ..journal.journal import Job
from ..options import JobOptions
from ..progress import JobObserver, Phase, Progress
from ..reconcile.carrier_clock import CarrierClock
from ..records import GOES_ON, RowState
from .send_cycle import SendPolicy
from .sender import default_write_deadline

__all__ = ["JobRun"]


@define(kw_only=True)
class JobRun:
    """The execution of one job in one run."""

    clock: CarrierClock
    """The clock for the timestamps of writes in the journal."""
    journal: Journal
    job: Job
    options: JobOptions
    observer: JobObserver
    stop: asyncio.Event
    """Set when the run should end: open writes are completed, nothing else begins."""
    progress: Progress = field(factory=Progress)
    write_deadline: Callable[[], WriteDeadline] = default_write_deadline
    """Returns the write deadline of an attempt that begins now."""
    send_policy: SendPolicy = field(factory=SendPolicy)
    is_whole_job: bool = True
    """Whether it runs the whole job. Labels, the final sweep and cancellations are steps of the whole job only."""
    stopped_by: CplError | None = None
    """Why sending ended early, or ``None`` if it did not."""
    is_past_deadline: bool = False
    """Whether the deadline passed before the end."""

    @property
    def client(self) -> BulkClient:
        """The client of this run."""
        return self.clock.client

    async def has_work(self, *, sending: bool) -> bool:
        """Return whether there are rows that a run can still process, or that may have duplicates.

        :param sending: Whether planned rows may be sent.
        """
        counts = await self.journal.row_queries.counts(self.job.id)
        if any(counts[state] for state in GOES_ON if sending or state is not RowState.PLANNED):
            return True
        return bool((await self.journal.reconciliation.counts(self.job.id)).ever)

    def enter(self, phase: Phase) -> None:
        """Begin a phase."""
        self.progress.phase = phase
        self.report()

    def adding(self, name: str) -> Callable[[int], None]:
        """Return a callback that adds to one of the counts and reports them.

        :param name: Attribute of :class:`Progress`.
        """

        def add(count: int) -> None:
            setattr(self.progress, name, getattr(self.progress, name) + count)
            self.report()

        return add

    def report(self) -> None:
        """Report the counts to the observer."""
        self.observer.progress(self.progress)
