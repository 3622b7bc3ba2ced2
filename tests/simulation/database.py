"""The database of simulated hosts: SQLite without threads, and SQLite in the part of PostgreSQL.

The journal's own statements run in both. What PostgreSQL adds for several hosts is made here: locks that end with a
connection or a transaction, the server's clock, and the end of a writer that does nothing for too long.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiosqlite
from aiosqlite import core
from sqlalchemy import URL, AsyncAdaptedQueuePool, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateSchema
from sqlalchemy.sql.expression import Extract
from sqlalchemy.util import LRUCache

from cpl_async.bulk.journal import connection as journal_connection
from cpl_async.bulk.journal.location import JournalLocation
from cpl_async.system.run_lock import already_running

__all__ = ["OPEN", "DatabaseSession", "Undone", "session_of", "simulated_databases"]

BUSY_SECONDS = 60.0
"""Seconds for which a writer of a file waits for another."""
RETRY_SECONDS = 0.05
PRAGMAS = ("journal_mode=WAL", "synchronous=OFF", "foreign_keys=ON", "busy_timeout=0")
"""Those of the journal, but the simulator waits, and a crash loses no page: the transaction is what counts."""


class DatabaseSession(sqlite3.Connection):
    """A connection that is known to the simulator."""

    changes = 0
    """Number of its changes at its last commit."""
    process: object = None
    """Identity of the process that it belongs to."""
    patience: float | None = None
    """Seconds after which another writer ends its idle transaction; ``None`` for a file."""

    def close(self) -> None:
        """Close it and release its locks."""
        for locks in LOCKS.values():
            for key in [key for key, session in locks.items() if session is self]:
                del locks[key]
        OPEN.discard(self)
        super().close()


OPEN: set[DatabaseSession] = set()
LOCKS: dict[str, dict[int, DatabaseSession]] = {}
"""Database → key of a lock → its holder."""


class InlineQueue:
    """In place of the thread of a connection: each statement is a step of the loop, when the schedule says."""

    def __init__(self, execute: Callable[[Callable[[], Any]], Any]) -> None:
        self._execute = execute

    def put_nowait(self, item: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        """Run a statement in a step of its own."""
        future, function = item
        loop = asyncio.get_running_loop()
        began = loop.time()

        def step() -> None:
            try:  # a statement is executed even if nobody waits for it any more
                result = self._execute(function)
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or not _may_wait(function, loop.time() - began):
                    _fail(future, error)
                else:
                    loop.call_later(RETRY_SECONDS, step)
            except BaseException as error:
                _fail(future, error)
            else:
                if future is not None:
                    core.set_result(future, result)

        loop.call_soon(step)


def _fail(future: asyncio.Future[Any] | None, error: BaseException) -> None:
    if future is not None and not isinstance(error, Undone):
        core.set_exception(future, error)


class Undone(BaseException):
    """The statement was not executed, and nobody hears of it: its host is gone."""


def session_of(function: Callable[[], Any]) -> DatabaseSession | None:
    """Return the connection that a statement uses."""
    subject = getattr(getattr(function, "func", function), "__self__", None)
    subject = getattr(subject, "connection", subject)
    return subject if isinstance(subject, DatabaseSession) else None


def _may_wait(function: Callable[[], Any], waited: float) -> bool:
    """Return whether a writer waits on, and end a transaction that keeps it for too long."""
    session = session_of(function)
    if session is None or session.patience is None:
        return waited < BUSY_SECONDS
    for other in list(OPEN):
        if other is not session and other.patience is not None and other.in_transaction and waited >= other.patience:
            other.close()
    return True


class InlineConnection(core.Connection):
    """A connection without a thread."""

    def __init__(self, connector: Callable[[], Any], execute: Callable[[Callable[[], Any]], Any]) -> None:
        super().__init__(connector, 64)
        self._tx = InlineQueue(execute)  # type: ignore[assignment]  # it needs `put_nowait` only

    def __await__(self) -> Any:
        return self._connect().__await__()

    def __del__(self) -> None:
        """Do nothing: a crash closes it."""


@compiles(CreateSchema, "sqlite")
def _no_schema(element: Any, compiler: Any, **options: Any) -> str:
    return "SELECT 1"


@compiles(Extract, "sqlite")
def _seconds(element: Any, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.expr, **options))  # the only time is that of the server's clock


def _add_functions(session: DatabaseSession, schema: str, clock: Callable[[], float]) -> None:
    locks = LOCKS.setdefault(schema, {})

    def lock(key: int) -> int:
        return int(locks.setdefault(key, session) is session)

    def unlock(key: int) -> int:
        return int(locks.get(key) is session and locks.pop(key) is session)

    def share(key: int) -> int:
        # it ends with the transaction, and all transactions are those of writers, one at a time
        return int(locks.get(key, session) is session)

    session.create_function("pg_try_advisory_lock", 1, lock)
    session.create_function("pg_advisory_unlock", 1, unlock)
    session.create_function("pg_try_advisory_xact_lock_shared", 1, share)
    session.create_function("current_schema", 0, lambda: schema)
    session.create_function("clock_timestamp", 0, clock)
    session.create_function("div", 2, lambda one, other: one // other)


COMPILED: Any = LRUCache(1000)
"""Compiled statements of all databases: each run opens many."""


class SharedDialect(SQLiteDialect_aiosqlite):
    """A dialect of which all are equal, so that they share compiled statements."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SharedDialect)

    def __hash__(self) -> int:
        return 1


