"""One token for all processes of one host that use the same credentials, kept in a locked file."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from typing import Any

from attrs import define, field

from ..errors import AuthenticationError, Failure, Outcome
from ..system.clock import monotonic
from ..system.locked_file import FileBusy, SharedFile
from ..system.process_identity import is_alive
from ..system.secret_values import HiddenText
from .token_cache import FETCH_WINDOW_SECONDS, FetchBudget, Token, counted_from, refusal_message

__all__ = ["FileTokenStore"]

CHECK_SECONDS = 0.03
"""Seconds between two checks for the result of another process's fetch."""
LOST = 2.0
"""Seconds after which a busy file is replaced, because the process that holds its lock was stopped."""
LOST_FETCH_SECONDS = 10.0
"""Seconds after which the next process fetches too, so that a stopped process does not block the others."""
AHEAD = 10 * 86_400.0
logger: logging.Logger = logging.getLogger("cpl_async")


@define
class _TokenState:
    """Content of the file."""

    token: dict[str, Any] | None = None
    asked: list[float] = field(factory=list)
    """Times of token requests."""
    flight: list[float] | None = None
    """Current fetch: process, mark and start time."""
    refusal: str | None = None
    """Message of the server, if it refused the credentials last."""

    @classmethod
    def of(cls, content: bytes, now: float) -> _TokenState:
        """Parse the content. Unreadable content counts as empty."""
        try:
            size = int.from_bytes(content[:4], "little")
            state = cls(**json.loads(content[4 : 4 + size]))
            state.asked = [float(at) for at in state.asked if now - FETCH_WINDOW_SECONDS < at <= now]
            if state.flight is not None:
                process, mark, since = state.flight
                state.flight = [int(process), int(mark), float(since)]
            if state.token is not None and not 0 < _token_of(state.token).ends_at < now + AHEAD:
                state.token = None
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
            return cls()
        return state

    def content(self) -> bytes:
        """Return the content as bytes."""
        text = json.dumps({"token": self.token, "asked": self.asked, "flight": self.flight, "refusal": self.refusal})
        return len(text).to_bytes(4, "little") + text.encode("ascii")


class FileTokenStore:
    """The token store that the processes of a host share. Its methods never block."""

    def __init__(self, file: SharedFile, fetches: int, alone: int, clock: Callable[[], float] = monotonic) -> None:
        """Create the store without a token.

        :param fetches: Token requests of all processes per minute, at least 1.
        :param alone: Token requests of this process per minute while the file is unavailable, at least 1.
        """
        self._file = file
        self._fetches = fetches
        self._own = FetchBudget(alone)
        self._clock = clock
        self._mark = int.from_bytes(os.urandom(6), "little")
        self._busy_since: float | None = None

    def load(self) -> Token | float:
        """Return the token, or 0 if this process must fetch one, or the seconds until the next check.

        :raises AuthenticationError: The credentials were refused, and the token requests of this minute are used up.
        """
        now = self._clock()
        try:
            with self._file.entered():
                self._busy_since = None
                state = _TokenState.of(self._file.read(), now)
                if state.token is not None and now < (token := _token_of(state.token)).renew_at:
                    return token
                wait = self._turn(state, now)
                if wait == 0.0:
                    state.asked.append(now)
                    state.flight = [os.getpid(), self._mark, now]
                    self._file.write(state.content())
                return wait
        except FileBusy:
            self._busy_since = self._busy_since or now
            if now - self._busy_since > LOST:
                self._busy_since = None
                return self._begun_anew(now)
            return CHECK_SECONDS
        except OSError as error:
            logger.warning("the token cannot be shared with other processes: %s", error)
            return self._own.reserve(now)

    def store(self, token: Token | None, refusal: str | None = None, *, is_limited: bool = False) -> None:
        """Record the result of a fetch; see :meth:`TokenStore.store`."""

        def change(state: _TokenState) -> None:
            if state.flight is not None and state.flight[1] == self._mark:
                state.flight = None
            if state.asked:
                state.asked[-1] = counted_from(self._clock(), is_limited=is_limited)
                state.asked.sort()
            if token is not None:
                state.token, state.refusal = _record_of(token), None
            elif refusal is not None:
                state.refusal = refusal

        self._change(change)

    def discard(self, token: Token) -> None:
        """Discard a token that the server refused, if it is still the current one."""

        def change(state: _TokenState) -> None:
            if state.token is not None and state.token["value"] == str(token.value):
                state.token = None

        self._change(change)

    def _turn(self, state: _TokenState, now: float) -> float:
        if state.flight is not None:
            process, _, since = state.flight
            if 0 <= now - since < LOST_FETCH_SECONDS and is_alive(int(process)):
                return CHECK_SECONDS
        if len(state.asked) < self._fetches:
            return 0.0
        wait = state.asked[-self._fetches] + FETCH_WINDOW_SECONDS - now
        if state.refusal is not None and wait > 0:
            failure = Failure(operation="login.get_access_token", outcome=Outcome.NOT_SENT)
            raise AuthenticationError(refusal_message(state.refusal, wait, self._fetches), failure=failure)
        return max(wait, 0.0)

    def _begun_anew(self, now: float) -> float:
        """Replace the file, because another process does not release its lock."""
        logger.warning("a process does not release the file of the token, which is replaced")
        try:
            self._file.replace()
        except OSError:
            return self._own.reserve(now)
        return CHECK_SECONDS

    def _change(self, change: Callable[[_TokenState], None]) -> None:
        def inside() -> None:
            state = _TokenState.of(self._file.read(), self._clock())
            change(state)
            self._file.write(state.content())

        self._file.attempt(inside)


def _record_of(token: Token) -> dict[str, Any]:
    return {
        "value": str(token.value),
        "renew_at": token.renew_at,
        "ends_at": token.ends_at,
        "kind": token.kind,
        "scope": token.scope,
    }


def _token_of(record: dict[str, Any]) -> Token:
    return Token(
        value=HiddenText(record["value"]),
        renew_at=float(record["renew_at"]),
        ends_at=float(record["ends_at"]),
        kind=str(record["kind"]),
        scope=record["scope"],
    )
