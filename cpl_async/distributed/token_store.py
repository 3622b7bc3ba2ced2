"""The token in Redis, encrypted and shared by all processes of all hosts that use the same credentials."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
from collections.abc import Callable
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ..auth.token_cache import FETCH_WINDOW_SECONDS, NOT_COUNTED, FetchBudget, Token, TokenStore, refusal_message
from ..errors import AuthenticationError, Failure, Outcome
from ..system.clock import monotonic
from ..system.secret_values import HiddenText, Secret
from .redis_connection import MICRO, RedisConnection, ScriptCall, micro
from .scripts import DISCARD, LANDED, LOOK

__all__ = ["RedisTokenStore"]

CHECK_SECONDS = 0.002
FETCH_TIMEOUT_SECONDS = 10.0
"""Seconds after which the next process fetches too, so that a process that died does not block the others."""
NONCE = 12
logger: logging.Logger = logging.getLogger("cpl_async")


class RedisTokenStore:
    """The token store that all processes share. Its methods never block."""

    def __init__(
        self,
        link: RedisConnection,
        key: str,
        secret: Secret,
        fetches: int,
        alone: int,
        host: Callable[[], TokenStore | None] = lambda: None,
        fetch_timeout: float = FETCH_TIMEOUT_SECONDS,
    ) -> None:
        """Create the store without a token.

        :param link: Connection to Redis.
        :param key: Prefix of the names in Redis.
        :param secret: Secret of the client; a key for the token is derived from it.
        :param fetches: Token requests of all processes per minute, at least 1.
        :param alone: Token requests of this process per minute while Redis is unavailable, at least 1.
        :param host: Function that returns the token store of this host for the time that Redis is unavailable, or
            ``None`` if there is no shared folder. Called once, when it is needed. Default: no such store.
        :param fetch_timeout: Seconds after which the fetch of a process counts as failed. Default: 10.
        """
        self._fetch_timeout = fetch_timeout
        self._find_host: Callable[[], TokenStore | None] | None = host
        self._host: TokenStore | None = None
        self._is_alone = False
        """Whether the current fetch was started without Redis."""
        self._link = link
        self._keys = [f"{key}:token", f"{key}:asked"]
        self._cipher = AESGCM(_key_from(secret, key))
        self._bound = key.encode()
        self._fetches = fetches
        self._own = FetchBudget(alone)
        self._lock = threading.Lock()
        self._answer: list[Any] | None = None
        self._under_way = False
        self._flights = 0

    def load(self) -> Token | float:
        """Return the token, or 0 if this process must fetch one, or the seconds until the next check.

        :raises AuthenticationError: The credentials were refused, and the token requests of this minute are used up.
        """
        with self._lock:
            answer, self._answer = self._answer, None
            if answer is not None:
                return self._read(answer)
            if not self._link.is_connected():
                self._link.is_needed()
                return self._look_alone()
            if not self._under_way:
                self._under_way = True
                self._flights += 1
                arguments: list[str | int] = [
                    self._flight,
                    self._fetches,
                    micro(FETCH_WINDOW_SECONDS),
                    micro(self._fetch_timeout),
                    self._link.me,
                ]
                self._link.submit(ScriptCall(LOOK, self._keys, arguments, self._on_answer, self._on_lost))
            return CHECK_SECONDS

    def _look_alone(self) -> Token | float:
        if self._find_host is not None:
            self._host, self._find_host = self._find_host(), None
        looked = self._host.load() if self._host is not None else self._own.reserve(monotonic())
        self._is_alone = looked == 0.0
        return looked

    def store(self, token: Token | None, refusal: str | None = None, *, is_limited: bool = False) -> None:
        """Record the result of a fetch; see :meth:`TokenStore.store`."""
        with self._lock:
            is_alone, self._is_alone = self._is_alone, False
        if is_alone and self._host is not None:
            self._host.store(token, refusal, is_limited=is_limited)
        elif is_alone:
            self._own.record_fetch(monotonic(), is_limited=is_limited)
        if not self._link.is_connected() or (is_alone and token is None):
            return
        blob, mark, renew, ends = b"", "", 0, 0
        if token is not None:
            blob, mark = self._sealed(token), _mark_of(str(token.value))
            renew, ends = (micro(self._link.to_redis_time(moment)) for moment in (token.renew_at, token.ends_at))
        self._link.submit(
            ScriptCall(
                LANDED,
                self._keys,
                [self._flight, blob, mark, renew, ends, refusal or "", micro(NOT_COUNTED if is_limited else 0)],
            )
        )

    def discard(self, token: Token) -> None:
        """Discard a token that the server refused, if it is still the current one."""
        if self._host is not None:
            self._host.discard(token)
        if self._link.is_connected():
            self._link.submit(ScriptCall(DISCARD, self._keys[:1], [_mark_of(str(token.value))]))

    @property
    def _flight(self) -> str:
        return f"{self._link.me}:{self._flights}"

    def _on_answer(self, answer: list[Any]) -> None:
        with self._lock:
            self._answer, self._under_way = answer, False

    def _on_lost(self) -> None:
        with self._lock:
            self._under_way = False

    def _read(self, answer: list[bytes]) -> Token | float:
        what = answer[0].decode()
        if what == "fetch":
            return 0.0
        if what == "token":
            try:
                return self._opened(answer[1], *(self._link.to_local_time(int(text) / MICRO) for text in answer[2:4]))
            except (InvalidTag, ValueError, KeyError, TypeError):
                logger.warning("the token in Redis cannot be opened: another is fetched")
                self._link.submit(ScriptCall(DISCARD, self._keys[:1], [""]))
                return CHECK_SECONDS
        wait = int(answer[1]) / MICRO
        if what == "refused":
            failure = Failure(operation="login.get_access_token", outcome=Outcome.NOT_SENT)
            raise AuthenticationError(refusal_message(answer[2].decode(), wait, self._fetches), failure=failure)
        return max(wait, 0.001)

    def _sealed(self, token: Token) -> bytes:
        text = json.dumps({"value": str(token.value), "kind": token.kind, "scope": token.scope}).encode()
        nonce = os.urandom(NONCE)
        return nonce + self._cipher.encrypt(nonce, text, self._bound)

    def _opened(self, blob: bytes, renew_at: float, ends_at: float) -> Token:
        record = json.loads(self._cipher.decrypt(blob[:NONCE], blob[NONCE:], self._bound))
        return Token(
            value=HiddenText(record["value"]),
            renew_at=renew_at,
            ends_at=ends_at,
            kind=str(record["kind"]),
            scope=record["scope"],
        )


def _key_from(secret: Secret, key: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=key.encode(), info=b"cpl-sdk token").derive(
        secret.reveal().encode()
    )


def _mark_of(value: str) -> str:
    """Return a mark that identifies a token without revealing it."""
    return hashlib.sha256(b"cpl-sdk\0" + value.encode()).hexdigest()[:16]
