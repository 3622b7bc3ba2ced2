"""The single connection of a process to Redis, on its own thread. Concurrent script calls share a round trip."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from attrs import define
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError
from redis.retry import Retry

from ..errors import ConfigurationError
from ..system.clock import monotonic
from ..system.fork_safety import never_collect
from ..system.process_identity import process_name
from .scripts import ALL, PROBE, Script

__all__ = ["MICRO", "PATIENCE", "RedisConnection", "ScriptCall", "micro"]

logger: logging.Logger = logging.getLogger("cpl_async.distributed")
MICRO = 1_000_000.0
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.1, 2.0
"""Seconds between two attempts to reach Redis: the first pause, and the maximum."""
CLOCK_SECONDS = 10.0
"""Seconds for which a measurement of Redis's clock is valid."""
CLOCK_STEP = 0.02
IDLE_SECONDS = 30.0
"""Seconds after the last script call in which an unavailable Redis is retried."""
PATIENCE = 0.5
"""Seconds to wait for a response of Redis. Without a response it counts as unavailable."""
FAREWELL = 0.3
"""Seconds that the thread may take to end."""


@define
class ScriptCall:
    """A script to run, and the receiver of its result."""

    script: Script
    keys: Sequence[str]
    arguments: Sequence[Any]
    on_result: Callable[[Any], None] | None = None
    on_lost: Callable[[], None] | None = None


@define
class _Clock:
    """Estimate of Redis's clock, from the shortest round trip."""

    offset: float = 0.0
    """Seconds to add to the local clock."""
    error: float = float("inf")
    at: float = float("-inf")

    def measure(self, began: float, ended: float, theirs: float) -> None:
        took = ended - began
        offset = theirs - (began + ended) / 2
        stepped = abs(offset - self.offset) > took / 2 + self.error + CLOCK_STEP
        if took / 2 <= self.error or ended - self.at > CLOCK_SECONDS or stepped:
            self.offset, self.error, self.at = offset, took / 2, ended


def micro(seconds: float) -> int:
    """Return seconds in the unit of the scripts."""
    return round(seconds * MICRO)


