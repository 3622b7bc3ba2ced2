"""The one connection of a process to Redis: what many ask for at once leaves in one round trip, on its own thread."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from attrs import define
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from ..errors import ConfigurationError
from ..transport.forking import keep_for_good
from ..transport.processes import has_ended, process_name
from .scripts import ALL, BEAT, BYE, Script

__all__ = ["MICRO", "Link", "Question", "Timing", "micro"]

logger: logging.Logger = logging.getLogger("cpl_async.distributed")
MICRO = 1_000_000.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
"""Seconds between two tries to reach Redis."""
CLOCK_FOR = 10.0
"""Seconds for which a measurement of Redis's clock holds."""
CLOCK_STEP = 0.02
REST_AFTER = 30.0
"""Seconds without a question after which a process says goodbye, and stands nowhere until it asks again."""
FAREWELL = 0.3
"""Seconds that saying goodbye may take when the process ends."""


@define(kw_only=True)
class Timing:
    """How long what lasts, in seconds."""

    beat: float = 0.5
    """Between two signs of life."""
    patience: float = 0.5
    """For an answer of Redis; after that it counts as gone."""
    lease: float = 2.0
    """Without a sign of life a process counts as one that cannot see Redis."""
    alone: float = 3.5
    """After the last answer that it had, a process writes nothing; then it goes on alone: by then all others know."""
    hold: float = 4.0
    """After Redis began to remember, nobody writes through it: who does not know yet that it is back is alone."""
    forget: float = 120.0
    """After that a process that gave no sign of life is taken to be no more."""


@define
class Question:
    """A script to run, and who hears what it returns."""

    script: Script
    keys: Sequence[str]
    arguments: Sequence[Any]
    on_answer: Callable[[Any], None] | None = None
    on_lost: Callable[[], None] | None = None


@define
class _Clock:
    """What is known of Redis's clock: best measured by the round trip that was shortest."""

    offset: float = 0.0
    """Seconds to add to ours."""
    error: float = float("inf")
    at: float = float("-inf")

    def measure(self, began: float, ended: float, theirs: float) -> None:
        took = ended - began
        offset = theirs - (began + ended) / 2
        stepped = abs(offset - self.offset) > took / 2 + self.error + CLOCK_STEP
        if took / 2 <= self.error or ended - self.at > CLOCK_FOR or stepped:
            self.offset, self.error, self.at = offset, took / 2, ended


def micro(seconds: float) -> int:
    """Return seconds in the unit of the scripts."""
    return round(seconds * MICRO)


