"""The database connection of a journal: it is opened, its identity is verified, and writes are transactional."""

from __future__ import annotations

import asyncio
import logging
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, TypeVar, cast

from filelock import AsyncFileLock, Timeout
from sqlalchemy import (
    URL,
    AsyncAdaptedQueuePool,
    Connection,
    Table,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import DBAPIError, InvalidRequestError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.schema import CreateSchema

from ...errors import JournalError
from ...messages import dump_messages, message
from ...ratelimit.registry import JournalMemory, KnownJournal
from ...system.blocking import run_blocking
from ...system.clock import wall
from ...system.run_lock import already_running, exclusive_lock
from ..records import RowState
from .continuity import DAMAGED_ADVICE, FileIdentity, lost_journal, read_mark, write_mark
from .location import JournalLocation
from .postgresql import key_of, postgresql_engine, reason_of
from .reference_hash import new_secret
from .schema import OLDEST, VERSION, account, attempts, jobs, metadata, rows, shards

__all__ = ["JournalConnection", "LeaseLost", "new_id", "unclear_in_gap"]

T = TypeVar("T")
logger: logging.Logger = logging.getLogger("cpl_async")
POSTGRESQL_ADVICE = "See that PostgreSQL runs, and that CPL_JOURNAL names a database that is there"
SENT_IN_GAP = dump_messages([message("unknown.journal_restored")])
MAX_WAIT_SECONDS = 3600
VALUES_PER_QUERY = 200
"""Values that are prepared for the database without a pause, about two milliseconds."""
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=60000",
    "cache_size=-16000",  # KiB: the pages that a batch touches are scattered over a large file
    "wal_autocheckpoint=4000",  # pages: a page that changes often is moved once instead of four times
)
PATIENCE = 15.0
"""Seconds."""
MAX_OPENING_SECONDS = 60
"""Seconds. Opening is serialized: SQLite does not wait if two processes set write-ahead logging on a new file at
once."""


class LeaseLost(JournalError):
    """The lease on a shard was taken over because its worker did not renew it in time; the worker must write nothing
    more."""

    @classmethod
    def of(cls, part: int) -> LeaseLost:
        """Return the error about a shard."""
        return cls(f"part {part} of the job was taken over by another worker", advice="Nothing more was sent of it")


