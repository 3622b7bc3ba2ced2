"""A worker's loan of a part: kept as long as it is at work, and known by it to be over before others may think so."""

from __future__ import annotations

import asyncio

from attrs import define, field

from ...errors import JournalError
from ...transport.write_deadline import WriteDeadline, elapsed
from ..journal.connection import LoanLost
from ..journal.shard_repository import Part, Parts
from ..pipeline.sender import WRITE_TIMEOUT

__all__ = ["LEASE", "Loan", "patience_for"]

LEASE = 60.0
"""Seconds for which a part is lent, and after which a worker that is not heard of has lost it."""
RENEWED = 4
"""Times that a loan is renewed while one lasts."""
MARGIN = 0.05
"""Part of it, at its end, in which nothing is written any more."""


def patience_for(lease: float) -> float:
    """Return the seconds for which a worker that is stopped in a transaction may keep others from theirs.

    They must be able to renew their loans after it.
    """
    return min(15.0, lease / 2)


@define
class Loan:
    """A part on loan, told by the clocks of the worker's machine."""

    parts: Parts
    part: Part
    lease: float
    """Seconds."""
    until: float
    """When it runs out, by :func:`elapsed`: reckoned from before it was asked for, so never too late."""
    _given_back: bool = field(default=False, init=False)

    def write_deadline(self) -> WriteDeadline:
        """Return the deadline from which nothing may leave that is begun now."""
        left = self.until - self.lease * MARGIN - elapsed()
        return WriteDeadline.after(min(left, WRITE_TIMEOUT))

    async def keep(self) -> None:
        """Renew it until this is cancelled; a journal that cannot be reached is tried again while the loan lasts.

        :raises LoanLost: when another worker has the part.
        :raises JournalError: when the journal could not be reached for as long as the loan lasted.
        """
        while True:
            await asyncio.sleep(self.lease / RENEWED)
            began = elapsed()
            try:
                await self.parts.renew(self.part, self.lease)
            except LoanLost:
                raise
            except JournalError:
                if elapsed() >= self.until:
                    raise
            else:
                self.until = began + self.lease

    async def give_back(self, *, done: bool, message: str = "") -> None:
        """Give the part back.

        :raises LoanLost: when another worker has it.
        """
        await self.parts.give_back(self.part, done=done, message=message)
