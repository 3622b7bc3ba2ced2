"""A registry of the token and the rate limit of each set of credentials, so that all clients share both."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from weakref import WeakSet

from attrs import field, frozen

from ..auth.file_store import FileTokenStore
from ..auth.token_cache import MAX_FETCHES, Token, TokenCache
from ..errors import ConfigurationError
from ..system.fork_safety import never_collect, on_fork
from ..system.locked_file import FileBusy, SharedFile, boot_id, runtime_folder
from ..system.secret_values import Secret
from .file_backend import FilePacerBackend
from .pacer import INTERVAL_SECONDS, Pacer
from .priority import Priority

__all__ = [
    "Credentials",
    "HostLimits",
    "JournalMemory",
    "KnownJournal",
    "LimitStore",
    "ProcessLimits",
    "SharedPacer",
    "SharedPermit",
    "SharedTokenCache",
    "host_limits",
    "share_of_environment",
]

DEFAULT_SHARE = 0.25
"""Share of the limits for a process that cannot share them and has no configured share. Four such processes keep
them."""
logger: logging.Logger = logging.getLogger("cpl_async")


@frozen(kw_only=True)
class Credentials:
    """Identity of a client at a server."""

    base_url: str
    client_id: str
    secret: Secret = field(repr=False)


@frozen(kw_only=True)
class KnownJournal:
    """Record of a journal outside the journal itself."""

    uid: str
    """Identifier of the journal."""
    counter: int
    """Minimum number of attempts in the journal."""
    at: float
    """Timestamp of the last attempt, in seconds since the epoch."""


class JournalMemory(Protocol):
    """Storage, visible to several hosts, of the journal of each account."""

    async def read(self, account: str) -> KnownJournal | None:
        """Return the record of an account's journal, or ``None`` if there is no record."""
        ...

    def write(self, account: str, known: KnownJournal) -> None:
        """Record an account's journal without waiting."""
        ...


class SharedPermit(Protocol):
    """The right to write one request now."""

    waited: float

    @property
    def is_valid(self) -> bool:
        """Whether the permit still belongs to the caller. One that is not used for long passes to the next waiter."""
        ...

    def record_write(self) -> None:
        """Record that the first bytes were just sent."""
        ...

    def release(self) -> None:
        """Release an unused permit. Has no effect after :meth:`record_write`."""
        ...


class SharedPacer(Protocol):
    """The queue of all requests of one set of credentials."""

    async def acquire(self, priority: Priority) -> SharedPermit:
        """Wait for the permit to write."""
        ...

    def throttle(self, retry_after: float | None = None) -> None:
        """Reduce the rate temporarily."""
        ...


class SharedTokenCache(Protocol):
    """The cache of one token."""

    async def get(self, fetch: Callable[[], Awaitable[Token]]) -> Token:
        """Return the token, and fetch it if there is no valid one."""
        ...

    def discard(self, token: Token) -> None:
        """Discard a token that the server refused."""
        ...


class LimitStore(Protocol):
    """Storage for the state of the limits, in this process or shared by several processes."""

    def pacer(self, credentials: Credentials) -> SharedPacer:
        """Return the pacer for these credentials. The limit does not depend on the secret."""
        ...

    def token_cache(self, credentials: Credentials) -> SharedTokenCache:
        """Return the token cache for these credentials. Each secret has its own cache."""
        ...


_stores: WeakSet[ProcessLimits] = WeakSet()


class ProcessLimits:
    """Token and rate limit of this process, shared by all its threads and loops."""

    def __init__(self) -> None:
        self._reset()
        _stores.add(self)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._pacers: dict[tuple[str, str], Pacer] = {}
        self._token_caches: dict[tuple[str, str, str], TokenCache] = {}

    def _reset_after_fork(self) -> None:
        """Create queues, locks and token fetches of the forked child's own."""
        never_collect(self._pacers, self._token_caches)  # the parent's tasks wait in them
        self._reset()

    def pacer(self, credentials: Credentials) -> Pacer:
        """Return the pacer for these credentials."""
        key = (credentials.base_url, credentials.client_id)
        with self._lock:
            if key not in self._pacers:
                self._pacers[key] = self._new_pacer(key)
            return self._pacers[key]

    def token_cache(self, credentials: Credentials) -> TokenCache:
        """Return the token cache for these credentials."""
        key = (credentials.base_url, credentials.client_id, credentials.secret.digest())
        with self._lock:
            if key not in self._token_caches:
                self._token_caches[key] = self._new_token_cache(key, credentials.secret)
            return self._token_caches[key]

    def _new_pacer(self, key: tuple[str, str]) -> Pacer:
        return Pacer()

    def _new_token_cache(self, key: tuple[str, str, str], secret: Secret) -> TokenCache:
        return TokenCache()