class JournalConnection:
    """One connection to the journal's database, on a thread of its own, used by one task at a time."""

    def __init__(
        self, engine: AsyncEngine, place: JournalLocation, held: dict[int, int], now: Callable[[], float]
    ) -> None:
        self._engine = engine
        self._place = place
        self._held = held
        self._turn = asyncio.Lock()
        self._loan: tuple[int, str] | None = None
        self.now: Callable[[], float] = now
        """Returns the time of a record, in seconds since the epoch."""
        self.secret: bytes = b""
        """Key of the hashes by which references are recognized."""
        self.uid: str = ""
        """Unique id of this journal."""
        self.gap: tuple[float, float | None] | None = None
        """Begin and end of a period that this journal has no records of, since it was restored from a backup.

        The end is ``None`` until a run that has the carrier's time has set it: see :meth:`date_gap`.
        """
        self._files: FileIdentity | None = None
        self._memory: JournalMemory | None = None
        self._marking = asyncio.Lock()
        self._marked = 0

    @classmethod
    async def open(
        cls,
        place: JournalLocation,
        patience: float = PATIENCE,
        now: Callable[[], float] = wall,
        *,
        replaces_lost: bool = False,
    ) -> JournalConnection:
        """Open or create the journal of an account.

        :param patience: Seconds for which a program that was stopped in the middle of a transaction blocks other
            writers of a journal in PostgreSQL. Default: 15.
        :param now: Returns the time of a record, in seconds since the epoch; a run passes the carrier's clock.
        :param replaces_lost: Whether a new journal is created if the earlier one is gone. Default: ``False``.
        :raises JournalError: The journal cannot be opened, is damaged, gone, newer than this program, or another
            account's.
        """
        place.prepare()
        held: dict[int, int] = {}
        engine = postgresql_engine(place, held, patience) if place.url else _sqlite_engine(place)
        database = cls(engine, place, held, now)
        try:
            async with AsyncFileLock(place.folder / "opening.lock", timeout=MAX_OPENING_SECONDS, poll_interval=0.01):
                await database._check(replaces_lost=replaces_lost)
        except Timeout:
            await engine.dispose()
            raise JournalError(
                f"timed out waiting for another process to finish opening the journal {place.display_text}"
            ) from None
        except (SQLAlchemyError, OSError, ValueError) as error:
            await engine.dispose()
            reason = reason_of(error)
            advice = POSTGRESQL_ADVICE if place.url else DAMAGED_ADVICE
            raise JournalError(f"the journal {place.display_text} cannot be opened: {reason}", advice=advice) from None
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
    def leased(self) -> bool:
        """Whether it is used for a leased shard."""
        return self._loan is not None

    @contextmanager
    def require_lease(self, part: int, owner: str) -> Iterator[None]:
        """Make every transaction in the block fail if the owner's lease on the shard is lost."""
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
        """Commit all statements of the block together, or none of them.

        :raises JournalError: The disk or the database fails.
        """
        async with self._turn:
            whole = self._engine.begin()
            entering = asyncio.ensure_future(whole.__aenter__())
            try:
                connection = await _shielded(entering)
            except asyncio.CancelledError as cancelled:
                if entering.done() and not entering.cancelled() and entering.exception() is None:
                    await _shielded(whole.__aexit__(type(cancelled), cancelled, None))
                raise
            except (DBAPIError, OSError, ValueError) as error:
                raise JournalError(f"the journal cannot be opened: {reason_of(error)}", advice=DAMAGED_ADVICE) from None
            try:
                try:
                    if self._loan is not None:
                        await self._check_lease(connection, *self._loan)
                    with self.values_are_whole():
                        yield cast("AsyncConnection", ShieldedConnection(connection))
                except BaseException as error:
                    await _shielded(whole.__aexit__(type(error), error, error.__traceback__))
                    raise
                await _shielded(whole.__aexit__(None, None, None))
            except DBAPIError as error:
                raise JournalError(
                    f"the journal cannot be written: {reason_of(error)}",
                    advice="Free its disk, or see that it can be reached, and run the same command again",
                ) from None

    @contextmanager
    def values_are_whole(self) -> Iterator[None]:
        """Raise an error about a damaged journal if a value of it cannot be read in the block.

        :raises JournalError: A value differs from what was written.
        """
        try:
            yield
        except (ValueError, TypeError, KeyError, InvalidRequestError) as error:  # no text, no JSON, no state, no row
            raise JournalError(
                f"the journal {self._place.display_text} is damaged: a value cannot be read ({type(error).__name__})",
                advice=DAMAGED_ADVICE,
            ) from None

    async def record_attempt_count(self, connection: AsyncConnection) -> int:
        """Count one more attempt, in the transaction that records it, and return the total."""
        await connection.execute(update(account).values(counter=account.c.counter + 1))
        return int((await connection.execute(select(account.c.counter))).scalar_one())

    async def confirm(self, counter: int) -> None:
        """Verify that the commit is in the journal that other processes read, and write the mark beside the journal.

        :param counter: Result of :meth:`record_attempt_count`.
        :raises JournalGone: The journal was removed or replaced; nothing may be sent.
        :raises JournalError: The mark cannot be written.
        """
        async with self._marking:
            if counter > self._marked:
                mark = KnownJournal(uid=self.uid, counter=counter, at=self.now())
                await run_blocking(write_mark, self._place, mark)
                if self._memory is not None:
                    self._memory.write(self._place.account, mark)
                self._marked = counter
        self.verify_files()

    def verify_files(self) -> None:
        """Verify that the journal's files are those that were opened.

        :raises JournalGone: A file was removed or replaced.
        """
        if self._files is not None:
            self._files.check()

    async def compare(self, memory: JournalMemory, *, replaces_lost: bool) -> None:
        """Compare the journal with the shared record of the account's journal, and update that record from now on.

        :param memory: Shared record of all hosts.
        :param replaces_lost: Whether this journal replaces one that is gone.
        :raises JournalError: The account had another journal.
        """
        known = await memory.read(self._place.account) if self._place.keeps_mark else None
        if known is not None and known.uid != self.uid and not replaces_lost:
            raise lost_journal(self._place, known, replaced=True)
        if known is not None:
            await self.notice_counter(known.uid, known.counter)
        self._memory = memory if self._place.keeps_mark else None
        if self._memory is not None:
            at = known.at if known is not None and known.uid == self.uid else self.now()
            self._memory.write(self._place.account, KnownJournal(uid=self.uid, counter=await self.counter(), at=at))

    async def counter(self) -> int:
        """Return the total number of attempts of the account."""
        async with self.transaction() as connection:
            return int((await connection.execute(select(account.c.counter))).scalar_one())

    async def notice_counter(self, uid: str, counter: int) -> None:
        """Compare the journal's attempt count with a record outside of the journal.

        :param uid: Id of the journal in that record.
        :param counter: Attempts in that record.
        """
        if uid != self.uid:
            return
        async with self.transaction() as connection:
            known = int((await connection.execute(select(account.c.counter))).scalar_one())
            if counter > known:
                await self._note_gap(connection, counter)

    async def _note_gap(self, connection: AsyncConnection, counter: int) -> None:
        """Record that this journal went back in time: rows that it lists as not sent may have been sent since."""
        latest = (await connection.execute(select(func.max(attempts.c.began_at)))).scalar_one()
        first = (await connection.execute(select(func.min(jobs.c.created_at)))).scalar_one()
        since = float(latest or first or 0.0)
        if self.gap is not None:
            since = min(since, self.gap[0])
        self.gap = since, None
        await connection.execute(update(account).values(counter=counter, gap_since=since, gap_until=None))
        # what was lost or being sent may have been decided and sent again since, as what was planned may have been sent
        first_open = select(func.min(attempts.c.began_at)).where(attempts.c.outcome.is_(None))
        begun = min(since, (await connection.execute(first_open)).scalar_one() or since)
        await connection.execute(
            update(rows)
            .where(rows.c.state.in_((RowState.PLANNED, RowState.SENDING, RowState.UNDECIDED)))
            .values(
                unclear_in_gap(self.gap) | {"batch": None, "unclear_since": func.coalesce(rows.c.unclear_since, begun)}
            )
        )
        logger.warning(
            "the journal %s went back in time: what it says was not sent is looked for before it is sent",
            self._place.display_text,
        )

    async def date_gap(self) -> None:
        """Set the end of the gap to now if it is not known yet; at opening, the carrier's time may not be known."""
        if self.gap is None or self.gap[1] is not None:
            return
        now = self.now()
        async with self.transaction() as connection:
            await connection.execute(update(account).where(account.c.gap_until.is_(None)).values(gap_until=now))
            await connection.execute(
                update(rows)
                .where(rows.c.unclear_since.is_not(None), rows.c.unclear_until.is_(None))
                .values(unclear_until=now)
            )
        self.gap = self.gap[0], now

    async def _check_lease(self, connection: AsyncConnection, part: int, owner: str) -> None:
        mine = select(shards.c.id).where(shards.c.id == part, shards.c.owner == owner)
        if (await _shielded(connection.execute(mine))).first() is None:
            raise LeaseLost.of(part)

    async def analyze(self) -> None:
        """Update the server's table statistics, which it would do by itself only a minute later."""
        if self.is_shared:
            async with self.transaction() as connection:
                await connection.execute(text("ANALYZE rows"))

    async def rewrite(self) -> None:
        """Rewrite the file, so that deleted data is not in it any more."""
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

    def insert_unless_exists(self, table: Table) -> Any:
        """Return an INSERT that skips rows which would violate a unique index."""
        if self._engine.dialect.name == "postgresql":
            return postgresql_insert(table).on_conflict_do_nothing()
        return sqlite_insert(table).on_conflict_do_nothing()

    @asynccontextmanager
    async def exclusive(self, job: int, what: str) -> AsyncIterator[None]:
        """Keep all other runs from a job, on this host and on others, for the duration of the block.

        :param what: Name of the locked object, for the error.
        :raises JournalError: Another run holds the lock.
        """
        if not self._place.url:
            with exclusive_lock(self._place.folder / f"job-{job}.lock", what):
                yield
            return
        key = key_of(self._place.schema, job)
        async with self.transaction() as connection:
            if not (await connection.execute(select(func.pg_try_advisory_lock(key)))).scalar_one():
                raise already_running(what)
        self._held[key] = job
        try:
            yield
        finally:
            self._held.pop(key, None)
            with suppress(JournalError):  # the lock ends with the connection
                async with self.transaction() as connection:
                    await connection.execute(select(func.pg_advisory_unlock(key)))

    async def _check(self, *, replaces_lost: bool) -> None:
        place, mark = self._place, read_mark(self._place)
        if not place.url:
            await run_blocking(lambda: self._make_file(mark, replaces_lost=replaces_lost))
        async with self._engine.begin() as connection:
            if place.url:
                await connection.execute(CreateSchema(place.schema, if_not_exists=True))
                if (await connection.execute(select(func.current_schema()))).scalar_one() != place.schema:
                    raise JournalError(
                        f"the journal {place.display_text} cannot be used: tables would be made elsewhere"
                    )
            else:
                damage = (await connection.exec_driver_sql("PRAGMA quick_check(1)")).scalar_one()
                if damage != "ok":
                    raise JournalError(f"the journal {place.display_text} is damaged: {damage}", advice=DAMAGED_ADVICE)
            if not await connection.run_sync(lambda sync: inspect(sync).has_table(account.name)):
                if not place.url:
                    raise JournalError(
                        f"the journal {place.display_text} is damaged: it is empty", advice=DAMAGED_ADVICE
                    )
                if mark is not None and not replaces_lost:
                    raise lost_journal(place, mark, replaced=False)
                await connection.run_sync(_make_tables, place)
            version = int((await connection.execute(select(account.c.schema_version))).scalar_one())
            if not OLDEST <= version <= VERSION:
                raise JournalError(
                    f"the journal {place.display_text} has version {version}, this program reads {VERSION}",
                    advice="Use the version of cpl-sdk that wrote it to finish its jobs. To start a new journal, "
                    "name another folder in CPL_STATE_DIR; its jobs do not know what the old one has shipped",
                )
            if version < VERSION:
                from .migrations import migrate  # Alembic takes a quarter of a second to import, and is needed once

                await connection.run_sync(migrate, version, VERSION)
            with self.values_are_whole():
                found = (await connection.execute(select(account))).one()
                self.secret, self.uid = bytes(found.secret), str(found.uid)
                self.gap = (found.gap_since, found.gap_until) if found.gap_since is not None else None
            if (found.base_url, found.client_id) != (place.base_url, place.client_id):
                raise JournalError(
                    f"the journal {place.display_text} belongs to {found.client_id} at {found.base_url}",
                    advice="Name another folder in CPL_STATE_DIR, or use the credentials that it belongs to",
                )
            if mark is not None and mark.uid != self.uid and not replaces_lost:
                raise lost_journal(place, mark, replaced=True)
            counter = int(found.counter)
            if mark is not None and mark.uid == self.uid and mark.counter > counter:
                counter = mark.counter
                await self._note_gap(connection, counter)
        if mark is None or (mark.uid, mark.counter) != (self.uid, counter):
            write_mark(place, KnownJournal(uid=self.uid, counter=counter, at=self.now()))
        if not place.url:
            self._files = FileIdentity(place.file)

    def _make_file(self, mark: KnownJournal | None, *, replaces_lost: bool) -> None:
        """Create a journal under a temporary name and rename it when it is complete; an empty file is a damaged
        journal."""
        place = self._place
        if place.file.exists():
            if not place.file.stat().st_size:
                raise JournalError(f"the journal {place.display_text} is damaged: it is empty", advice=DAMAGED_ADVICE)
            return
        if mark is not None and not replaces_lost:
            raise lost_journal(place, mark, replaced=False)
        fresh = place.folder / f"{place.file.name}.new"
        fresh.unlink(missing_ok=True)
        os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        engine = create_engine(URL.create("sqlite", database=str(fresh)))
        try:
            with engine.begin() as connection:
                _make_tables(connection, place)
        finally:
            engine.dispose()
        for suffix in ("-wal", "-shm"):  # files of an earlier journal
            place.file.with_name(place.file.name + suffix).unlink(missing_ok=True)
        fresh.replace(place.file)