registry.register("sqlite.simulated", __name__, "SharedDialect")


def _engine(file: Path) -> AsyncEngine:
    engine = create_async_engine(
        URL.create("sqlite+simulated", database=str(file)),
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1,
        max_overflow=0,
    )
    engine.sync_engine._compiled_cache = COMPILED
    event.listen(engine.sync_engine, "connect", journal_connection._safe_writes)
    event.listen(engine.sync_engine, "begin", journal_connection._begin_immediate)
    return engine


@contextmanager
def simulated_databases(
    folder: Path, clock: Callable[[], float], execute: Callable[[Callable[[], Any]], Any]
) -> Iterator[None]:
    """Let the journal use databases of the simulator.

    :param folder: Folder of the file that is PostgreSQL.
    :param clock: The server's clock.
    :param execute: Executes each statement.
    """

    def connect(database: str, **options: Any) -> InlineConnection:
        def opened() -> DatabaseSession:
            session: DatabaseSession = sqlite3.connect(str(database), factory=DatabaseSession, **options)
            OPEN.add(session)
            return session

        options.pop("iter_chunk_size", None)
        return InlineConnection(opened, execute)

    def shared_engine(place: JournalLocation, held: Mapping[int, int], patience: float) -> AsyncEngine:
        engine = _engine(folder / f"{place.schema}.sqlite3")

        def prepare(adapted: Any, _: Any) -> None:
            session: DatabaseSession = adapted.driver_connection._conn
            session.patience = patience
            _add_functions(session, place.schema, clock)
            for key, job in held.items():
                has_shards = session.execute("SELECT count(*) FROM shards WHERE job = ?", (job,)).fetchone()[0]
                if LOCKS[place.schema].setdefault(key, session) is not session or has_shards:
                    raise already_running("the job")

        event.listen(engine.sync_engine, "connect", prepare)
        return engine

    replaced: list[tuple[Any, str, Any]] = [
        (aiosqlite, "connect", connect),
        (journal_connection, "PRAGMAS", PRAGMAS),
        (journal_connection, "_sqlite_engine", lambda place: _engine(place.file)),
        (journal_connection, "postgresql_engine", shared_engine),
    ]
    with ExitStack() as stack:
        for where, name, value in replaced:
            stack.enter_context(patch.object(where, name, value))
        stack.callback(_close_all)
        yield


def _close_all() -> None:
    for session in list(OPEN):
        session.close()
    LOCKS.clear()
