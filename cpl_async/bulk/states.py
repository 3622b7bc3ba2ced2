"""The states of a row, from the file to the label."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["GOES_ON", "IN_FLIGHT", "SETTLED_ELSEWHERE", "BatchState", "RowState"]


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
    """Its answer was lost, and it was found by its reference: it has a number, but its label cannot be had."""
    WITHDRAWING = "withdrawing"
    """It is being cancelled, to be sent again once it is seen cancelled."""
    REJECTED = "rejected"
    """We or the server said no; the message says why."""
    UNDECIDED = "undecided"
    """Whether it exists is not known; it is not sent again by itself."""


IN_FLIGHT = (RowState.SENDING, RowState.ACCEPTED, RowState.CREATED, RowState.FOUND, RowState.WITHDRAWING)
GOES_ON = (RowState.PLANNED, RowState.ACCEPTED, RowState.CREATED, RowState.UNLABELLED, RowState.WITHDRAWING)
"""States with which a run goes on by itself."""
SETTLED_ELSEWHERE = (*IN_FLIGHT, RowState.SHIPPED, RowState.UNLABELLED, RowState.UNDECIDED)
"""States in which a reference must not be sent by another job: it exists, or it may."""


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
