"""Shards of a job that several workers share: created, leased by one worker at a time, and taken over after expiry.

The clock of the database, which all workers share, measures a lease. A worker computes its local expiry from the time
before its request, so it never assumes more time than it has.
"""

from __future__ import annotations

import uuid
from typing import Any

from attrs import frozen
from sqlalchemy import Float, and_, case, cast, delete, func, insert, or_, select, update

from ...errors import ConfigurationError
from ...system.run_lock import already_running
from ..records import GOES_ON, BatchState, RowState
from .connection import JournalConnection, LeaseLost
from .postgresql import key_of
from .row_range import RowRange
from .schema import batches, jobs, rows, shards

__all__ = ["Shard", "ShardRepository", "ShardStats"]

OPEN, DONE = "open", "done"
NOW = cast(func.extract("epoch", func.clock_timestamp()), Float)
"""By the database's clock, in seconds since the epoch."""
LEASED = and_(shards.c.owner.is_not(None), shards.c.lease_until > NOW)
FREE = or_(shards.c.owner.is_(None), shards.c.lease_until <= NOW)
WORK = (*GOES_ON, RowState.SENDING, RowState.UNDECIDED)
"""States of rows for which a shard is created."""


@frozen(kw_only=True)
class Shard:
    """A shard that is leased by a worker."""

    id: int
    job: int
    owner: str
    """Unique id of this lease; a shard that was taken over has another."""
    row_range: RowRange
    is_finalizer: bool
    """Whether it is the last shard, which makes labels, tables and reports of the whole job."""
    claims: int
    """How often it was leased; more than once if a worker died or stopped early."""


@frozen(kw_only=True)
class ShardStats:
    """The state of a job's shards."""

    shards: int
    """All shards without the finalizer."""
    done: int
    leased: int
    """Leased shards, including the finalizer."""
    free: int
    """Shards that a worker can acquire, including the finalizer once all others are done."""
    is_finished: bool
    """Whether the finalizer is done too."""
    frees_in: float | None
    """Seconds until the first active lease expires if it is not renewed, or ``None`` if there is no lease."""
    problem: str
    """Reason why a worker last released a shard unfinished; empty if there is no such release."""

    @property
    def is_open(self) -> bool:
        """Whether workers have something left to do, or one is running."""
        return self.shards > self.done or self.leased + self.free > 0


