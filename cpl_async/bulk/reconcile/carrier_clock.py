"""The carrier's clock in a run, so that a wrong clock of this machine proves nothing about a shipment."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field

from ...errors import ConfigurationError, CplError
from ...system.clock import elapsed, wall
from ..client_protocols import BulkClient

__all__ = ["CarrierClock"]

REPORTED_SECONDS = 120.0
"""Difference in seconds between this machine's clock and the carrier's from which it is reported."""
REFUSED_SECONDS = 3000.0
"""Difference in seconds from which nothing is sent, so that it covers a clock that is a whole hour off."""
INFO_TIMEOUT = 20.0
INFO_TRIES = 3
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


@define(kw_only=True)
class CarrierClock:
    """The carrier's time, and its comparison with this machine's clock.

    It dates the writes in the journal, and it is compared with dates that the carrier shows. While no response has
    shown the carrier's time, it counts steadily from this machine's time at the start.
    """

    client: BulkClient
    ignores_difference: bool = False
    """Whether to send although this machine's clock is hours off. Default: ``False``."""
    on_note: Callable[[str], None] = field(default=lambda note: None)
    _start: float = field(init=False, factory=lambda: wall() - elapsed())
    _is_checked: bool = field(init=False, default=False)

    def now(self) -> float:
        """Return the carrier's time in seconds since the epoch."""
        server = self.client._server_clock.now()
        return self._start + elapsed() if server is None else server

    async def learn(self) -> None:
        """Request the carrier's time if no response has shown it; without a response, the request is repeated later."""
        for _ in range(INFO_TRIES):
            if self.client._server_clock.now() is not None:
                return
            try:
                await self.client.info.get(timeout=INFO_TIMEOUT, tries=1)
            except CplError:
                continue

    async def check(self) -> None:
        """Compare this machine's clock with the carrier's, once in a run, before anything is sent.

        :raises ConfigurationError: They are hours apart: delivery days and deadlines would be wrong.
        """
        await self.learn()
        server = self.client._server_clock.now()
        if server is None or self._is_checked:
            return
        self._is_checked = True
        ahead = wall() - server
        if abs(ahead) < REPORTED_SECONDS:
            return
        words = f"this machine's clock is {_shown(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} the carrier's"
        if abs(ahead) >= REFUSED_SECONDS and not self.ignores_difference:
            raise ConfigurationError(
                f"{words}; nothing was sent",
                advice="Set the clock (NTP), or send all the same with --ignore-clock (ignore_clock=True)",
            )
        self.on_note(words)


def _shown(seconds: float) -> str:
    for unit, name in ((DAY, "days"), (HOUR, "hours"), (MINUTE, "minutes")):
        if seconds >= 1.99 * unit:  # the carrier shows whole seconds
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} seconds"
