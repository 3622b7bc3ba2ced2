"""A journal in PostgreSQL: one schema for each account, and one writer of an account at a time, on whatever host."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import AsyncAdaptedQueuePool, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ...errors import ConfigurationError
from ..locks import at_work
from .place import JournalPlace

__all__ = ["key_of", "postgresql_engine"]

LONGEST_WAIT = 3600
SETTINGS = {
    "synchronous_commit": "on",
    "application_name": "cpl",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "25000",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
"""All that is joined is found by an index, though what the server knows of freshly filled tables may say otherwise.
What is committed is on the disk, whatever the server does for others; a host that is gone keeps no lock."""
CONNECTS_IN = 10.0
"""Seconds."""


def postgresql_engine(place: JournalPlace, held: Mapping[int, int], patience: float) -> AsyncEngine:
    """Return an engine whose one connection sees this account's schema, and whose transactions write one at a time.

    :param held: the locks that its connection holds at any time, and must hold again when it is a new one: key → job.
    :param patience: seconds for which a stopped program keeps a transaction open.
    :raises ConfigurationError: for an address that is none of PostgreSQL, or without the driver.
    """
    try:
        url = make_url(place.url)
    except ArgumentError:
        raise ConfigurationError("the address of the journal cannot be read: postgresql://user@host/database") from None
    if url.get_backend_name() != "postgresql":
        raise ConfigurationError(f"a journal is kept in PostgreSQL or in a file, not in {url.get_backend_name()}")
    settings = SETTINGS | {
        "search_path": place.schema,
        "idle_in_transaction_session_timeout": str(max(1, round(patience * 1000))),
    }
    try:
        engine = create_async_engine(
            url.set(drivername="postgresql+asyncpg"),
            poolclass=AsyncAdaptedQueuePool,
            pool_size=1,
            max_overflow=0,
            pool_timeout=LONGEST_WAIT,
            connect_args={"server_settings": settings, "timeout": CONNECTS_IN},
        )
    except ModuleNotFoundError as error:
        words = f"{error.name} is not installed: pip install 'cpl-sdk[distributed]'"
        raise ConfigurationError(words) from None
    writer = key_of(place.schema, -1)

    def keep_locks(connection: Any, _: Any) -> None:
        """Take again what the connection before this one held: else another run may be at work meanwhile."""
        cursor = connection.cursor()
        for key, job in held.items():
            found = f"EXISTS (SELECT FROM parts WHERE job = {job})"
            cursor.execute(f"SELECT pg_try_advisory_lock({key}), {found}")
            ours, shared = cursor.fetchone()
            if not ours or shared:
                raise at_work("the job")
        cursor.close()

    def begin_alone(connection: Any) -> None:
        """Begin as the only writer, so that what a transaction has read still holds when it writes."""
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({writer})")

    event.listen(engine.sync_engine, "connect", keep_locks)
    event.listen(engine.sync_engine, "begin", begin_alone)
    return engine


def key_of(schema: str, number: int) -> int:
    """Return the number of a lock: that of a job, or that of whoever writes."""
    digest = hashlib.sha256(f"cpl-sdk {schema} {number}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