class ShardRepository:
    """Creates the shards of a job and leases them to workers."""

    def __init__(self, database: JournalConnection) -> None:
        self._database = database

    async def create(self, job: int, size: int, *, closing: bool) -> int:
        """Divide the open rows of a job into shards. The caller must hold the job exclusively.

        :param size: Rows in a shard.
        :param closing: Whether a worker makes labels and reports at the end; else the caller that follows the job does.
        :return: Number of shards that have rows to process.
        """
        async with self._database.transaction() as connection:
            await connection.execute(delete(shards).where(shards.c.job == job))
            unsent = rows.c.job == job, rows.c.state == RowState.PLANNED, rows.c.batch.is_not(None)
            await connection.execute(update(rows).where(*unsent).values(batch=None))  # it gets a batch within its shard
            await connection.execute(
                update(batches)
                .where(batches.c.job == job, batches.c.state == BatchState.PLANNED)
                .values(state=BatchState.DONE)
            )
            number = func.div(rows.c.number - 1, size)
            query = select(number).where(rows.c.job == job, rows.c.state.in_(WORK)).group_by(number).order_by(number)
            found = [int(one) for one in (await connection.execute(query)).scalars()]
            made = [{"first": one * size + 1, "last": (one + 1) * size, "closing": 0} for one in found]
            if closing:
                last = select(func.coalesce(func.max(rows.c.number), 1)).where(rows.c.job == job)
                made.append({"first": 1, "last": int((await connection.execute(last)).scalar_one()), "closing": 1})
            if made:
                await connection.execute(insert(shards), [one | {"job": job, "state": OPEN} for one in made])
        return len(found)

    async def acquire(self, job: int, lease: float, worker: str) -> Shard | None:
        """Lease a free shard; one whose lease has expired is taken over.

        :param lease: Seconds until the lease expires.
        :param worker: Name of the worker, for display.
        :return: The shard, or ``None`` if there is no free shard now.
        :raises ConfigurationError: The journal cannot be shared by workers.
        """
        self._check_shared()
        owner = str(uuid.uuid4())
        left = select(func.count()).where(shards.c.job == job, shards.c.state == OPEN, shards.c.closing == 0)
        mine = shards.c.job == job, shards.c.state == OPEN, FREE
        async with self._database.transaction() as connection:
            alone = func.pg_try_advisory_xact_lock_shared(key_of(self._database.schema, job))
            if not (await connection.execute(select(alone))).scalar_one():
                return None  # a run has the job to itself
            turn = (shards.c.closing == 0) if (await connection.execute(left)).scalar_one() else (shards.c.closing == 1)
            query = select(shards).where(*mine, turn).order_by(shards.c.id).limit(1).with_for_update(skip_locked=True)
            found = (await connection.execute(query)).one_or_none()
            if found is None:
                return None
            leased = {
                "owner": owner,
                "worker": worker,
                "lease_until": NOW + lease,
                "claims": shards.c.claims + 1,
                "message": "",
            }
            await connection.execute(update(shards).where(shards.c.id == found.id).values(**leased))
        return Shard(
            id=found.id,
            job=job,
            owner=owner,
            row_range=RowRange() if found.closing else RowRange(found.first, found.last),
            is_finalizer=bool(found.closing),
            claims=found.claims + 1,
        )

    async def renew(self, part: Shard, lease: float) -> None:
        """Extend the lease on a shard.

        :param lease: Seconds until the lease expires.
        :raises LeaseLost: Another worker holds the shard now.
        """
        await self._set(part, lease_until=NOW + lease)

    async def release(self, part: Shard, *, done: bool, message: str = "") -> None:
        """Release a shard.

        :param done: Whether nothing is left to do for it.
        :param message: Reason why it is not done. Default: empty.
        :raises LeaseLost: Another worker holds the shard now.
        """
        await self._set(part, owner=None, lease_until=None, state=DONE if done else OPEN, message=message)

    async def stats(self, job: int) -> ShardStats:
        """Return the state of a job's shards.

        :raises ConfigurationError: The journal cannot be shared by workers.
        """
        self._check_shared()
        wait = func.min(case((and_(shards.c.state == OPEN, LEASED), shards.c.lease_until - NOW)))
        of_rows, still = shards.c.closing == 0, shards.c.state == OPEN
        query = select(
            func.count(case((of_rows, 1))).label("parts"),
            func.count(case((and_(of_rows, ~still), 1))).label("done"),
            func.count(case((and_(still, LEASED), 1))).label("leased"),
            func.count(case((and_(of_rows, still, FREE), 1))).label("free"),
            func.count(case((and_(~of_rows, still), 1))).label("closing"),
            func.count(case((and_(~of_rows, still, FREE), 1))).label("closing_free"),
            func.count().label("all"),
            wait.label("wait"),
        ).where(shards.c.job == job)
        said = select(shards.c.message).where(shards.c.job == job, still, shards.c.message != "").limit(1)
        async with self._database.transaction() as connection:
            found = (await connection.execute(query)).one()
            problem = (await connection.execute(said)).scalar_one_or_none()
        over = found.parts == found.done
        return ShardStats(
            shards=found.parts,
            done=found.done,
            leased=found.leased,
            free=found.free + (found.closing_free if over else 0),
            is_finished=bool(found.all) and over and not found.closing,
            frees_in=None if found.wait is None else max(0.0, float(found.wait)),
            problem=problem or "",
        )

    async def ensure_none_leased(self, job: int, what: str) -> None:
        """Verify that no worker holds a shard of a job. The caller must prevent new leases.

        :param what: Name of the job, for the error.
        :raises JournalError: A worker holds a lease on a shard of it.
        """
        if not self._database.is_shared:
            return
        leased = select(func.count()).where(shards.c.job == job, shards.c.state == OPEN, LEASED)
        async with self._database.transaction() as connection:
            if (await connection.execute(leased)).scalar_one():
                raise already_running(what)

    async def delete_all(self, job: int) -> None:
        """Delete all shards of a job, so that workers stop. The caller then holds the job exclusively."""
        if self._database.is_shared:
            async with self._database.transaction() as connection:
                await connection.execute(delete(shards).where(shards.c.job == job))

    async def reserve_watch(self, job: int, seconds: float) -> bool:
        """Reserve the next check of a job for some seconds; return whether no other process has reserved it.

        :param seconds: Seconds until the check can be reserved again.
        """
        nobody = or_(jobs.c.watched_until.is_(None), jobs.c.watched_until <= NOW)
        async with self._database.transaction() as connection:
            taken = update(jobs).where(jobs.c.id == job, nobody).values(watched_until=NOW + seconds)
            return bool((await connection.execute(taken)).rowcount)

    async def open_job_names(self) -> list[str]:
        """Return the names of the jobs that have open shards."""
        query = select(jobs.c.name).where(
            jobs.c.id.in_(select(shards.c.job).where(shards.c.state == OPEN).scalar_subquery())
        )
        async with self._database.transaction() as connection:
            return list((await connection.execute(query.order_by(jobs.c.id))).scalars())

    def _check_shared(self) -> None:
        if not self._database.is_shared:
            raise ConfigurationError(
                "workers share a job by its journal in PostgreSQL: name it in CPL_JOURNAL, postgresql://user@host/db"
            )

    async def _set(self, part: Shard, **values: Any) -> None:
        mine = shards.c.id == part.id, shards.c.owner == part.owner
        async with self._database.transaction() as connection:
            if not (await connection.execute(update(shards).where(*mine).values(**values))).rowcount:
                raise LeaseLost.of(part.id)
