"""Errors of concurrent tasks, reduced to the one that ended the others instead of a group."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import CplError

__all__ = ["ungrouped"]


@contextmanager
def ungrouped() -> Iterator[None]:
    """Raise one error in place of a group: the first of this library, otherwise the first of all.

    :raises BaseException: The error of a task in the block.
    """
    try:
        yield
    except BaseExceptionGroup as group:
        found = list(_leaves(group))
        chosen = next((error for error in found if isinstance(error, CplError)), found[0])
    else:
        return
    raise chosen


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
