"""The progress of a job while it runs, and its observer."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from attrs import define, field, frozen

from .records import RowProblems, RowState

__all__ = ["JobObserver", "Phase", "Progress"]


class Phase(StrEnum):
    """The current phase of a job."""

    READING = "reading"
    SENDING = "sending"
    JOINING = "joining labels"
    DONE = "done"


@define
class Progress:
    """Counts of one run; a hook must not store it, since it changes."""

    phase: Phase = Phase.READING
    rows: int = 0
    sent: int = 0
    """Rows whose batch the server accepted."""
    created: int = 0
    """Rows with a shipment number."""
    labelled: int = 0
    """Rows with all their labels."""
    rejected: int = 0
    undecided: int = 0

    @classmethod
    def from_counts(cls, counts: dict[RowState, int]) -> Progress:
        """Return the progress in the journal, for a run that resumes a job."""
        labelled = counts[RowState.SHIPPED]
        created = labelled + counts[RowState.UNLABELLED] + counts[RowState.CREATED]
        return cls(
            phase=Phase.SENDING,
            rows=sum(counts.values()),
            sent=created + counts[RowState.ACCEPTED],
            created=created,
            labelled=labelled,
            rejected=counts[RowState.REJECTED],
            undecided=counts[RowState.UNDECIDED],
        )


@frozen(kw_only=True)
class JobObserver:
    """Callbacks that report what happens in a job; each is called on the event loop and must not block."""

    progress: Callable[[Progress], None] = field(default=lambda progress: None)
    """Called with the counts when they change."""
    rejected: Callable[[RowProblems], None] = field(default=lambda rejected: None)
    """Called for each row that is not sent."""
    note: Callable[[str], None] = field(default=lambda note: None)
    """Called with notes that a person should read at once, e.g. a wait for the network or unread columns."""