class Link:
    """This process's way to Redis, and what it knows of the others who share it.

    Nobody waits for it: questions are handed over, and answers come on its thread.
    """

    def __init__(self, url: str, *, prefix: str, places: int, timing: Timing) -> None:
        """Connect to nothing yet.

        :param places: how many processes can go on without Redis, each in a part of the time of its own.
        """
        try:
            self._redis: Redis = Redis.from_url(
                url,
                socket_timeout=timing.patience,
                socket_connect_timeout=timing.patience,
                retry=Retry(NoBackoff(), 0),
                max_connections=1,
            )
        except ValueError as error:
            raise ConfigurationError(f"the address of Redis cannot be used: {error}") from None
        self.members: str = f"{prefix}:members"
        self.places: int = places
        self.timing: Timing = timing
        self.me: str = f"{process_name()}.{os.urandom(4).hex()}"
        self.index: int = -1
        """Which part of the time is ours while Redis is away; -1 where there is none left."""
        self._others = ""
        self._began = ""
        self._clock = _Clock()
        self._wake = threading.Condition()
        self._questions: deque[Question] = deque()
        self._thread: threading.Thread | None = None
        self._ended = False
        self._up: bool | None = None
        self._resting = True
        self._heard_at: float | None = None
        self._started_at = time.monotonic()
        self._needed_at = self._started_at
        self._beat_at = float("-inf")

    # --- asked by lines and shelves, on any thread

    def ask(self, question: Question) -> None:
        """Hand over a question; who asked hears the answer, or that there is none, on the link's thread."""
        with self._wake:
            self._questions.append(question)
        self.is_needed()

    def is_needed(self) -> None:
        """Say that somebody sends: a link that nobody needs for long lets go of its place."""
        with self._wake:
            self._needed_at = time.monotonic()
            if self._thread is None and not self._ended:
                self._thread = threading.Thread(target=self._run, name="cpl-redis", daemon=True)
                self._started_at = self._needed_at
                atexit.register(self.close)
                self._thread.start()
            self._wake.notify()

    def sees(self) -> bool:
        """Return whether Redis answers; before its first word it is taken to, for a moment."""
        if self._up is None:
            return time.monotonic() - self._started_at < 3 * self.timing.patience
        return self._up

    @property
    def knows_clock(self) -> bool:
        """Whether Redis has ever told its time."""
        return self._clock.at > 0

    @property
    def is_sure_of_clock(self) -> bool:
        """Whether it has told it since it was last away."""
        return self._clock.error < self.timing.patience

    @property
    def alone_from(self) -> float:
        """Seconds of the monotonic clock from which this process may go on alone, while Redis does not answer."""
        return (self._heard_at or self._started_at) + self.timing.alone

    def theirs(self, ours: float) -> float:
        """Return what Redis's clock shows, in seconds."""
        return ours + self._clock.offset

    def ours(self, theirs: float) -> float:
        """Return our monotonic clock, in seconds."""
        return theirs - self._clock.offset

    def close(self) -> None:
        """Say goodbye, within a moment, and end the thread."""
        with self._wake:
            self._ended = True
            thread = self._thread
            self._wake.notify()
        if thread is not None and thread is not threading.current_thread():
            thread.join(FAREWELL)
        atexit.unregister(self.close)

    def leave_to_parent(self) -> None:
        """See that a forked child neither uses nor closes what is the parent's."""
        keep_for_good(self, self._redis, self._thread)
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
            except Exception as error:  # a thread that ended would leave everybody waiting
                pause = min(LONGEST_PAUSE, pause * 2 or FIRST_PAUSE)
                self._lost(error)
                for question in questions:
                    _told(question.on_lost)
        if self._up and not self._resting:
            self._say_goodbye()
        self._up, self.index = False, -1  # who still sends has no part of the time any more, and keeps to the rate
        for question in self._questions:
            _told(question.on_lost)
        self._redis.close()

    def _next(self, pause: float) -> list[Question]:
        """Wait for questions, or for the time of the next sign of life."""
        with self._wake:
            not_before = time.monotonic() + pause
            while not self._ended:
                now = time.monotonic()
                if now < not_before:
                    due = not_before
                elif self._questions:
                    break
                elif now - self._needed_at > REST_AFTER:
                    if not self._resting and self._up:
                        self._resting = True
                        return [Question(BYE, [self.members], [self.me])]
                    due = now + 3600.0
                else:
                    due = self._beat_at + self.timing.beat
                    if now >= due:
                        break
                self._wake.wait(due - now)
            found, self._questions = list(self._questions), deque()
            return found

    def _round(self, questions: list[Question]) -> None:
        """Ask everything at once, with a sign of life when it is time for one."""
        now = time.monotonic()
        is_bye = bool(questions) and questions[0].script is BYE
        beat = not is_bye and (self._resting or not self._up or now - self._beat_at >= self.timing.beat)
        if beat:
            self._resting = False
            arguments: list[str | int] = [self.me, self.index, self.places, *self._times(), self._others, self._began]
            arguments += [
                micro(self.theirs(now + self.timing.patience)) if self.is_sure_of_clock else 0,
                int(self._up is False),
            ]
            questions = [Question(BEAT, [self.members], arguments, self._on_beat), *questions]
            self._beat_at = now
        pipe = self._redis.pipeline(transaction=False)
        pipe.time()
        for question in questions:
            pipe.evalsha(question.script.sha, len(question.keys), *question.keys, *question.arguments)
        began = time.monotonic()
        answers = pipe.execute(raise_on_error=False)
        ended = time.monotonic()
        if any(isinstance(answer, NoScriptError) for answer in answers):
            answers[1:] = self._with_scripts(questions, answers[1:])
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        seconds, micros = answers[0]
        self._clock.measure(began, ended, seconds + micros / MICRO)
        self._heard(began)
        for question, answer in zip(questions, answers[1:], strict=True):
            if question.on_answer is not None:
                question.on_answer(answer)

    def _with_scripts(self, questions: list[Question], answers: list[Any]) -> list[Any]:
        """Teach Redis the scripts, and ask again what it did not know."""
        for script in ALL:
            self._redis.script_load(script.text)
        return [
            self._redis.evalsha(question.script.sha, len(question.keys), *question.keys, *question.arguments)
            if isinstance(answer, NoScriptError)
            else answer
            for question, answer in zip(questions, answers, strict=True)
        ]

    def _times(self) -> list[int]:
        timing = self.timing
        return [micro(seconds) for seconds in (timing.lease, timing.forget, timing.hold)]

    def _on_beat(self, answer: list[Any]) -> None:
        index, began, others = answer
        self.index, self._began, self._others = int(index), began.decode(), others.decode()
        gone = [who for who in self._others_here() if has_ended(who)]
        if gone:
            self.ask(Question(BYE, [self.members], gone))

    def _others_here(self) -> list[str]:
        """Return the others of this host."""
        host = self.me.partition(".")[0] + "."
        ids = [pair.partition("=")[0] for pair in self._others.split(",")]
        return [who for who in ids if who.startswith(host) and who != self.me]

    def _heard(self, began: float) -> None:
        if self._up is False:
            logger.warning("Redis answers again: token and pace are shared with all others")
        self._up, self._heard_at = True, began

    def _lost(self, error: Exception) -> None:
        if self._up is not False:
            logger.warning(
                "Redis does not answer (%s): this process writes nothing for %.1f s, then it goes on within its part",
                error,
                max(0.0, self.alone_from - time.monotonic()),
            )
        self._up = False
        self._clock.error = float("inf")  # it may show another time when it is back
        self._redis.connection_pool.disconnect()

    def _say_goodbye(self) -> None:
        try:
            self._redis.evalsha(BYE.sha, 1, self.members, self.me)
        except (RedisError, OSError):
            logger.debug("no goodbye was said to Redis")


def _told(hook: Callable[[], None] | None) -> None:
    if hook is not None:
        hook()