class HostLimits(ProcessLimits):
    """Token and rate limit in files that all processes of this user on this host share, without a server."""

    def __init__(self, *, folder: Path | None = None, share: float | None = None) -> None:
        """Create the store without opening a file.

        :param folder: Folder that is private to this user. Default: ``CPL_RUNTIME_DIR``, or the system's runtime
            folder.
        :param share: Share of the limits for all processes that use the same folder, greater than 0, at most 1, e.g.
            0.5 for each of two hosts. Default: ``CPL_LIMITS_SHARE``, or 1. If the folder cannot be used, it is the
            share of this process alone. Default then: 0.25.
        :raises ConfigurationError: The share is out of range.
        """
        self._folder = folder
        self._share = share
        self._warned = False
        if share is not None:
            _checked_share(share)
        super().__init__()

    def pacer_backend(self, key: tuple[str, str]) -> FilePacerBackend | None:
        """Return the queue of this host at the full rate limit, or ``None`` if there is no shared folder."""
        file = self._file("pace", key, has_fallback=True)
        return FilePacerBackend(file, INTERVAL_SECONDS, INTERVAL_SECONDS) if file is not None else None

    def token_store(self, key: tuple[str, str, str], fetches: int) -> FileTokenStore | None:
        """Return the store of this host's token, or ``None`` if there is no shared folder.

        :param fetches: Token requests of this host per minute, at least 1.
        """
        file = self._file("token", key, has_fallback=True)
        return FileTokenStore(file, fetches, fetches) if file is not None else None

    def _new_pacer(self, key: tuple[str, str]) -> Pacer:
        file = self._file("pace", key)
        given = self._given_share()
        alone = given or DEFAULT_SHARE
        if file is None:
            return Pacer(INTERVAL_SECONDS / alone)
        return Pacer(backend=FilePacerBackend(file, INTERVAL_SECONDS / (given or 1.0), INTERVAL_SECONDS / alone))

    def _new_token_cache(self, key: tuple[str, str, str], secret: Secret) -> TokenCache:
        file = self._file("token", key)
        given = self._given_share()
        alone = max(1, int(MAX_FETCHES * (given or DEFAULT_SHARE)))
        if file is None:
            return TokenCache(fetches=alone)
        return TokenCache(store=FileTokenStore(file, max(1, int(MAX_FETCHES * (given or 1.0))), alone))

    def _given_share(self) -> float | None:
        return self._share if self._share is not None else share_of_environment()

    def _file(self, what: str, key: tuple[str, ...], *, has_fallback: bool = False) -> SharedFile | None:
        """Return the file of these credentials, or ``None`` if it cannot be used. Its name reveals none of them.

        :param has_fallback: Whether the warning is omitted if the file cannot be used. Default: false.
        """
        try:
            folder = self._folder or runtime_folder()
            name = hashlib.sha256("\0".join((boot_id(), *key)).encode()).hexdigest()[:32]
            file = SharedFile(folder / f"{name}.{what}")
            with suppress(FileBusy), file.entered():  # only checks that the lock can be taken
                pass
            return file
        except OSError as error:
            if not self._warned and not has_fallback:
                self._warned = True
                logger.warning(
                    "token and pace cannot be shared with other processes (%s): this one keeps to %.0f %% of the "
                    "limits. Set CPL_RUNTIME_DIR to a private folder, or CPL_LIMITS_SHARE to this process's part",
                    error,
                    (self._given_share() or DEFAULT_SHARE) * 100,
                )
            return None


def share_of_environment() -> float | None:
    """Return the share of the limits in ``CPL_LIMITS_SHARE``, or ``None`` if the variable is not set.

    :raises ConfigurationError: The value is not a valid share.
    """
    text = os.environ.get("CPL_LIMITS_SHARE", "").strip()
    try:
        return _checked_share(float(text)) if text else None
    except (ValueError, ConfigurationError):
        raise ConfigurationError(f"CPL_LIMITS_SHARE is a number over 0 and at most 1, not {text!r}") from None


def _checked_share(share: float) -> float:
    if not 0 < share <= 1:
        raise ConfigurationError(f"the share of the limits is a number over 0 and at most 1, not {share!r}")
    return share


def _reset_after_fork() -> None:
    for store in list(_stores):
        store._reset_after_fork()


on_fork(_reset_after_fork)
host_limits: HostLimits = HostLimits()
"""Default limits of all clients. They outlive a client, so that a client created for each request keeps the limits."""
