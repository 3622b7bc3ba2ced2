"""The results of a caller's rows."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from ...messages import Message, text_of
from ..records import RowState

__all__ = ["OrderResult", "ParcelLabel", "ShipResult"]


@frozen(kw_only=True)
class ParcelLabel:
    """A parcel of a shipment, and the place of its label."""

    number: str
    file: Path | None
    """File of labels, or ``None`` if there is no label."""
    page: int
    """The label's position in the file, from 0."""


@frozen(kw_only=True)
class ShipResult:
    """The result of one row."""

    row: int
    """Its position among the rows passed, 1 for the first."""
    reference: str
    state: str
    """``shipped``, ``shipped_without_label``, ``rejected``, ``cancelled`` or ``undecided``."""
    shipment_number: str | None
    """Shipment number, that of the master for a set, or ``None`` if there is no number."""
    parcels: tuple[ParcelLabel, ...]
    problems: tuple[Message, ...] = ()
    """Why the row is not shipped or has no label, as data; empty if it is shipped."""

    @property
    def message(self) -> str:
        """Why the row is not shipped or has no label, in English."""
        return text_of(self.problems)

    @property
    def is_shipped(self) -> bool:
        """Whether it has a number and all its labels."""
        return self.state == RowState.SHIPPED


@frozen(kw_only=True)
class OrderResult:
    """The result of one order."""

    row: int
    """Its position among the orders passed, 1 for the first."""
    reference: str
    state: str
    """``ordered``, ``rejected`` or ``undecided``."""
    problems: tuple[Message, ...] = ()
    """Why it is not ordered, as data; empty if it is ordered."""

    @property
    def message(self) -> str:
        """Why it is not ordered, in English."""
        return text_of(self.problems)
