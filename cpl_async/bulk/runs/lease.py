"""A worker's loan of a part: kept as long as it is at work, and known by it to be over before others may think so."""

from __future__ import annotations

import asyncio

from attrs import define, field

from ...errors import JournalError
from ...transport.write_deadline import WriteDeadline, elapsed
from ..journal.connection import LeaseLost
from ..journal.shard_repository import Shard, ShardRepository
from ..pipeline.sender import WRITE_TIMEOUT_SECONDS

__all__ = ["LEASE_SECONDS", "Lease", "lock_timeout"]

LEASE_SECONDS = 60.0
"""Seconds for which a part is lent, and after which a worker that is not heard of has lost it."""
RENEWED = 4
"""Times that a loan is renewed while one lasts."""
MARGIN_SECONDS = 0.05
"""Part of it, at its end, in which nothing is written any more."""


def lock_timeout(lease: float) -> float:
    """Return the seconds for which a worker that is stopped in a transaction may keep others from theirs.

    They must be able to renew their loans after it.
    """
    return min(15.0, lease / 2)


@define
class Lease:
    """A part on loan, told by the clocks of the worker's machine."""

    shards: ShardRepository
    shard: Shard
    lease: float
    """Seconds."""
    until: float
    """When it runs out, by :func:`elapsed`: reckoned from before it was asked for, so never too late."""
    _given_back: bool = field(default=False, init=False)

    def write_deadline(self) -> WriteDeadline:
        """Return the deadline from which nothing may leave that is begun now."""
        left = self.until - self.lease * MARGIN_SECONDS - elapsed()
        return WriteDeadline.after(min(left, WRITE_TIMEOUT_SECONDS))

    async def renew_until_lost(self) -> None:
        """Renew it until this is cancelled; a journal that cannot be reached is tried again while the loan lasts.

        :raises LeaseLost: when another worker has the part.
        :raises JournalError: when the journal could not be reached for as long as the loan lasted.
        """
        while True:
            await asyncio.sleep(self.lease / RENEWED)
            began = elapsed()
            try:
                await self.shards.renew(self.shard, self.lease)
            except LeaseLost:
                raise
            except JournalError:
                if elapsed() >= self.until:
                    raise
            else:
                self.until = began + self.lease

    async def release(self, *, done: bool, message: str = "") -> None:
        """Give the part back.

        :raises LeaseLost: when another worker has it.
        """
        await self.shards.release(self.shard, done=done, message=message)
