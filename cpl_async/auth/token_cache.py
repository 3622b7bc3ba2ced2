"""One access token for all clients with the same credentials, fetched once for all waiters."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Protocol

from attrs import Factory, field, frozen

from ..errors import AuthenticationError, ConfigurationError, CplError, RateLimited, TransportError
from ..system.clock import monotonic
from ..system.secret_values import HiddenText

__all__ = [
    "FETCH_WINDOW_SECONDS",
    "MAX_FETCHES",
    "NOT_COUNTED",
    "ClientClosed",
    "FetchBudget",
    "Token",
    "TokenCache",
    "TokenStore",
    "counted_from",
    "refusal_message",
]

MAX_FETCHES = 12
FETCH_WINDOW_SECONDS = 61.0
"""Seconds in which token requests are counted. The limit is 12 a minute (source: the vendor's documentation); one
second is margin."""
NOT_COUNTED = FETCH_WINDOW_SECONDS - 5.0
"""Seconds by which the count of a token request refused with 429 is shortened. It was not processed, so it counts for 5
seconds, not for a minute: either the limit of all requests was exceeded, or its own, where 5 seconds are the
average."""
RENEW_BEFORE_SECONDS = 60.0
LOST_FETCH_SECONDS = 90.0
"""Seconds after which a fetch without a result counts as lost with its loop. The next waiter starts another."""


@frozen(kw_only=True)
class Token:
    """An access token. Its expiry is kept on the monotonic clock, because a wall clock may be wrong."""

    value: HiddenText = field(repr=False)
    """Value after ``Bearer``."""
    header: HiddenText = field(
        init=False, repr=False, default=Factory(lambda token: HiddenText(f"Bearer {token.value}"), takes_self=True)
    )
    """Value of the ``Authorization`` header."""
    renew_at: float
    """Monotonic seconds from which a new token is fetched."""
    ends_at: float
    """Monotonic seconds at which the token expires."""
    kind: str = "Bearer"
    scope: str | None = None

    @classmethod
    def from_lifetime(
        cls, value: str, seconds: float, asked_at: float, kind: str = "Bearer", scope: str | None = None
    ) -> Token:
        """Create a token with a lifetime.

        :param value: Value after ``Bearer``.
        :param seconds: Lifetime in seconds, greater than 0.
        :param asked_at: Monotonic seconds of the request, from which the lifetime counts.
        :param kind: Type of the token. Default: ``Bearer``.
        :param scope: Scope of the token, or ``None`` if there is no scope in the response.
        """
        ends_at = asked_at + seconds
        renew_at = ends_at - min(RENEW_BEFORE_SECONDS, seconds / 10)
        return cls(value=HiddenText(value), renew_at=renew_at, ends_at=ends_at, kind=kind, scope=scope)


class ClientClosed(ConfigurationError):
    """The client was closed. Its own callers get this error; other clients that share the token fetch it themselves."""


class InFlightFetch:
    """A fetch in progress, and its waiters."""

    __slots__ = ("began", "waiters")

    def __init__(self, began: float) -> None:
        self.began: float = began
        self.waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[Token | CplError | None]]] = []


class TokenStore(Protocol):
    """Storage of one token that several processes share. Its methods never block."""

    def load(self) -> Token | float:
        """Return the token, or 0 if this process must fetch one, or the seconds until the next check."""
        ...

    def store(self, token: Token | None, refusal: str | None = None, *, is_limited: bool = False) -> None:
        """Record the result of a fetch, which may have been sent at any time until now.

        :param token: The token, or `None` if the fetch failed.
        :param refusal: Message of the server if it refused the credentials. Default: it did not.
        :param is_limited: Whether the server refused the request with 429. Default: false.
        """
        ...

    def discard(self, token: Token) -> None:
        """Discard a token that the server refused."""
        ...


class TokenCache:
    """The cache of one token in this process. Safe across threads and loops."""

    def __init__(
        self, clock: Callable[[], float] = monotonic, *, store: TokenStore | None = None, fetches: int = MAX_FETCHES
    ) -> None:
        """Create an empty cache.

        :param clock: Function that returns monotonic seconds.
        :param store: Store that is shared with other processes; it then enforces the limit of token requests. ``None``:
            the token is not shared.
        :param fetches: Token requests per minute if there is no store.
        """
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._in_flight: InFlightFetch | None = None
        self._budget = FetchBudget(fetches)
        self._refusal: AuthenticationError | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def get(self, fetch: Callable[[], Awaitable[Token]]) -> Token:
        """Return the token, and fetch it if there is no valid one.

        :param fetch: Function that requests a token once. Of all waiters, the function of one is called. If the client
            of that waiter is closed in the meantime, that of another is called.
        :raises CplError: The fetch failed. Each waiter gets its own instance.
        """
        kept = self._token
        if kept is not None and self._clock() < kept.renew_at:  # fast path without a lock
            return kept
        loop = asyncio.get_running_loop()
        while True:
            waiter: asyncio.Future[Token | CplError | None] = loop.create_future()
            with self._lock:
                token = self._token
                if token is not None and self._clock() < token.renew_at:
                    return token
                flight = self._in_flight
                start = flight is None or self._clock() > flight.began + LOST_FETCH_SECONDS
                if flight is None or start:
                    flight = self._in_flight = InFlightFetch(self._clock())
                flight.waiters.append((loop, waiter))
            if start:  # a separate task: if its starter is cancelled, the others still wait
                task = loop.create_task(self._run_fetch(flight, waiter, fetch))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            result = await waiter
            if isinstance(result, CplError):
                raise result.replica()
            if result is not None:
                return result

    def discard(self, token: Token) -> None:
        """Discard a token that the server refused, if it is still the current one."""
        with self._lock:
            if self._token is token:
                self._token = None
        if self._store is not None:
            self._store.discard(token)

    async def _run_fetch(
        self,
        flight: InFlightFetch,
        starter: asyncio.Future[Token | CplError | None],
        fetch: Callable[[], Awaitable[Token]],
    ) -> None:
        result: Token | CplError | None = None
        try:
            result = await (self._fetch_locally(fetch) if self._store is None else _fetch_shared(self._store, fetch))
        except ClientClosed as error:
            _settle(starter, error)
        except CplError as error:
            result = error
        except Exception as error:
            result = TransportError(f"the token could not be fetched: {type(error).__name__}")
        finally:  # also if this loop ends: waiters on other loops then fetch the token themselves
            self._finish_fetch(flight, result)

    async def _fetch_locally(self, fetch: Callable[[], Awaitable[Token]]) -> Token:
        await self._wait_for_budget()
        is_limited = False
        try:
            return await fetch()
        except RateLimited:
            is_limited = True
            raise
        finally:
            self._budget.record_fetch(self._clock(), is_limited=is_limited)

    async def _wait_for_budget(self) -> None:
        while wait := self._budget.reserve(self._clock()):
            with self._lock:
                refusal = self._refusal
            if refusal is not None:
                raise AuthenticationError(
                    refusal_message(refusal.message, wait, self._budget.fetches), failure=refusal.failure
                )
            await asyncio.sleep(wait)

    def _finish_fetch(self, flight: InFlightFetch, result: Token | CplError | None) -> None:
        with self._lock:
            if self._in_flight is flight:
                self._in_flight = None
            if isinstance(result, Token):
                self._token, self._refusal = result, None
            elif isinstance(result, AuthenticationError):
                self._refusal = result
            waiters, flight.waiters = flight.waiters, []
        for loop, waiter in waiters:
            try:
                loop.call_soon_threadsafe(_settle, waiter, result)
            except RuntimeError:  # that loop is closed, and its waiter with it
                continue


class FetchBudget:
    """Token requests of one process per minute. Safe across threads."""

    def __init__(self, fetches: int) -> None:
        """Create an unused budget.

        :param fetches: Requests per minute, at least 1.
        """
        self.fetches: int = fetches
        self._lock = threading.Lock()
        self._asked: list[float] = []

    def reserve(self, now: float) -> float:
        """Count a request and return 0, or return the seconds until a request is allowed."""
        with self._lock:
            self._asked = [at for at in self._asked if now - FETCH_WINDOW_SECONDS < at]
            if len(self._asked) >= self.fetches:
                return self._asked[-self.fetches] + FETCH_WINDOW_SECONDS - now
            self._asked.append(now)
            return 0.0

    def record_fetch(self, now: float, *, is_limited: bool = False) -> None:
        """Count the last request from its end, since it may have been sent at any time until then.

        :param is_limited: Whether the server refused it with 429. Default: false.
        """
        with self._lock:
            self._asked = sorted((*self._asked[:-1], counted_from(now, is_limited=is_limited)))


def counted_from(now: float, *, is_limited: bool) -> float:
    """Return the time from which a request that ends now counts for a minute."""
    return now - NOT_COUNTED if is_limited else now


def refusal_message(words: str, wait: float, most: int) -> str:
    """Return the message about refused credentials that are not retried yet."""
    return f"{words} (not asked again for {wait:.0f} s: at most {most} token requests a minute)"


async def _fetch_shared(shelf: TokenStore, fetch: Callable[[], Awaitable[Token]]) -> Token:
    """Return the token of another process, or fetch one for all."""
    while not isinstance(found := shelf.load(), Token):
        if found > 0:
            await asyncio.sleep(found)
            continue
        token: Token | None = None
        refusal: str | None = None
        is_limited = False
        try:
            token = await fetch()
            return token
        except AuthenticationError as error:
            refusal = error.message
            raise
        except RateLimited:
            is_limited = True
            raise
        finally:
            shelf.store(token, refusal, is_limited=is_limited)
    return found


def _settle(waiter: asyncio.Future[Token | CplError | None], result: Token | CplError | None) -> None:
    if not waiter.done():
        waiter.set_result(result)
