"""Where the token and the pace of a set of credentials are kept, so that all who use them share both."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from typing import Protocol

from attrs import field, frozen

from .forking import keep_for_good, when_forked
from .lanes import Lane
from .pace import Pace
from .redaction import Secret
from .token import Token, TokenCell

__all__ = [
    "Credentials",
    "LimitStore",
    "ProcessLimits",
    "SharedPace",
    "SharedSlot",
    "SharedToken",
    "process_limits",
]


@frozen(kw_only=True)
class Credentials:
    """Who asks, and whom."""

    base_url: str
    client_id: str
    secret: Secret = field(repr=False)


class SharedSlot(Protocol):
    """The right to write one request now."""

    waited: float

    @property
    def valid(self) -> bool:
        """Whether it is still ours; a slot that is not used for long goes to the next."""
        ...

    def wrote(self) -> None:
        """Say that the first bytes have just left."""
        ...

    def give_back(self) -> None:
        """Return the slot unused; after :meth:`wrote` it does nothing."""
        ...


class SharedPace(Protocol):
    """The line of all requests of one set of credentials."""

    async def acquire(self, lane: Lane) -> SharedSlot:
        """Wait for the right to write."""
        ...

    def slow_down(self, retry_after: float | None = None) -> None:
        """Widen the pace for a while."""
        ...


class SharedToken(Protocol):
    """The place of one token."""

    async def get(self, fetch: Callable[[], Awaitable[Token]]) -> Token:
        """Return the token, fetching it when there is none that lasts."""
        ...

    def discard(self, token: Token) -> None:
        """Throw away a token that the server refused."""
        ...


class LimitStore(Protocol):
    """Keeps what the limits need: in this process, or where several processes can see it."""

    def pace(self, credentials: Credentials) -> SharedPace:
        """Return the line for these credentials; the same secret or not, the limit is one."""
        ...

    def token(self, credentials: Credentials) -> SharedToken:
        """Return the token's place for these credentials; another secret has another place."""
        ...


class ProcessLimits:
    """Keeps token and pace in this process, for all its threads and loops."""

    def __init__(self) -> None:
        self._start_anew()
        when_forked(self._leave_the_parents)

    def _start_anew(self) -> None:
        self._lock = threading.Lock()
        self._paces: dict[tuple[str, str], Pace] = {}
        self._tokens: dict[tuple[str, str, str], TokenCell] = {}

    def _leave_the_parents(self) -> None:
        """Begin with a line, a lock and a token fetch of this child's own."""
        keep_for_good(self._paces, self._tokens)  # the parent's tasks wait in them
        self._start_anew()

    def pace(self, credentials: Credentials) -> Pace:
        """Return the line for these credentials."""
        key = (credentials.base_url, credentials.client_id)
        with self._lock:
            return self._paces.setdefault(key, Pace())

    def token(self, credentials: Credentials) -> TokenCell:
        """Return the token's place for these credentials."""
        key = (credentials.base_url, credentials.client_id, credentials.secret.digest())
        with self._lock:
            return self._tokens.setdefault(key, TokenCell())


process_limits = ProcessLimits()
"""What clients use unless told otherwise; it outlives them, so that a client made for each request keeps the limits."""
