"""One page of a list, with its totals from the answer's headers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from attrs import frozen

__all__ = ["Page"]

T = TypeVar("T")


@frozen(kw_only=True)
class Page(Generic[T]):
    """Items of one page."""

    items: list[T]
    offset: int
    """Position of the first item in the whole list, from 0."""
    limit: int
    """How many items were asked for."""
    total: int | None = None
    """Items in the whole list, where the server says so (``X-Paging-Total-Items-Count``)."""

    stale: bool = False
    """Whether it is older than the time for which it is kept, since the server fails; see ``cached``."""

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)
