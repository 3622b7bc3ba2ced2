"""A secret that is rotated while a program runs, and is read again from its source."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..errors import CplError
from ..system.blocking import run_blocking
from ..system.clock import monotonic
from ..system.secret_values import Secret

__all__ = ["SecretRotation"]

RETRY_SECONDS = 60.0
"""Seconds after which an unchanged secret is read again: a service may still wait for its rotation."""


class SecretRotation:
    """Re-reading of a refused secret, at most once a minute, however many calls were refused."""

    def __init__(self, read: Callable[[], str] | None) -> None:
        """Set the source without reading it.

        :param read: Function that returns the secret; it may read a file or run a command. ``None``: the secret does
            not change.
        """
        self._read = read
        self._lock = asyncio.Lock()
        self._successor: dict[Secret, tuple[Secret | None, str]] = {}
        self._read_at = -RETRY_SECONDS

    @property
    def refused(self) -> tuple[Secret, ...]:
        """Secrets that were refused so far."""
        return tuple(self._successor)

    async def read(self, refused: Secret) -> tuple[Secret | None, str]:
        """Return the secret that has replaced a refused one.

        :param refused: The refused secret.
        :return: The new secret, or ``None`` and the reason if there is no new one. Both are empty if there is no
            source.
        """
        if self._read is None:
            return None, ""
        async with self._lock:
            known, _ = self._successor.get(refused, (None, ""))
            if refused not in self._successor or (known is None and monotonic() >= self._read_at + RETRY_SECONDS):
                self._successor[refused] = await self._read_again(self._read, refused)
                self._read_at = monotonic()
            return self._successor[refused]

    async def _read_again(self, read: Callable[[], str], refused: Secret) -> tuple[Secret | None, str]:
        try:
            secret = Secret(await run_blocking(read))
        except CplError as error:
            return None, f"the secret could not be read again: {error.message}"
        if not secret.reveal():
            return None, "the secret was read again and is empty"
        if secret == refused:
            return None, "the secret was read again and is still the one that was refused"
        return secret, ""
