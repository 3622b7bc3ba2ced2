"""A journal of an earlier version is refused, and steps of migrations lead from version to version."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Integer, create_engine, inspect

from cpl_async import JournalError
from cpl_async.bulk.journal import Journal, JournalLocation
from cpl_async.bulk.journal.migrations import STEPS, migrate, operations_on
from cpl_async.bulk.journal.schema import OLDEST, VERSION, account, metadata


def location(tmp_path: Path) -> JournalLocation:
    return JournalLocation(folder=tmp_path / "state", base_url="https://localhost", client_id="shop")


@pytest.mark.parametrize("version", [1, OLDEST - 1, VERSION + 1])
async def test_a_journal_of_another_version_is_refused_with_its_path(tmp_path: Path, version: int) -> None:
    place = location(tmp_path)
    async with Journal.open(place):
        pass
    with sqlite3.connect(place.file) as database:
        database.execute("UPDATE account SET schema_version = ?", (version,))
    database.close()
    with pytest.raises(JournalError, match=f"has version {version}, this program reads {VERSION}") as refused:
        async with Journal.open(place):
            pass
    assert place.file.name in str(refused.value)
    assert "CPL_STATE_DIR" in refused.value.next_step


def test_the_versions_begin_at_10_and_each_later_one_has_a_step() -> None:
    assert OLDEST == 10
    assert set(STEPS) == set(range(OLDEST + 1, VERSION + 1))


def test_steps_run_in_order_and_record_the_version() -> None:
    def add(name: str) -> None:
        order.append(name)

    def to_11(connection: Connection) -> None:
        operations_on(connection).add_column("jobs", Column("weight", Integer))
        add("11")

    order: list[str] = []
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.execute(account.insert().values(schema_version=10, base_url="u", client_id="c", secret=b"s"))
        migrate(connection, 10, 12, {12: lambda _: add("12"), 11: to_11})
        assert order == ["11", "12"]
        assert "weight" in {column["name"] for column in inspect(connection).get_columns("jobs")}
        assert connection.execute(account.select()).one().schema_version == 12
        with pytest.raises(KeyError):
            migrate(connection, 12, 13, {})
    engine.dispose()
