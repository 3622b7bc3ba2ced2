"""How far a job is, told while it runs."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from attrs import define

from .records import RowState

__all__ = ["Phase", "Progress", "ProgressHook"]


class Phase(StrEnum):
    """What a job is doing."""

    READING = "reading"
    SENDING = "sending"
    JOINING = "joining labels"
    DONE = "done"


@define
class Progress:
    """Counts of one run; a hook must not keep it, for it changes."""

    phase: Phase = Phase.READING
    rows: int = 0
    sent: int = 0
    """Rows whose batch the server took."""
    created: int = 0
    """Rows with a shipment number."""
    labelled: int = 0
    """Rows with all their labels."""
    rejected: int = 0
    undecided: int = 0

    @classmethod
    def from_counts(cls, counts: dict[RowState, int]) -> Progress:
        """Return the progress that the journal shows, where a run takes up a job."""
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
