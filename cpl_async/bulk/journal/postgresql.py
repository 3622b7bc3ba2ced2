"""A journal in PostgreSQL: one schema for each account, and one writer of an account at a time, on any host."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import AsyncAdaptedQueuePool, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ...errors import ConfigurationError, JournalError
from ...system.clock import monotonic
from ...system.run_lock import already_running
from .location import JournalLocation

if TYPE_CHECKING:
    import asyncpg

__all__ = ["key_of", "postgresql_engine", "reason_of"]

MAX_WAIT_SECONDS = 3600
READ_COMMITTED = "read committed"
SETTINGS = {
    # a snapshot older than the wait for the only writer's lock would show outdated rows
    "default_transaction_isolation": READ_COMMITTED,
    # a commit is on the disk, whatever the server's default is
    "synchronous_commit": "on",
    "statement_timeout": "0",
    "lock_timeout": "0",
    # the locks of a host that is gone are released
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "25000",
    # every join uses an index, whatever the statistics of freshly filled tables suggest
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
"""Set for each connection after it is made: a pooler may ignore or refuse settings that are sent at the start."""
VERIFIED = ("default_transaction_isolation", "synchronous_commit", "search_path")
CONNECT_SECONDS = 10
STARTING_SECONDS = 30.0
"""Seconds to wait for a server that reports that it is starting."""
STARTING_PAUSE = 0.5
PROBE_SECONDS = 3
PROBES = 3
OF_OTHER_DRIVERS = frozenset({
    "channel_binding", "client_encoding", "connect_timeout", "fallback_application_name", "gssencmode", "keepalives",
    "keepalives_count", "keepalives_idle", "keepalives_interval", "load_balance_hosts", "options", "pgbouncer",
    "replication", "requiressl", "sslcompression", "sslsni", "tcp_user_timeout",
})  # fmt: skip
"""Parameters that database hosts write into addresses for libpq or other clients; the server does not accept them."""
BECOME_WRITER = """DO $$ BEGIN
PERFORM set_config('lock_timeout', '{patience}', true);
LOOP
    BEGIN
        PERFORM pg_advisory_xact_lock({writer});
        EXIT;
    EXCEPTION WHEN lock_not_available THEN
        PERFORM pg_stat_clear_snapshot();
        PERFORM pg_terminate_backend(holder.pid) FROM pg_locks AS lock JOIN pg_stat_activity AS holder USING (pid)
        WHERE lock.locktype = 'advisory' AND lock.granted AND lock.objsubid = 1
            AND (lock.classid::bigint << 32) | lock.objid::bigint = {writer}
            AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND holder.state = 'active' AND holder.wait_event = 'ClientRead'
            AND holder.state_change < clock_timestamp() - interval '{patience} milliseconds';
    END;
END LOOP;
PERFORM set_config('lock_timeout', '0', true);
END $$"""
"""Waits for the writer's lock without a limit, and closes the connection of a holder that stopped within a statement.