class RedisConnection:
    """The connection of this process to Redis. Callers do not block: responses are delivered on its thread."""

    def __init__(self, url: str, *, prefix: str, patience: float = PATIENCE) -> None:
        """Create the link without connecting.

        :param url: Address of Redis.
        :param prefix: Prefix of all names in Redis.
        :param patience: Seconds to wait for a response, greater than 0. Default: 0.5.
        :raises ConfigurationError: The address cannot be used.
        """
        try:
            self._redis: Redis = Redis.from_url(
                url,
                socket_timeout=patience,
                socket_connect_timeout=patience,
                retry=Retry(NoBackoff(), 0),
                max_connections=1,
            )
        except ValueError as error:
            raise ConfigurationError(f"the address of Redis cannot be used: {error}") from None
        self._probe = f"{prefix}:probe"
        self._patience = patience
        self.me: str = f"{process_name()}.{os.urandom(4).hex()}"
        self._clock = _Clock()
        self._wake = threading.Condition()
        self._questions: deque[ScriptCall] = deque()
        self._thread: threading.Thread | None = None
        self._ended = False
        self._up: bool | None = None
        self._started_at = monotonic()
        self._needed_at = self._started_at

    # --- called by pacer backends and token stores, on any thread

    def submit(self, question: ScriptCall) -> None:
        """Submit a script call. Its response, or the lack of one, is delivered on the link's thread."""
        with self._wake:
            self._questions.append(question)
        self.is_needed()

    def is_needed(self) -> None:
        """Keep trying to reach an unavailable Redis for a while."""
        with self._wake:
            self._needed_at = monotonic()
            if self._thread is None and not self._ended:
                self._thread = threading.Thread(target=self._run, name="cpl-redis", daemon=True)
                self._started_at = self._needed_at
                atexit.register(self.close)
                self._thread.start()
            self._wake.notify()

    def is_connected(self) -> bool:
        """Return whether Redis responds. Before the first response it counts as available for a short time."""
        if self._up is None:
            return monotonic() - self._started_at < 3 * self._patience
        return self._up

    def clock_error(self) -> float:
        """Return the seconds by which :meth:`to_local_time` can be wrong: half of the shortest round trip."""
        return self._clock.error

    def to_redis_time(self, ours: float) -> float:
        """Return the time of Redis's clock in seconds."""
        return ours + self._clock.offset

    def to_local_time(self, theirs: float) -> float:
        """Return the time of the local monotonic clock in seconds."""
        return theirs - self._clock.offset

    def close(self) -> None:
        """End the thread and close the connection."""
        with self._wake:
            self._ended = True
            thread = self._thread
            self._wake.notify()
        if thread is not None and thread is not threading.current_thread():
            thread.join(FAREWELL)
        atexit.unregister(self.close)

    def leave_to_parent(self) -> None:
        """Prevent a forked child from using or closing the parent's connection."""
        never_collect(self, self._redis, self._thread)
        atexit.unregister(self.close)

    # --- the thread

    def _run(self) -> None:
        pause = 0.0
        while True:
            questions = self._next(pause)
            if self._ended:
                break
            try:
                self._round(questions)
                pause = 0.0
            except Exception as error:  # if the thread ended, all callers would wait forever
                pause = min(MAX_PAUSE_SECONDS, pause * 2 or FIRST_PAUSE_SECONDS)
                self._lost(error)
                for question in questions:
                    _told(question.on_lost)
        self._up = False  # a client that still sends keeps to its share
        for question in self._questions:
            _told(question.on_lost)
        self._redis.close()

    def _next(self, pause: float) -> list[ScriptCall]:
        """Wait for script calls, or until it is time to retry an unavailable Redis."""
        with self._wake:
            not_before = monotonic() + pause
            while not self._ended:
                now = monotonic()
                is_wanted = self._up is False and now - self._needed_at < IDLE_SECONDS
                if now >= not_before and (self._questions or is_wanted):
                    break
                self._wake.wait(not_before - now if now < not_before else None)
            questions, self._questions = list(self._questions), deque()
            return questions

    def _round(self, questions: list[ScriptCall]) -> None:
        """Send all script calls in one round trip. First check whether Redis is writable, if that is unknown."""
        if not self._up:
            self._redis.ping()  # the time that it takes to connect would count as the round trip
            questions = [ScriptCall(PROBE, [self._probe], []), *questions]
        pipe = self._redis.pipeline(transaction=False)
        pipe.time()
        for question in questions:
            pipe.evalsha(question.script.sha, len(question.keys), *question.keys, *question.arguments)
        began = monotonic()
        answers = pipe.execute(raise_on_error=False)
        ended = monotonic()
        if any(isinstance(answer, NoScriptError) for answer in answers):
            answers[1:] = self._with_scripts(questions, answers[1:])
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        seconds, micros = answers[0]
        self._clock.measure(began, ended, seconds + micros / MICRO)
        self._heard()
        for question, answer in zip(questions, answers[1:], strict=True):
            if question.on_result is not None:
                question.on_result(answer)

    def _with_scripts(self, questions: list[ScriptCall], answers: list[Any]) -> list[Any]:
        """Load the missing scripts into Redis, and call them again."""
        for script in ALL:
            self._redis.script_load(script.text)
        return [
            self._redis.evalsha(question.script.sha, len(question.keys), *question.keys, *question.arguments)
            if isinstance(answer, NoScriptError)
            else answer
            for question, answer in zip(questions, answers, strict=True)
        ]

    def _heard(self) -> None:
        if self._up is False:
            logger.warning("Redis answers again: token and pace are shared with all others")
        self._up = True

    def _lost(self, error: Exception) -> None:
        if self._up is not False:
            logger.warning(
                "Redis does not answer (%s): until it does, this process keeps to its share of the rate limit", error
            )
        self._up = False
        self._clock.error = float("inf")  # its clock may differ after a restart
        self._redis.connection_pool.disconnect()


def _told(hook: Callable[[], None] | None) -> None:
    if hook is not None:
        hook()
