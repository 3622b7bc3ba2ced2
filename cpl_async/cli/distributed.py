"""``cpl ship --distributed``: hands a file over to Celery workers, follows them, and writes labels and reports here."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

from attrs import define, field

from ..bulk.door import PART_SIZE
from ..bulk.journal import Journal
from ..bulk.outputs import ShipSummary
from ..bulk.progress import Phase, Progress
from ..bulk.protocol import BulkClient
from ..bulk.ship import ShipFile
from ..bulk.stopping import unless_stopped
from ..errors import ConfigurationError
from .failures import needing_extra
from .running import StopWords

__all__ = ["WORDS", "followed"]

PROFILE = "CPL_PROFILE"
LOOK_EVERY = 1.0
"""Seconds, at least."""
PART_OF_THE_TIME = 0.05
"""In which it is looked how far the job is, at most."""
NOBODY_FOR = 20.0
"""Seconds in which no worker takes a free part up, after which that is said and the tasks are queued again."""
ADVICE = "is a worker running? celery --app cpl_async.distributed.worker worker"
WORDS = StopWords(
    ending="no longer followed: the workers go on (again to stop at once)",
    ended="no longer followed: the workers go on; run the same command again to follow them and to get the labels",
)


@define(kw_only=True)
class FollowedRun(ShipFile):
    """A run whose sending is done by workers; labels and reports are made here when they have done all."""

    app: Any
    """Celery's."""
    account: str
    part_size: int
    _moved: float = field(init=False, factory=time.monotonic)

    async def run(self, client: BulkClient) -> ShipSummary:
        """Hand the file over, follow the workers, and write what became of it.

        :raises CancelledError: when it was stopped while workers are at work; they go on.
        """
        name, standing = await self.hand_over(self.part_size)
        await self._queue(name, standing.free)
        await self._follow(name)
        return await super().run(client)  # attrs makes another class of this one

    async def _follow(self, name: str) -> None:
        problem, before = "", (0, 0)
        async with Journal.open(self.place) as journal:
            job = await journal.find(name)
            while True:
                began = time.monotonic()
                now = await journal.parts.standing(job.id)
                self.progress = Progress.from_counts(await journal.results.counts(job.id))
                self.on_progress(self.progress)
                if now.parts == now.done and not now.at_work:
                    break
                if now.problem and now.problem != problem:
                    problem = now.problem
                    self.on_note(f"a worker has given its part back: {problem}")
                if now.at_work or not now.free or (now.done, now.at_work) != before:
                    self._moved, before = time.monotonic(), (now.done, now.at_work)
                elif time.monotonic() > self._moved + NOBODY_FOR:
                    self._moved = time.monotonic()
                    self.on_note(f"no worker takes the job up: {ADVICE}")
                    await self._queue(name, now.free)
                took = time.monotonic() - began  # to count a million rows takes a while, in which no worker writes
                await unless_stopped(self._stop, asyncio.sleep(max(LOOK_EVERY, took / PART_OF_THE_TIME)))
                if self._stop.is_set():
                    raise asyncio.CancelledError
        self.progress = Progress(phase=Phase.READING)

    async def _queue(self, name: str, count: int) -> None:
        from ..distributed.celery import queue_tasks

        await asyncio.to_thread(queue_tasks, self.app, name, self.account, count)


def followed(run: ShipFile, account: str, part_size: int | None) -> FollowedRun:
    """Return the run that workers are to do.

    :param account: profile of the settings by which the workers know whose it is; ``CPL_PROFILE`` for an empty one.
    :raises ConfigurationError: without a broker, or with a journal that workers cannot share.
    """
    with needing_extra("distributed"):
        from ..distributed.worker import BROKER, app
    if not app.conf.broker_url:
        raise ConfigurationError(f"--distributed needs Celery's broker: {BROKER}=redis://host/0")
    if not run.place.url:
        raise ConfigurationError("--distributed needs the journal in PostgreSQL: CPL_JOURNAL=postgresql://user@host/db")
    return FollowedRun(
        path=run.path,
        out=run.out,
        place=run.place,
        options=run.options,
        app=app,
        account=account or os.environ.get(PROFILE, ""),
        part_size=part_size or PART_SIZE,
    )
