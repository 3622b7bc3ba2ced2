"""A worker's lease on a shard, whose local expiry is conservative: a worker stops before another can take over."""

from __future__ import annotations

import asyncio

from attrs import define, field

from ...errors import JournalError
from ...system.clock import elapsed
from ...transport.write_deadline import WriteDeadline
from ..journal.connection import LeaseLost
from ..journal.shard_repository import Shard, ShardRepository
from ..pipeline.sender import WRITE_TIMEOUT_SECONDS

__all__ = ["LEASE_SECONDS", "Lease", "lock_timeout"]

LEASE_SECONDS = 60.0
"""Seconds of a lease; a worker that does not renew it within this time has lost it."""
RENEWED = 4
"""Renewals of a lease within its duration."""
MARGIN_SECONDS = 0.05
"""Fraction of a lease, at its end, in which nothing is written any more."""


def lock_timeout(lease: float) -> float:
    """Return the seconds for which a worker that is stopped in a transaction may block others.

    Others must be able to renew their leases after it.
    """
    return min(15.0, lease / 2)


@define
class Lease:
    """A leased shard, timed by the clocks of the worker's machine."""

    shards: ShardRepository
    shard: Shard
    lease: float
    """Duration in seconds."""
    until: float
    """Expiry by :func:`elapsed`, computed from before the request for the lease, so never too late."""
    _given_back: bool = field(default=False, init=False)

    def write_deadline(self) -> WriteDeadline:
        """Return the write deadline of an attempt that begins now."""
        left = self.until - self.lease * MARGIN_SECONDS - elapsed()
        return WriteDeadline.after(min(left, WRITE_TIMEOUT_SECONDS))

    async def renew_until_lost(self) -> None:
        """Renew the lease until cancelled; while it lasts, a journal that cannot be reached is tried again.

        :raises LeaseLost: Another worker holds the shard.
        :raises JournalError: The journal could not be reached for the duration of the lease.
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
        """Release the shard.

        :param done: Whether nothing is left to do for it.
        :param message: Reason why it is not done. Default: empty.
        :raises LeaseLost: Another worker holds it.
        """
        await self.shards.release(self.shard, done=done, message=message)
