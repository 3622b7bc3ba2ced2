"""What exactly-once needs of a connection to PostgreSQL is set by us, and verified, whatever stands between."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve

from benchmarks.servers import PgBouncer, PostgreSQL
from cpl_async import Client, JournalError
from cpl_async.bulk.journal import Journal
from cpl_async.bulk.journal.postgresql import reason_of
from cpl_async.sandbox import Sandbox

from ..bulk.shipping import Shipping, sent_twice
from ..conftest import many_rows, write_rows
from .hosts import on_host


@pytest.fixture
def host(tmp_path: Path, client: Client, database: PostgreSQL) -> Shipping:
    return on_host("a", tmp_path, client, database)


@pytest.fixture(params=["session", "transaction"])
def pooler(request: pytest.FixtureRequest, database: PostgreSQL) -> Iterator[PgBouncer]:
    one = PgBouncer(database, request.param)
    yield one
    one.end()


@pytest.fixture
def careless(database: PostgreSQL) -> Iterator[PostgreSQL]:
    """A server whose administrator has other defaults."""
    changed = {
        "default_transaction_isolation": "'repeatable read'",
        "synchronous_commit": "off",
        "search_path": "nowhere",
        "statement_timeout": "'150ms'",
        "lock_timeout": "'100ms'",
    }
    for name, value in changed.items():
        database.query(f"ALTER DATABASE postgres SET {name} = {value}")
    yield database
    for name in changed:
        database.query(f"ALTER DATABASE postgres RESET {name}")


async def settings_of(shipping: Shipping) -> dict[str, str]:
    from sqlalchemy import text

    names = ("transaction_isolation", "synchronous_commit", "statement_timeout", "lock_timeout", "application_name")
    async with Journal.open(shipping.place) as journal, journal._database.transaction() as connection:
        shown = ", ".join(f"current_setting('{name}')" for name in names)
        found = (await connection.execute(text(f"SELECT {shown}, current_schema()"))).one()
    return dict(zip((*names, "schema"), found, strict=True))


async def test_the_settings_of_a_connection_are_ours(host: Shipping, careless: PostgreSQL) -> None:
    found = await settings_of(host)
    assert found == {
        "transaction_isolation": "read committed",
        "synchronous_commit": "on",
        "statement_timeout": "0",
        "lock_timeout": "0",
        "application_name": "cpl",
        "schema": host.place.schema,
    }


async def test_another_isolation_level_duplicates_nothing(
    tmp_path: Path, client: Client, sandbox: Sandbox, careless: PostgreSQL
) -> None:
    rows = many_rows(300)
    hosts = [on_host(name, tmp_path, client, careless) for name in ("a", "b")]
    files = [write_rows(tmp_path / f"{place}.csv", rows[100 * place : 100 * place + 200]) for place in (0, 1)]
    summaries = await asyncio.gather(
        *(host(file, batch_size=10, name=file.stem) for host, file in zip(hosts, files, strict=True))
    )
    assert sent_twice(sandbox) == {}
    assert sum(one.shipped for one in summaries) == 300


async def test_an_address_as_hosts_of_databases_hand_it_out_is_taken(host: Shipping) -> None:
    words = "channel_binding=prefer&connect_timeout=10&options=-c%20x%3D1&application_name=shop&pgbouncer=true"
    host.place = evolve(host.place, url=f"{host.place.url}?sslmode=prefer&{words}")
    assert (await settings_of(host))["application_name"] == "shop"
    host.place = evolve(host.place, url=host.place.url.replace("sslmode=prefer", "sslmode=require"))
    with pytest.raises(JournalError, match=r"cannot be opened: .*SSL"):
        await settings_of(host)


async def test_a_pooler_keeps_a_session_or_is_refused(host: Shipping, pooler: PgBouncer, sandbox: Sandbox) -> None:
    direct = host.place
    host.place = evolve(host.place, url=pooler.url)
    path = write_rows(host.folder / "a.csv", many_rows(6))
    if pooler.mode == "session":
        assert (await host(path)).shipped == 6
        assert (await settings_of(host))["schema"] == direct.schema
    else:
        with pytest.raises(JournalError, match="pooler that gives each transaction another connection") as caught:
            await host(path)
        assert "session mode" in caught.value.next_step
        assert sandbox.shipments() == []


async def test_nothing_is_ever_written_into_public(host: Shipping, pooler: PgBouncer, database: PostgreSQL) -> None:
    host.place = evolve(host.place, url=pooler.url)
    await asyncio.gather(host(write_rows(host.folder / "a.csv", many_rows(3))), return_exceptions=True)
    assert database.query("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == "0"


async def test_a_server_that_is_starting_is_waited_for(host: Shipping, database: PostgreSQL) -> None:
    await host(write_rows(host.folder / "a.csv", many_rows(3)))
    await asyncio.to_thread(database.kill)
    starting = asyncio.create_task(asyncio.to_thread(database.start))
    found, refusals = None, []
    while found is None:  # refused while nobody listens, waited for once somebody does
        try:
            found = await settings_of(host)
        except JournalError as error:
            refusals.append(error.message)
    await starting
    assert found["schema"] == host.place.schema
    assert not [message for message in refusals if "class" in message or "starting" in message]


def test_errors_of_the_driver_name_no_classes() -> None:
    class Wrapped(Exception):
        orig = Exception("<class 'asyncpg.exceptions.ConnectionDoesNotExistError'>: connection was closed")

    assert reason_of(Wrapped()) == "connection was closed"
    assert reason_of(TimeoutError()) == "no answer within 10 s"
