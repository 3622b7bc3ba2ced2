"""The journal's tables and statements are SQL that PostgreSQL takes too."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.schema import CreateIndex, CreateTable

from cpl_async.bulk.journal import JournalLocation
from cpl_async.bulk.journal.conflicts import conflicting_rows
from cpl_async.bulk.journal.connection import JournalConnection, ShieldedConnection
from cpl_async.bulk.journal.schema import metadata, rows

KINDS: list[Any] = [PGDialect, SQLiteDialect]
PLACE = JournalLocation(folder=Path(), base_url="x", client_id="y")
both = pytest.mark.parametrize("dialect", [kind() for kind in KINDS], ids=["postgresql", "sqlite"])


@both
@pytest.mark.parametrize("name", list(metadata.tables))
def test_tables_and_indices_can_be_made(dialect: Dialect, name: str) -> None:
    table = metadata.tables[name]
    for statement in (CreateTable(table), *map(CreateIndex, table.indexes)):
        assert str(cast("Any", statement).compile(dialect=dialect)).strip().startswith("CREATE")


@both
def test_a_row_that_is_there_is_passed_over(dialect: Dialect) -> None:
    database = JournalConnection(cast("AsyncEngine", SimpleNamespace(dialect=dialect)), PLACE, {}, lambda: 0.0)
    assert "ON CONFLICT DO NOTHING" in str(database.insert_unless_exists(rows).compile(dialect=dialect))


async def test_nothing_is_executed_for_no_values() -> None:
    connection = ShieldedConnection(cast("AsyncConnection", SimpleNamespace()))  # it has no method to execute
    assert await connection.execute(rows.insert(), []) is None


@both
def test_claims_of_other_jobs_are_found(dialect: Dialect) -> None:
    assert "JOIN" in str(conflicting_rows(rows.c.batch == 1).compile(dialect=dialect))
