"""The database that a journal lives in: opened, checked to be ours, written safely."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, TypeVar, cast

from filelock import AsyncFileLock, Timeout
from sqlalchemy import URL, AsyncAdaptedQueuePool, Table, event, func, insert, inspect, select, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.schema import CreateSchema

from ...errors import JournalError
from ..locks import alone, at_work
from .keys import new_secret
from .place import JournalPlace
from .postgresql import key_of, postgresql_engine
from .schema import OLDEST, VERSION, account, metadata, parts

__all__ = ["Database", "LoanLost", "new_id"]

T = TypeVar("T")
LONGEST_WAIT = 3600
AT_ONCE = 200
"""Values that are made ready for the database without a pause: some two milliseconds."""
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=60000",
    "cache_size=-16000",  # KiB: what a batch touches lies all over a large file
    "wal_autocheckpoint=4000",  # pages: a page that changes often is moved once instead of four times
)
PATIENCE = 15.0
"""Seconds."""
LONGEST_OPENING = 60
"""Seconds. One at a time opens: SQLite does not wait when two turn a new file to write-ahead logging at once."""


class LoanLost(JournalError):
    """A part of a job was taken over, since its worker was not heard of for too long: it must touch nothing more."""

    @classmethod
    def of(cls, part: int) -> LoanLost:
        """Return the error about a part."""
        return cls(f"part {part} of the job was taken over by another worker", advice="Nothing more was sent of it")


class Database:
    """One connection to the journal's database, on a thread of its own, used by one task at a time."""

    def __init__(self, engine: AsyncEngine, place: JournalPlace, held: dict[int, int]) -> None:
        self._engine = engine
        self._place = place
        self._held = held
        self._turn = asyncio.Lock()
        self._loan: tuple[int, str] | None = None
        self.secret: bytes = b""
        """Key of the hashes by which references are known."""

    @classmethod
    async def open(cls, place: JournalPlace, patience: float = PATIENCE) -> Database:
        """Open or make the journal of an account.

        :param patience: seconds for which a program that was stopped in the middle of a transaction keeps others from
            writing to a journal in PostgreSQL.
        :raises JournalError: when it cannot be opened, is damaged, newer than this program, or another account's.
        """
        place.prepare()
        held: dict[int, int] = {}
        engine = postgresql_engine(place, held, patience) if place.url else _sqlite_engine(place)
        database = cls(engine, place, held)
        try:
            async with AsyncFileLock(place.folder / "opening.lock", timeout=LONGEST_OPENING, poll_interval=0.01):
                await database._check()
        except Timeout:
            await engine.dispose()
            raise JournalError(f"the journal {place.shown} is being opened by another run that does not end") from None
        except (SQLAlchemyError, OSError) as error:
            await engine.dispose()
            reason = str(error.orig) if isinstance(error, DBAPIError) else str(error)
            advice = (
                "See that PostgreSQL runs, and that CPL_JOURNAL names a database that is there" if place.url else None
            )
            raise JournalError(f"the journal {place.shown} cannot be opened: {reason}", advice=advice) from None
        except BaseException:
            await engine.dispose()
            raise
        return database

    @property
    def is_shared(self) -> bool:
        """Whether programs on several hosts use it."""
        return bool(self._place.url)

    @property
    def schema(self) -> str:
        """Its schema in PostgreSQL."""
        return self._place.schema

    @property
    def on_loan(self) -> bool:
        """Whether it is used for a part that is on loan."""
        return self._loan is not None

    @contextmanager
    def only_while_lent(self, part: int, owner: str) -> Iterator[None]:
        """Let every transaction in the block fail when a part is no longer on loan to an owner."""
        self._loan = part, owner
        try:
            yield
        finally:
            self._loan = None

    async def close(self) -> None:
        """Close the connection and its thread."""
        await self._engine.dispose()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Commit what is done inside together, or nothing of it.

        :raises JournalError: when the disk or the database fails.
        """
        async with self._turn:
            whole = self._engine.begin()
            entering = asyncio.ensure_future(whole.__aenter__())
            try:
                connection = await _to_its_end(entering)
            except asyncio.CancelledError as cancelled:
                if entering.done() and not entering.cancelled() and entering.exception() is None:
                    await _to_its_end(whole.__aexit__(type(cancelled), cancelled, None))
                raise
            except (DBAPIError, OSError) as error:
                raise JournalError(f"the journal cannot be opened: {getattr(error, 'orig', error)}") from None
            try:
                try:
                    if self._loan is not None:
                        await self._check_loan(connection, *self._loan)
                    yield cast("AsyncConnection", Steady(connection))
                except BaseException as error:
                    await _to_its_end(whole.__aexit__(type(error), error, error.__traceback__))
                    raise
                await _to_its_end(whole.__aexit__(None, None, None))
            except DBAPIError as error:
                raise JournalError(f"the journal cannot be written: {error.orig}") from None

    async def _check_loan(self, connection: AsyncConnection, part: int, owner: str) -> None:
        mine = select(parts.c.id).where(parts.c.id == part, parts.c.owner == owner)
        if (await _to_its_end(connection.execute(mine))).first() is None:
            raise LoanLost.of(part)

    async def analyze(self) -> None:
        """Let a server look at what its tables hold, which it would do by itself a minute later."""
        if self.is_shared:
            async with self.transaction() as connection:
                await connection.execute(text("ANALYZE rows"))

    async def rewrite(self) -> None:
        """Write the file anew, so that what was deleted is not in it any more."""
        async with self._engine.connect() as connection:
            if self._place.url:
                whole = await connection.execution_options(isolation_level="AUTOCOMMIT")
                for table in metadata.sorted_tables:
                    await whole.exec_driver_sql(f'VACUUM "{self._place.schema}"."{table.name}"')
                return
            raw = await connection.get_raw_connection()
            driver: Any = raw.driver_connection
            for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                await (await driver.execute(statement)).close()

    def insert_unless_taken(self, table: Table) -> Any:
        """Return an INSERT that passes over rows which would break a unique index."""
        if self._engine.dialect.name == "postgresql":
            return postgresql_insert(table).on_conflict_do_nothing()
        return sqlite_insert(table).on_conflict_do_nothing()

    @asynccontextmanager
    async def only_one(self, job: int, what: str) -> AsyncIterator[None]:
        """Keep all other runs from a job, on this host and on others, for as long as the block runs.

        :param what: names what is held, for the error.
        :raises JournalError: when another run is at work on it.
        """
        if not self._place.url:
            with alone(self._place.folder / f"job-{job}.lock", what):
                yield
            return
        key = key_of(self._place.schema, job)
        async with self.transaction() as connection:
            if not (await connection.execute(select(func.pg_try_advisory_lock(key)))).scalar_one():
                raise at_work(what)
        self._held[key] = job
        try:
            yield
        finally:
            self._held.pop(key, None)
            with suppress(JournalError):  # with the connection the lock is gone too
                async with self.transaction() as connection:
                    await connection.execute(select(func.pg_advisory_unlock(key)))

    async def _check(self) -> None:
        place = self._place
        async with self._engine.begin() as connection:
            if place.url:
                await connection.execute(CreateSchema(place.schema, if_not_exists=True))
            if not await connection.run_sync(lambda sync: inspect(sync).has_table(account.name)):
                await connection.run_sync(metadata.create_all)
                self.secret = new_secret()
                values = {"schema_version": VERSION, "base_url": place.base_url, "client_id": place.client_id}
                await connection.execute(insert(account).values(**values, secret=self.secret))
                return
            version = int((await connection.execute(select(account.c.schema_version))).scalar_one())
            if not OLDEST <= version <= VERSION:
                raise JournalError(
                    f"the journal {place.shown} has version {version}, this program reads {VERSION}",
                    advice="Use the version of cpl-sdk that wrote it, or a newer one",
                )
            if version < VERSION:
                from .migrations import migrate  # Alembic takes a quarter of a second, and is needed once

                await connection.run_sync(migrate, version)
            found = (await connection.execute(select(account))).one()
        self.secret = found.secret
        if (found.base_url, found.client_id) != (place.base_url, place.client_id):
            raise JournalError(f"the journal {place.shown} belongs to {found.client_id} at {found.base_url}")


class Steady:
    """A connection whose steps come to their end even when whoever waits for them is cancelled.

    A step that is broken off midway would leave the database's only connection in nobody's hands. One with many values
    is taken in pieces, between which the loop turns to others.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def execute(self, statement: Any, values: Any = None) -> Any:
        """Execute a statement, once for each of many values; of many, the result is that of the last ones."""
        if not isinstance(values, list) or len(values) <= AT_ONCE:
            return await _to_its_end(self._connection.execute(statement, values))
        result: Any = None
        for offset in range(0, len(values), AT_ONCE):
            result = await _to_its_end(self._connection.execute(statement, values[offset : offset + AT_ONCE]))
        return result


async def _to_its_end(work: Awaitable[T]) -> T:
    """Wait until the work is done, and only then let a cancellation through."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        task.exception()  # it is known of, though nobody asks for it any more
        raise cancelled
    return task.result()


def _sqlite_engine(place: JournalPlace) -> AsyncEngine:
    import aiosqlite  # noqa: F401 - with the engine, not in the first call

    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(place.file)),  # in a text, "?" and "%" would be of an address
        poolclass=AsyncAdaptedQueuePool,  # not of itself in every version
        pool_size=1,
        max_overflow=0,
        pool_timeout=LONGEST_WAIT,
    )
    event.listen(engine.sync_engine, "connect", _safe_writes)
    event.listen(engine.sync_engine, "begin", _begin_alone)
    return engine


def _begin_alone(connection: Any) -> None:
    """Begin as a writer, so that what a transaction has read still holds when it writes."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _safe_writes(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def new_id(result: Any) -> int:
    """Return the id that an INSERT of one row was given."""
    return int(result.inserted_primary_key[0])
