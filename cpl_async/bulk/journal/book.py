"""The journal of one account: its jobs, and for each job the books of planning, sending and reporting."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
from attrs import frozen
from sqlalchemy import delete, insert, select, update

from ...errors import JournalError
from .course import Course
from .database import Database
from .place import JournalPlace
from .planning import Planning
from .results import Results
from .schema import jobs, rows

__all__ = ["Job", "Journal"]

PLANNING, READY, FINISHED = "planning", "ready", "finished"


@frozen(kw_only=True)
class Job:
    """A job as the journal knows it."""

    id: int
    name: str
    digest: str
    columns: list[str]
    body_tail: bytes
    label_format: str
    finished: bool
    planned: bool
    seconds: float
    requests: int


class Journal:
    """The journal of one account; see :meth:`open`."""

    def __init__(self, database: Database, place: JournalPlace) -> None:
        self._database = database
        self.place = place
        self.planning = Planning(database)
        self.course = Course(database)
        self.results = Results(database)

    @classmethod
    @asynccontextmanager
    async def open(cls, place: JournalPlace) -> AsyncIterator[Journal]:
        """Open the journal, and close it at the end.

        :raises JournalError: see :meth:`Database.open`.
        """
        database = await Database.open(place)
        try:
            yield cls(database, place)
        finally:
            await database.close()

    async def job(
        self, *, name: str | None, digest: str, source: str, columns: list[str], body_tail: bytes, label_format: str
    ) -> Job:
        """Return the job of this name, or else of this content, making it when there is none.

        A job whose planning was broken off is planned anew: nothing of it was sent.

        :raises JournalError: when a job of this name has other rows.
        """
        known = name or f"{source}-{digest[:12]}"
        async with self._database.transaction() as connection:
            known_by = jobs.c.name == name if name else jobs.c.digest == digest
            first = select(jobs).where(known_by).order_by(jobs.c.id).limit(1)
            found = (await connection.execute(first)).one_or_none()
            if found is not None and found.digest != digest:
                raise JournalError(
                    f"the job {name!r} was made of other rows than these",
                    advice="Give this file a name of its own; what was shipped before is known by its reference",
                )
            if found is not None and found.state == PLANNING:
                await connection.execute(delete(rows).where(rows.c.job == found.id))
                await connection.execute(delete(jobs).where(jobs.c.id == found.id))
                found = None
            if found is None:
                values = {
                    "name": known,
                    "digest": digest,
                    "source": source,
                    "columns": orjson.dumps(columns).decode(),
                    "body_tail": body_tail,
                    "label_format": label_format,
                    "state": PLANNING,
                    "created_at": time.time(),
                }
                await connection.execute(insert(jobs).values(values))
                found = (await connection.execute(select(jobs).where(jobs.c.name == known))).one()
        return Job(
            id=found.id,
            name=found.name,
            digest=found.digest,
            columns=orjson.loads(found.columns),
            body_tail=found.body_tail,
            label_format=found.label_format,
            finished=found.state == FINISHED,
            planned=found.state != PLANNING,
            seconds=found.seconds,
            requests=found.requests,
        )

    async def set_columns(self, job: int, columns: list[str]) -> None:
        """Keep the columns of a file whose heading is known only at its end."""
        text = orjson.dumps(columns).decode()
        async with self._database.transaction() as connection:
            await connection.execute(update(jobs).where(jobs.c.id == job).values(columns=text))

    async def add_effort(self, job: int, *, seconds: float, requests: int, finished: bool) -> None:
        """Add what a run has cost, and whether nothing is left to do."""
        values = {
            "seconds": jobs.c.seconds + seconds,
            "requests": jobs.c.requests + requests,
            "state": FINISHED if finished else READY,
        }
        if finished:
            values["finished_at"] = time.time()
        async with self._database.transaction() as connection:
            await connection.execute(update(jobs).where(jobs.c.id == job).values(values))
