"""Where the token and the pace of a set of credentials are kept, so that all who use them share both."""

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
"""Of the limits, for a process that cannot share them and was told no part: four of them keep the limits together."""
logger: logging.Logger = logging.getLogger("cpl_async")


@frozen(kw_only=True)
class Credentials:
    """Who asks, and whom."""

    base_url: str
    client_id: str
    secret: Secret = field(repr=False)


@frozen(kw_only=True)
class KnownJournal:
    """What is known of a journal outside of it."""

    uid: str
    """Of the journal."""
    counter: int
    """Number of attempts that it has recorded at least."""
    at: float
    """Time of the last one, in seconds since the epoch."""


class JournalMemory(Protocol):
    """Keeps where several hosts can see it which journal each account has."""

    async def read(self, account: str) -> KnownJournal | None:
        """Return what is known of an account's journal, or `None` if nothing is."""
        ...

    def write(self, account: str, known: KnownJournal) -> None:
        """Note what is known of an account's journal, without waiting."""
        ...


class SharedPermit(Protocol):
    """The right to write one request now."""

    waited: float

    @property
    def is_valid(self) -> bool:
        """Whether it is still ours; a slot that is not used for long goes to the next."""
        ...

    def record_write(self) -> None:
        """Say that the first bytes have just left."""
        ...

    def release(self) -> None:
        """Return the slot unused; after :meth:`wrote` it does nothing."""
        ...


class SharedPacer(Protocol):
    """The line of all requests of one set of credentials."""

    async def acquire(self, priority: Priority) -> SharedPermit:
        """Wait for the right to write."""
        ...

    def throttle(self, retry_after: float | None = None) -> None:
        """Widen the pace for a while."""
        ...


class SharedTokenCache(Protocol):
    """The place of one token."""

    async def get(self, fetch: Callable[[], Awaitable[Token]]) -> Token:
        """Return the token, fetching it when there is none that lasts."""
        ...

    def discard(self, token: Token) -> None:
        """Throw away a token that the server refused."""
        ...


class LimitStore(Protocol):
    """Keeps what the limits need: in this process, or where several processes can see it."""

    def pacer(self, credentials: Credentials) -> SharedPacer:
        """Return the line for these credentials; the same secret or not, the limit is one."""
        ...

    def token_cache(self, credentials: Credentials) -> SharedTokenCache:
        """Return the token's place for these credentials; another secret has another place."""
        ...


_stores: WeakSet[ProcessLimits] = WeakSet()


class ProcessLimits:
    """Keeps token and pace in this process, for all its threads and loops."""

    def __init__(self) -> None:
        self._reset()
        _stores.add(self)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._pacers: dict[tuple[str, str], Pacer] = {}
        self._token_caches: dict[tuple[str, str, str], TokenCache] = {}

    def _reset_after_fork(self) -> None:
        """Begin with a line, a lock and a token fetch of this child's own."""
        never_collect(self._pacers, self._token_caches)  # the parent's tasks wait in them
        self._reset()

    def pacer(self, credentials: Credentials) -> Pacer:
        """Return the line for these credentials."""
        key = (credentials.base_url, credentials.client_id)
        with self._lock:
            if key not in self._pacers:
                self._pacers[key] = self._new_pacer(key)
            return self._pacers[key]

    def token_cache(self, credentials: Credentials) -> TokenCache:
        """Return the token's place for these credentials."""
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
    """Keeps token and pace in files that all processes of this user on this host share; no server is needed."""

    def __init__(self, *, folder: Path | None = None, share: float | None = None) -> None:
        """Open nothing yet.

        :param folder: private to this user; ``CPL_RUNTIME_DIR``, or the system's folder for what runs, unless given.
        :param share: part of the limits, over 0 and at most 1, that the processes take together which see the same
            folder, e.g. 0.5 for each of two hosts; ``CPL_LIMITS_SHARE``, or all, unless given. Where there can be no
            such file, the part that this process takes alone; a quarter unless given.
        :raises ConfigurationError: for a share that is none.
        """
        self._folder = folder
        self._share = share
        self._warned = False
        if share is not None:
            _checked_share(share)
        super().__init__()

    def pacer_backend(self, key: tuple[str, str]) -> FilePacerBackend | None:
        """Return the line of this host's processes at the full rate limit, or `None` if they share no folder."""
        file = self._file("pace", key, has_fallback=True)
        return FilePacerBackend(file, INTERVAL_SECONDS, INTERVAL_SECONDS) if file is not None else None

    def token_store(self, key: tuple[str, str, str], fetches: int) -> FileTokenStore | None:
        """Return the place of this host's token, or `None` if its processes share no folder.

        :param fetches: Token requests of this host in a minute, at least 1.
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
        """Return the file of these credentials, or `None` if it cannot be used. Its name reveals none of them.

        :param has_fallback: Whether nothing has to be logged if the file cannot be used. Default: false.
        """
        try:
            folder = self._folder or runtime_folder()
            name = hashlib.sha256("\0".join((boot_id(), *key)).encode()).hexdigest()[:32]
            file = SharedFile(folder / f"{name}.{what}")
            with suppress(FileBusy), file.entered():  # that it can be entered is all that matters
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
    """Return the part of the limits that ``CPL_LIMITS_SHARE`` gives this process; ``None`` where it says nothing.

    :raises ConfigurationError: when it is no such part.
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
"""What clients use unless told otherwise; it outlives them, so that a client made for each request keeps the limits."""