def _make_tables(connection: Connection, place: JournalLocation) -> None:
    """Create the tables of a new journal."""
    metadata.create_all(connection)
    connection.execute(
        insert(account).values(
            schema_version=VERSION,
            base_url=place.base_url,
            client_id=place.client_id,
            secret=new_secret(),
            uid=uuid.uuid4().hex,
        )
    )


class ShieldedConnection:
    """A connection whose statements complete even if the task that waits for them is cancelled.

    A statement that is interrupted would leave the database's only connection in an undefined state. One with many
    values is split into chunks, so that the event loop can run other tasks between them.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def execute(self, statement: Any, values: Any = None) -> Any:
        """Execute a statement, once for each of many values; with many values, return the result of the last chunk.

        With an empty list nothing is executed, and the result is ``None``. A database would execute it once, without
        parameters.
        """
        if values == []:
            return None
        if not isinstance(values, list) or len(values) <= VALUES_PER_QUERY:
            return await _shielded(self._connection.execute(statement, values))
        result: Any = None
        for offset in range(0, len(values), VALUES_PER_QUERY):
            result = await _shielded(self._connection.execute(statement, values[offset : offset + VALUES_PER_QUERY]))
        return result


async def _shielded(work: Awaitable[T]) -> T:
    """Wait until the work is done, and raise a cancellation only then."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        task.exception()  # marks the exception as retrieved
        raise cancelled
    return task.result()


def _sqlite_engine(place: JournalLocation) -> AsyncEngine:
    import aiosqlite  # noqa: F401 - imported with the engine, so that the first call does not pay for it

    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(place.file)),  # a text would be parsed, with "?" and "%"
        poolclass=AsyncAdaptedQueuePool,  # not the default in every version
        pool_size=1,
        max_overflow=0,
        pool_timeout=MAX_WAIT_SECONDS,
    )
    event.listen(engine.sync_engine, "connect", _safe_writes)
    event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


def _begin_immediate(connection: Any) -> None:
    """Begin as a writer, so that the rows which a transaction has read are unchanged when it writes."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _safe_writes(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by itself
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def unclear_in_gap(gap: tuple[float, float | None]) -> dict[str, Any]:
    """Return the columns of a row that may have been sent in a period without records; a search must precede sending.

    :param gap: Begin and end of the period, see :attr:`JournalConnection.gap`.
    """
    since, until = gap
    return {
        "state": RowState.UNDECIDED,
        "problems": SENT_IN_GAP,
        "unclear_since": since,
        "unclear_until": until,
    }


def new_id(result: Any) -> int:
    """Return the id that an INSERT of one row created."""
    return int(result.inserted_primary_key[0])
