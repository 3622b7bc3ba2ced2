"""``cpl ship --distributed``: enqueues a file for Celery workers, follows them, and writes labels and reports here."""

from __future__ import annotations

import asyncio
import os
import re
import time
from typing import Any

from attrs import define, field

from ..bulk import SHARD_SIZE, BulkClient, JobRunner, JobSummary, Journal, Phase, Progress, unless_stopped
from ..celery.app import BROKER, app
from ..celery.tasks import JobTasks, check_broker, why_tasks_failed
from ..configuration import PROFILE
from ..errors import ConfigurationError, JournalError
from .job_runner import StopMessages

__all__ = ["WORDS", "followed"]

MIN_CHECK_SECONDS = 1.0
"""Minimum seconds between two progress queries."""
PART_OF_THE_TIME = 0.05
"""Maximum fraction of the time that progress queries take."""
MAX_CHECK_SECONDS = 10.0
"""Maximum seconds between two progress queries: one that waited for a lock does not predict the next one."""
FIRST_REQUEUE_SECONDS, MAX_REQUEUE_SECONDS = 20.0, 600.0
"""Seconds until tasks of a free shard that no worker leases are queued again, doubled each time; and their maximum."""
MAX_JOURNAL_OUTAGE_SECONDS = 600.0
"""Seconds for which the journal may be unreachable while workers are followed."""
ADVICE = "is a worker running? celery --app cpl_async.celery.app worker"
WORDS = StopMessages(
    ending="ending (again to stop at once)",
    ended="no longer followed: the workers go on; run the same command again to follow them and to get the labels",
)


@define(kw_only=True)
class FollowedRun(JobRunner[JobSummary]):
    """A run whose rows are sent by workers; labels and reports are made here when they are done."""

    app: Any
    """The Celery app."""
    account: str
    shard_size: int
    _followed: Progress = field(init=False, factory=Progress)
    """Progress of the workers."""
    _moved: float = field(init=False, factory=time.monotonic)
    _patience: float = field(init=False, default=FIRST_REQUEUE_SECONDS)
    _tasks: list[Any] = field(init=False, factory=list)
    _said: set[str] = field(init=False, factory=set)

    @property
    def began_sending(self) -> bool:
        """Whether workers, or this run itself, may have sent something."""
        return self._followed.phase is not Phase.READING or super().began_sending

    async def run(self, client: BulkClient) -> JobSummary:
        """Enqueue the file, follow the workers, and write the results.

        :raises CancelledError: It was stopped while workers run; they continue.
        """
        name, stats = await self.enqueue(client, self.shard_size, closing=False)
        await self._queue(name, stats.free)
        await self._follow(name)
        return await super().run(client)  # attrs creates another class with slots

    def _show(self, progress: Progress) -> None:
        self._followed = progress
        self.observer.progress(progress)

    async def _follow(self, name: str) -> None:
        lost_at: float | None = None
        while True:
            try:
                async with Journal.open(self.place) as journal:
                    await self._look_on(journal, name)
                return
            except JournalError as error:  # the database may be restarting: the workers retry too
                lost_at = lost_at or time.monotonic()
                if time.monotonic() > lost_at + MAX_JOURNAL_OUTAGE_SECONDS:
                    raise
                self._say(f"{error.message}; trying again")
            await self._wait(MIN_CHECK_SECONDS)

    async def _look_on(self, journal: Journal, name: str) -> None:
        before = (0, 0)
        job = await journal.find(name)
        while True:
            began = time.monotonic()
            now = await journal.shards.stats(job.id)
            self._show(Progress.from_counts(await journal.row_queries.counts(job.id)))
            if now.shards == now.done and not now.leased:
                break
            if now.problem:
                self._say(f"a worker has given its part back: {now.problem}")
            if now.leased or not now.free or (now.done, now.leased) != before:
                self._moved, before = time.monotonic(), (now.done, now.leased)
            elif time.monotonic() > self._moved + self._patience:
                why = await asyncio.to_thread(why_tasks_failed, self._tasks)
                self._say(f"no worker takes the job up: {why or now.problem or ADVICE}")
                self._moved, self._patience = time.monotonic(), min(2 * self._patience, MAX_REQUEUE_SECONDS)
                await self._queue(name, now.free)
            took = time.monotonic() - began  # counting a million rows takes a while, in which no worker writes
            await self._wait(pause_after(took))
        self._show(Progress(phase=Phase.READING))

    async def _wait(self, seconds: float) -> None:
        """Wait until the next progress query.

        :raises CancelledError: The workers should not be followed any more.
        """
        await unless_stopped(self._stop, asyncio.sleep(seconds))
        if self._stop.is_set():
            raise asyncio.CancelledError

    def _say(self, words: str) -> None:
        """Print a message once, regardless of its correlation id."""
        told = re.sub(r" ?\[correlation id [^\]]*\]", "", words)
        if told not in self._said:
            self._said.add(told)
            self.observer.note(words)

    async def _queue(self, name: str, count: int) -> None:
        tasks = JobTasks(self.app, name, self.account, self.place.schema)
        self._tasks += await asyncio.to_thread(tasks.put, count)


def pause_after(took: float) -> float:
    """Return the seconds until the next progress query, from the duration of the last one."""
    return min(max(MIN_CHECK_SECONDS, took / PART_OF_THE_TIME), MAX_CHECK_SECONDS)


def followed(run: JobRunner[JobSummary], account: str, shard_size: int | None) -> FollowedRun:
    """Return the run for workers.

    :param account: Profile of the settings from which the workers get the account; empty for ``CPL_PROFILE``.
    :raises ConfigurationError: There is no broker, or workers cannot share the journal.
    """
    if not app.conf.broker_url:
        raise ConfigurationError(f"--distributed needs Celery's broker: {BROKER}=redis://host/0")
    if not run.place.url:
        raise ConfigurationError("--distributed needs the journal in PostgreSQL: CPL_JOURNAL=postgresql://user@host/db")
    check_broker(app)
    return FollowedRun(
        source=run.source,
        sink=run.sink,
        place=run.place,
        options=run.options,
        app=app,
        account=account or os.environ.get(PROFILE, ""),
        shard_size=shard_size or SHARD_SIZE,
    )
