"""The progress of a job while it runs."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from attrs import define

from .records import RowState

__all__ = ["Phase", "Progress", "ProgressHook"]


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


ProgressHook = Callable[[Progress], None]
