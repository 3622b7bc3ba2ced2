"""The journal of one account: its jobs, and the repositories for planning, sending and reporting."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import orjson
from attrs import frozen
from sqlalchemy import insert, select, update

from ..._nearest import nearest
from ...errors import JournalError
from ...models.codes import LabelFormat
from ...ratelimit.registry import JournalMemory
from ..metrics import Measures
from .batch_repository import BatchRepository
from .cancellation_repository import CancellationRepository
from .connection import JournalConnection
from .job_repository import JobRepository
from .location import JournalLocation
from .reconciliation_repository import ReconciliationRepository
from .report_queries import ReportQueries
from .row_insertion import RowInsertion
from .row_queries import RowQueries
from .row_range import ALL_ROWS, RowRange
from .row_repository import RowRepository
from .schema import FINISHED, PLANNING, READY, jobs
from .shard_repository import Shard, ShardRepository

__all__ = ["Job", "Journal", "NoSuchJob"]


@frozen(kw_only=True)
class Job:
    """A job as the journal records it."""

    id: int
    uid: str
    """Unique among all journals."""
    name: str
    columns: list[str]
    body_tail: bytes
    label_format: str
    sender: str
    """Digest of the sender that its rows were planned with."""
    planned: bool
    finished: bool
    seconds: float
    requests: int
    kind: str
    settings: dict[str, Any]
    """Settings of its runs: the output folder, the layout of its labels."""
    measures: dict[str, Any]
    """Figures of all its runs, see :class:`Measures`."""
    source: str
    """Name of the file that it was created from."""
    created_at: float
    purged_at: float | None


def _job_of(found: Any) -> Job:
    return Job(
        id=found.id,
        uid=found.uid,
        name=found.name,
        columns=[str(name) for name in orjson.loads(found.columns)],
        body_tail=bytes(found.body_tail),
        label_format=LabelFormat(found.label_format).value,
        sender=found.sender,
        planned=found.state != PLANNING,
        finished=found.state == FINISHED,
        seconds=float(found.seconds),
        requests=int(found.requests),
        kind=found.kind,
        settings=dict(orjson.loads(found.settings)),
        measures=dict(orjson.loads(found.measures)),
        source=found.source,
        created_at=float(found.created_at),
        purged_at=found.purged_at,
    )


class NoSuchJob(JournalError):
    """The journal has no job with this name."""


class Journal:
    """The journal of one account; see :meth:`open`."""

    def __init__(self, database: JournalConnection, place: JournalLocation, span: RowRange = ALL_ROWS) -> None:
        self._database = database
        self.place = place
        self.rows: RowRepository = RowRepository(database, span)
        self.batches: BatchRepository = BatchRepository(database, span)
        self.row_queries: RowQueries = RowQueries(database, span)
        self.reconciliation: ReconciliationRepository = ReconciliationRepository(database, span)
        self.shards: ShardRepository = ShardRepository(database)
        self.cancellations: CancellationRepository = CancellationRepository(database)
        self.jobs: JobRepository = JobRepository(database)
        self.report_queries: ReportQueries = ReportQueries(database)
        self.row_insertion: RowInsertion = RowInsertion(database)

    @classmethod
    @asynccontextmanager
    async def open(cls, place: JournalLocation, **options: Any) -> AsyncIterator[Journal]:
        """Open the journal, and close it at the end of the block.

        :param options: See :meth:`JournalConnection.open`.
        :raises JournalError: See :meth:`JournalConnection.open`.
        """
        database = await JournalConnection.open(place, **options)
        try:
            yield cls(database, place)
        finally:
            await database.close()

    @property
    def uid(self) -> str:
        """Unique id of this journal."""
        return self._database.uid

    @property
    def has_gap(self) -> bool:
        """Whether it went back in time, so that a search for each row precedes sending it."""
        return self._database.gap is not None

    async def counter(self) -> int:
        """Return the total number of attempts of the account."""
        return await self._database.counter()

    async def compare(self, memory: JournalMemory | None, *, replaces_lost: bool) -> None:
        """See :meth:`JournalConnection.compare`; without a memory, nothing is compared."""
        if memory is not None:
            await self._database.compare(memory, replaces_lost=replaces_lost)

    async def notice_counter(self, uid: str, counter: int) -> None:
        """See :meth:`JournalConnection.notice_counter`."""
        await self._database.notice_counter(uid, counter)

    def verify_files(self) -> None:
        """See :meth:`JournalConnection.verify_files`."""
        self._database.verify_files()

    async def knows(self, uid: str) -> bool:
        """Return whether there is a job with this uid."""
        async with self._database.transaction() as connection:
            return (await connection.execute(select(jobs.c.id).where(jobs.c.uid == uid))).first() is not None

    @property
    def is_shared(self) -> bool:
        """Whether programs on several hosts use it."""
        return self._database.is_shared

    @contextmanager
    def leased(self, part: Shard) -> Iterator[Journal]:
        """Yield the journal restricted to the rows of a leased shard; it fails as soon as the lease is lost."""
        with self._database.require_lease(part.id, part.owner):
            yield Journal(self._database, self.place, part.row_range)

    @asynccontextmanager
    async def exclusive(self, job: int, what: str) -> AsyncIterator[None]:
        """Keep all other runs and workers from a job for the duration of the block.

        :param what: Name of the locked object, for the error.
        :raises JournalError: Another run holds the job, or a worker holds a lease on one of its shards.
        """
        async with self._database.exclusive(job, what):
            await self.shards.ensure_none_leased(job, what)
            yield

    async def job(self, *, name: str | None, digest: str, source: str, kind: str = "shipments", **made: Any) -> int:
        """Return the id of the job with this name, or else with this content; create it if it does not exist.

        :param made: Values for a new job: ``columns``, ``body_tail``, ``label_format`` and ``sender``.
        :raises JournalError: A job with this name has other rows.
        """
        known_by = jobs.c.name == name if name else jobs.c.digest == digest
        first = select(jobs.c.id, jobs.c.digest).where(known_by).order_by(jobs.c.id).limit(1)
        async with self._database.transaction() as connection:
            found = (await connection.execute(first)).one_or_none()
            if found is None:
                label = name or f"{source}-{digest[:12]}"
                taken = select(jobs.c.id).where(jobs.c.name == label)
                if (await connection.execute(taken)).first() is not None:
                    raise JournalError(f"another job has the name {label!r}", advice="Give this one a name of its own")
                values = {
                    "uid": uuid.uuid4().hex,
                    "name": label,
                    "digest": digest,
                    "source": source,
                    "kind": kind,
                    "state": PLANNING,
                    "created_at": self._database.now(),
                    **made,
                    "columns": orjson.dumps(made["columns"]).decode(),
                }
                await connection.execute(insert(jobs).values(values))
                found = (await connection.execute(first)).one()
        if found.digest != digest:
            raise JournalError(
                f"the job {name!r} was made of other rows than these",
                advice="Give this file a name of its own; what was shipped before is known by its reference",
            )
        return int(found.id)

    async def find(self, name: str) -> Job:
        """Return a job by its name.

        :raises JournalError: There is no such job.
        """
        async with self._database.transaction() as connection:
            found = (await connection.execute(select(jobs.c.id).where(jobs.c.name == name))).scalar_one_or_none()
            others = [] if found is not None else list((await connection.execute(select(jobs.c.name))).scalars())
        if found is None:
            near = nearest(name, others) or next((other for other in others if other.startswith(name)), None)
            hint = f"; did you mean {near}?" if near else ""
            raise NoSuchJob(
                f"there is no job {name!r} in {self.place.display_text}{hint}", advice="`cpl jobs list` shows them all"
            )
        return await self.read(found)

    async def read(self, job: int) -> Job:
        """Return the current record of a job."""
        async with self._database.transaction() as connection:
            found = (await connection.execute(select(jobs).where(jobs.c.id == job))).one()
        with self._database.values_are_whole():
            return _job_of(found)

    async def set_columns(self, job: int, columns: list[str]) -> None:
        """Store the columns of a file whose header is complete only at its end."""
        await self._set(job, columns=orjson.dumps(columns).decode())

    async def keep_settings(self, job: int, settings: dict[str, Any]) -> None:
        """Store the settings of a run, so that the job can be resumed by its name alone."""
        await self._set(job, settings=orjson.dumps(settings).decode())

    async def finish_planning(self, job: int) -> None:
        """Record that all rows of a job are planned."""
        await self._set(job, state=READY)
        await self._database.analyze()

    async def finish(self, job: int) -> None:
        """Record that nothing is left to do."""
        await self._set(job, state=FINISHED, finished_at=self._database.now())

    async def add_effort(self, job: int, *, seconds: float, requests: int, measures: dict[str, Any]) -> None:
        """Add the time and the requests of a run.

        :param seconds: Duration of the run in seconds.
        :param requests: Requests that the run sent.
        :param measures: Figures of all runs, including this one.
        """
        await self._set(
            job,
            seconds=jobs.c.seconds + seconds,
            requests=jobs.c.requests + requests,
            measures=orjson.dumps(measures).decode(),
        )

    async def add_work(self, job: int, *, seconds: float, measures: Measures) -> None:
        """Add the time and the figures of a shard's run, which may overlap with runs of other shards.

        :param seconds: Duration of the run in seconds.
        :param measures: Figures of this run alone.
        """
        async with self._database.transaction() as connection:
            kept = (await connection.execute(select(jobs.c.measures).where(jobs.c.id == job))).scalar_one()
            both = Measures.from_dict(orjson.loads(kept)).and_of(measures)
            await connection.execute(
                update(jobs)
                .where(jobs.c.id == job)
                .values(
                    seconds=jobs.c.seconds + seconds,
                    requests=jobs.c.requests + measures.sent,
                    measures=orjson.dumps(both.as_dict()).decode(),
                )
            )

    async def _set(self, job: int, **values: Any) -> None:
        async with self._database.transaction() as connection:
            await connection.execute(update(jobs).where(jobs.c.id == job).values(**values))
