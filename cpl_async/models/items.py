"""What each item of an answered list has, so that one which cannot be read loses nothing but itself."""

from __future__ import annotations

from attrs import define

from .codes import ImportState

__all__ = ["ImportedItem", "Item"]


@define(kw_only=True)
class Item:
    """An item of a list that the server answered."""

    unreadable: str | None = None
    """What could not be read of this item; ``None`` when all could."""


@define(kw_only=True)
class ImportedItem(Item):
    """A part of a batch: its import may fail while that of the others succeeds."""

    import_state: ImportState | None = None
    error_message: str | None = None
    error_code: str | None = None

    @property
    def settled(self) -> bool:
        """Whether this item is ``Complete`` or ``Error``."""
        return self.import_state is not None and self.import_state.settled

    @property
    def error(self) -> str:
        """Code and message of an import that failed; empty where it did not."""
        if self.import_state != ImportState.ERROR:
            return ""
        return ": ".join(part for part in (self.error_code, self.error_message) if part) or "failed"