The driver sends a statement in two messages. A program that stops between them is active for the server, which has no
time limit for it (``transaction_timeout`` is new in PostgreSQL 17)."""
DRIVERS_CLASS = re.compile(r"^<class '[\w.]+'>: ")


def postgresql_engine(place: JournalLocation, held: Mapping[int, int], patience: float) -> AsyncEngine:
    """Return an engine whose one connection uses this account's schema and whose transactions write one at a time.

    :param held: Locks that its connection must hold, also after a reconnect: key → job.
    :param patience: Seconds for which a stopped program keeps a transaction open.
    :raises ConfigurationError: The address is not one of PostgreSQL, or the driver is missing.
    """
    try:
        url = make_url(place.url)
    except ArgumentError:
        raise ConfigurationError("the address of the journal cannot be read: postgresql://user@host/database") from None
    if url.get_backend_name() != "postgresql":
        raise ConfigurationError(f"a journal is kept in PostgreSQL or in a file, not in {url.get_backend_name()}")
    milliseconds = max(1, round(patience * 1000))
    settings = SETTINGS | {
        "search_path": place.schema,
        "idle_in_transaction_session_timeout": str(milliseconds),
    }

    async def connect(*_: Any, **__: Any) -> asyncpg.Connection:
        return await _connected(place, url, settings)

    try:
        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=connect,
            isolation_level=READ_COMMITTED.upper(),
            poolclass=AsyncAdaptedQueuePool,
            pool_size=1,
            max_overflow=0,
            pool_timeout=MAX_WAIT_SECONDS,
        )
    except ModuleNotFoundError as error:
        words = f"{error.name} is not installed: pip install 'cpl-sdk[distributed]'"
        raise ConfigurationError(words) from None
    become_writer = BECOME_WRITER.format(writer=key_of(place.schema, -1), patience=milliseconds)

    def keep_locks(connection: Any, _: Any) -> None:
        """Acquire the locks of the previous connection again, so that no other run can start in the meantime."""
        cursor = connection.cursor()
        for key, job in held.items():
            found = f"EXISTS (SELECT FROM shards WHERE job = {job})"
            cursor.execute(f"SELECT pg_try_advisory_lock({key}), {found}")
            ours, shared = cursor.fetchone()
            if not ours or shared:
                raise already_running("the job")
        cursor.close()

    def begin_alone(connection: Any) -> None:
        """Begin as the only writer, so that the rows which a transaction has read are unchanged when it writes."""
        connection.exec_driver_sql(become_writer)

    event.listen(engine.sync_engine, "connect", keep_locks)
    event.listen(engine.sync_engine, "begin", begin_alone)
    return engine


async def _connected(place: JournalLocation, url: URL, settings: Mapping[str, str]) -> asyncpg.Connection:
    """Connect, set the settings that exactly-once depends on, and verify them.

    :raises JournalError: The server cannot be reached, or a proxy does not keep the settings.
    """
    import asyncpg

    address = _address(url)
    try:
        connection = await _reached(address)
        try:
            await connection.execute("; ".join(f"SET {name} = '{value}'" for name, value in settings.items()))
            await _verify(connection, address, place, settings)
        except BaseException:
            connection.terminate()
            raise
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, ValueError) as error:
        raise JournalError(
            f"the journal {place.display_text} cannot be opened: {reason_of(error)}",
            advice="See that PostgreSQL runs, and that CPL_JOURNAL names a database that is there",
        ) from None
    return connection


async def _reached(address: str) -> asyncpg.Connection:
    """Connect; wait for a server that is starting."""
    import asyncpg

    until = monotonic() + STARTING_SECONDS
    while True:
        try:
            # unnamed statements: a pooler may execute the next one on another connection of the server
            return await asyncpg.connect(address, timeout=CONNECT_SECONDS, statement_cache_size=0)
        except asyncpg.CannotConnectNowError:
            if monotonic() > until:
                raise
            await asyncio.sleep(STARTING_PAUSE)


async def _verify(
    connection: asyncpg.Connection, address: str, place: JournalLocation, settings: Mapping[str, str]
) -> None:
    pid = await connection.fetchval("SELECT pg_backend_pid()")
    if pid != connection.get_server_pid() and await _shares_connections(connection, address):
        raise JournalError(
            f"the journal {place.display_text} is behind a pooler that gives each transaction another connection "
            "of the server: the lock of a job would not hold",
            advice="Use the pooler's session mode, or the server's own port",
        )
    shown = ", ".join(f"current_setting('{name}')" for name in VERIFIED)
    found: Any = await connection.fetchrow(f"SELECT {shown}, current_schema()")
    *values, schema = found
    wrong = [name for name, value in zip(VERIFIED, values, strict=True) if value.strip('"') != settings[name]]
    if schema not in (None, place.schema):  # there is no schema before it is created
        wrong.append("current_schema()")
    if wrong:
        raise JournalError(
            f"the journal {place.display_text} cannot be used: the connection does not keep {', '.join(wrong)}",
            advice="Something between this program and PostgreSQL, such as a pooler, changes it: connect past it",
        )


async def _shares_connections(connection: asyncpg.Connection, address: str) -> bool:
    """Return whether a pooler can reassign the server connection between two transactions.

    A second client holds a transaction open: if it gets the server process of the first one, or the first one has
    another process afterwards, neither owns the process.
    """
    import asyncpg

    for _ in range(PROBES):
        before = await connection.fetchval("SELECT pg_backend_pid()")
        try:
            other = await asyncpg.connect(address, timeout=PROBE_SECONDS, statement_cache_size=0)
        except TimeoutError:  # the pool has one connection, and this client holds it
            return False
        try:
            async with asyncio.timeout(PROBE_SECONDS), other.transaction():
                theirs = await other.fetchval("SELECT pg_backend_pid()")
                if theirs == before or await connection.fetchval("SELECT pg_backend_pid()") != before:
                    return True
        except TimeoutError:
            return False
        finally:
            other.terminate()
    return False


def _address(url: URL) -> str:
    """Return the address in the form that the driver accepts, without parameters of other clients."""
    plain = url.difference_update_query(OF_OTHER_DRIVERS & url.query.keys())
    if "application_name" not in plain.query:
        plain = plain.update_query_dict({"application_name": "cpl"})
    return plain.set(drivername="postgresql").render_as_string(hide_password=False)


def reason_of(error: BaseException) -> str:
    """Return a driver's reason for a failure, without the names of its classes."""
    said = getattr(error, "orig", None) or error
    text = DRIVERS_CLASS.sub("", str(said)).strip()
    if not text and isinstance(said, TimeoutError):
        return f"no answer within {CONNECT_SECONDS} s"
    return text or type(said).__name__


def key_of(schema: str, number: int) -> int:
    """Return the key of a lock: that of a job, or that of the writer."""
    digest = hashlib.sha256(f"cpl-sdk {schema} {number}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
