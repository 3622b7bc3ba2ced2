"""Base classes of list items, which isolate an unreadable item from the others."""

from __future__ import annotations

from attrs import define

from .codes import ImportState

__all__ = ["ImportedItem", "Item"]


@define(kw_only=True)
class Item:
    """An item of a list returned by the server."""

    unreadable: str | None = None
    """Names of the fields that could not be read, or ``None`` if all fields were read."""


@define(kw_only=True)
class ImportedItem(Item):
    """An item of a batch. Its import may fail while other items succeed."""

    import_state: ImportState | None = None
    error_message: str | None = None
    error_code: str | None = None

    @property
    def settled(self) -> bool:
        """Whether the item is ``Complete`` or ``Error``."""
        return self.import_state is not None and self.import_state.settled

    @property
    def error(self) -> str:
        """Code and message of a failed import; empty if the import has not failed."""
        if self.import_state != ImportState.ERROR:
            return ""
        return ": ".join(part for part in (self.error_code, self.error_message) if part) or "failed"
