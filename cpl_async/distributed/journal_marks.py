"""The marks of journals in Redis, by which a host without persistent storage notices that a journal was rolled back."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from ..ratelimit.registry import KnownJournal
from .redis_connection import RedisConnection, ScriptCall
from .scripts import MARK

__all__ = ["JournalMarks"]

ANSWER_SECONDS = 2.0
"""Seconds to wait for the response of Redis. Without a response the mark counts as unknown."""


class JournalMarks:
    """A record for each account: its journal, and the number of attempts in it."""

    def __init__(self, link: RedisConnection, prefix: str) -> None:
        self._link = link
        self._prefix = prefix

    async def read(self, account: str) -> KnownJournal | None:
        """Return the record of an account's journal, or ``None`` if there is no record or Redis is unavailable.

        :param account: Digest of the account.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()

        def settle(found: Any) -> None:
            if not answer.done():
                answer.set_result(found)

        def deliver(found: Any) -> None:
            with suppress(RuntimeError):  # that loop is closed, and its waiters with it
                loop.call_soon_threadsafe(settle, found)

        self._link.submit(ScriptCall(MARK, [self._key(account)], [], deliver, lambda: deliver(None)))
        try:
            found = await asyncio.wait_for(answer, ANSWER_SECONDS)
            uid, counter, at = (value.decode() for value in found)
            return KnownJournal(uid=uid, counter=int(counter), at=float(at))
        except (TimeoutError, TypeError, ValueError, AttributeError):
            return None

    def write(self, account: str, known: KnownJournal) -> None:
        """Record an account's journal. The record is lost while Redis is unavailable.

        :param account: Digest of the account.
        """
        arguments = [known.uid, known.counter, repr(known.at)]
        self._link.submit(ScriptCall(MARK, [self._key(account)], arguments))

    def _key(self, account: str) -> str:
        return f"{self._prefix}:journal:{account}"
