"""A secret that is rotated while a program runs: it is read again once from where it came."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..errors import CplError
from ..system.clock import monotonic
from ..system.secret_values import Secret

__all__ = ["SecretRotation"]

AGAIN_AFTER = 60.0
"""Seconds after which a secret that was still the same is read once more: a service may wait for its rotation."""


class SecretRotation:
    """Reads the secret again after it was refused: once a minute at most, however many calls were refused."""

    def __init__(self, read: Callable[[], str] | None) -> None:
        """Read nothing yet.

        :param read: Returns the secret; it may read a file or run a command. `None`: the secret does not change.
        """
        self._read = read
        self._lock = asyncio.Lock()
        self._successor: dict[Secret, tuple[Secret | None, str]] = {}
        self._read_at = -AGAIN_AFTER

    @property
    def refused(self) -> tuple[Secret, ...]:
        """Secrets that were refused so far."""
        return tuple(self._successor)

    async def read(self, refused: Secret) -> tuple[Secret | None, str]:
        """Return the secret that has taken the place of one that was refused.

        :param refused: The secret that was refused.
        :return: The secret, or `None` and why there is no other one. Both are empty where it cannot be read again.
        """
        if self._read is None:
            return None, ""
        async with self._lock:
            known, _ = self._successor.get(refused, (None, ""))
            if refused not in self._successor or (known is None and monotonic() >= self._read_at + AGAIN_AFTER):
                self._successor[refused] = await self._read_again(self._read, refused)
                self._read_at = monotonic()
            return self._successor[refused]

    async def _read_again(self, read: Callable[[], str], refused: Secret) -> tuple[Secret | None, str]:
        try:
            secret = Secret(await asyncio.to_thread(read))
        except CplError as error:
            return None, f"the secret could not be read again: {error.message}"
        if not secret.reveal():
            return None, "the secret was read again and is empty"
        if secret == refused:
            return None, "the secret was read again and is still the one that was refused"
        return secret, ""
