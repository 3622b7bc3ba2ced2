"""A job that workers can process."""

from __future__ import annotations

from attrs import field, frozen

from ...messages import Message, text_of
from ..journal.shard_repository import ShardStats

__all__ = ["EnqueuedJob", "RejectedRow"]


@frozen(kw_only=True)
class RejectedRow:
    """A row that validation rejected and that is not sent."""

    row: int
    """Number of the row, 1 for the first one."""
    line: int
    """Line in the file; 0 for rows that were passed one by one."""
    problems: tuple[Message, ...]
    """Why it is not sent, as data."""

    @property
    def message(self) -> str:
        """Why it is not sent, in English."""
        return text_of(self.problems)


@frozen(kw_only=True)
class EnqueuedJob:
    """A job that workers can process."""

    job: str
    """Name of the job."""
    stats: ShardStats
    """State of its shards."""
    rejected: tuple[RejectedRow, ...] = field(default=(), repr=False)
    """Rows that are not sent; for a job that was enqueued before, only those found this time."""
