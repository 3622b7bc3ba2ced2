"""Pages of a list, with the totals from the response headers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from attrs import frozen

__all__ = ["Page"]

T = TypeVar("T")


@frozen(kw_only=True)
class Page(Generic[T]):
    """One page of a list."""

    items: list[T]
    offset: int
    """Index of the first item in the whole list, from 0."""
    limit: int
    """Maximum number of items on the page."""
    total: int | None = None
    """Number of items in the whole list (``X-Paging-Total-Items-Count``), or ``None`` if it is not reported."""
    stale: bool = False
    """Whether the page is older than its time to live, because the server failed; see ``cached``."""

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)
