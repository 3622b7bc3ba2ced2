"""The states of a row, from the file to the label."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from attrs import frozen

from ..messages import Message

__all__ = [
    "GOES_ON",
    "IN_FLIGHT",
    "SETTLED_ELSEWHERE",
    "WITHOUT_LABEL",
    "BatchState",
    "Ends",
    "FoundShipment",
    "RowProblems",
    "RowState",
    "ends_of",
]


class RowState(StrEnum):
    """How far one row has come; on disk at any moment."""

    PLANNED = "planned"
    """Checked, its bytes are kept; nothing was sent."""
    SENDING = "sending"
    """An attempt that carries it was written down; until its answer is, it may or may not exist."""
    ACCEPTED = "accepted"
    """The server took its batch and is importing it."""
    CREATED = "created"
    """It has a shipment number; its label is still to be fetched."""
    SHIPPED = "shipped"
    """It has a number and a label."""
    UNLABELLED = "shipped_without_label"
    """It has a number, and its label could not be had."""
    FOUND = "found"
    """Its answer was lost, and it was found by its reference: it has a number, but its label is not available."""
    WITHDRAWING = "withdrawing"
    """It is being cancelled, to be sent again once it is seen cancelled."""
    CANCELLING = "cancelling"
    """It is being cancelled on a person's word."""
    CANCELLED = "cancelled"
    """It was seen cancelled: its reference may be shipped by another job."""
    REJECTED = "rejected"
    """We or the server said no; the message says why."""
    UNDECIDED = "undecided"
    """Whether it exists is not known; it is not sent again by itself."""


IN_FLIGHT = (RowState.SENDING, RowState.ACCEPTED, RowState.CREATED, RowState.FOUND)
GOES_ON = (RowState.PLANNED, RowState.ACCEPTED, RowState.CREATED, RowState.UNLABELLED, RowState.WITHDRAWING)
"""States with which a run goes on by itself."""
SETTLED_ELSEWHERE = (
    *IN_FLIGHT,
    RowState.WITHDRAWING,
    RowState.CANCELLING,
    RowState.SHIPPED,
    RowState.UNLABELLED,
    RowState.UNDECIDED,
)
"""States in which a reference must not be sent by another job: it exists, or it may."""


WITHOUT_LABEL = (RowState.UNLABELLED, RowState.CREATED, RowState.FOUND)
"""States that a report calls shipped without label."""


@frozen(kw_only=True)
class Ends:
    """In which way the rows of a job ended; all but ``not_sent`` add up to all rows."""

    shipped: int
    shipped_without_label: int
    rejected: int
    cancelled: int
    undecided: int
    not_sent: int
    """Of the undecided ones, those that certainly were not sent."""


def ends_of(counts: Mapping[RowState, int]) -> Ends:
    """Return how the rows of a job ended, from how many are in each state."""
    shipped, rejected = counts.get(RowState.SHIPPED, 0), counts.get(RowState.REJECTED, 0)
    without = sum(counts.get(state, 0) for state in WITHOUT_LABEL)
    cancelled = counts.get(RowState.CANCELLED, 0)
    return Ends(
        shipped=shipped,
        shipped_without_label=without,
        rejected=rejected,
        cancelled=cancelled,
        undecided=sum(counts.values()) - shipped - without - rejected - cancelled,
        not_sent=counts.get(RowState.PLANNED, 0),
    )


class BatchState(StrEnum):
    """How far one batch has come."""

    PLANNED = "planned"
    SENDING = "sending"
    ACCEPTED = "accepted"
    IMPORTED = "imported"
    DONE = "done"
    """Nothing is left to do for it."""
    UNKNOWN = "unknown"
    """Its answer was lost."""


@frozen(kw_only=True)
class FoundShipment:
    """A shipment with all its parcels: the numbers of a set, or a single one."""

    master: str
    numbers: tuple[str, ...]


@frozen(kw_only=True)
class RowProblems:
    """A row that is not sent, and why."""

    number: int
    """Number of the row, 1 for the first."""
    line: int
    """Line in the file, or 0 for a row that is not from a file."""
    problems: tuple[Message, ...]
    heading: Callable[[str], str] = str
    """Returns the name of a column in the file."""
