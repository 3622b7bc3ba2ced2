"""Hosts know by Redis which journal an account has, where no folder of theirs lasts."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from benchmarks.servers import Redis
from cpl_async import Client, JournalError
from cpl_async.distributed import RedisLimits
from cpl_async.ratelimit.registry import KnownJournal
from cpl_async.sandbox import Sandbox

from ..bulk.shipping import Shipping, Totals, sent_twice, totals
from ..conftest import many_rows, write_rows


@pytest.fixture
async def shipping(tmp_path: Path, sandbox: Sandbox, server: Redis) -> AsyncIterator[Shipping]:
    shared = RedisLimits(server.url, share=0.5)
    async with Client(client_id="sandbox", client_secret="sandbox", base_url=sandbox.base_url, shared=shared) as client:
        yield Shipping(tmp_path, client)
    shared.close()


def forget_mark(shipping: Shipping) -> None:
    assert shipping.place.mark is not None
    shipping.place.mark.unlink()


async def test_a_journal_that_went_back_in_time_is_noticed(sandbox: Sandbox, shipping: Shipping) -> None:
    await shipping(write_rows(shipping.folder / "a.csv", many_rows(3)))
    copy = shutil.copy(shipping.place.file, shipping.folder / "copy")
    late = write_rows(shipping.folder / "b.csv", many_rows(9)[3:])
    await shipping(late, "second")
    for file in shipping.place.folder.glob("journal.sqlite3*"):
        file.unlink()
    shutil.copy(copy, shipping.place.file)
    forget_mark(shipping)
    assert totals(await shipping(late, "third")) == Totals(rows=6, without_label=6)
    assert sent_twice(sandbox) == {}


async def test_another_journal_of_the_account_is_refused(sandbox: Sandbox, shipping: Shipping) -> None:
    path = write_rows(shipping.folder / "a.csv", many_rows(3))
    await shipping(path)
    shutil.rmtree(shipping.place.folder)
    forget_mark(shipping)
    with pytest.raises(JournalError, match="was replaced by another one"):
        await shipping(path, "second")
    assert len(sandbox.shipments()) == 3
    assert (await shipping(path, "second", allow_reship=True)).shipped == 3
    assert (await shipping(path, "second")).already_done


async def test_the_counter_of_a_journal_never_goes_back(server: Redis) -> None:
    shared = RedisLimits(server.url)
    try:
        marks = shared.journals
        assert await marks.read("x") is None
        for counter in (5, 3, 4):
            marks.write("x", KnownJournal(uid="a", counter=counter, at=1.5))
        assert await marks.read("x") == KnownJournal(uid="a", counter=5, at=1.5)
        marks.write("x", KnownJournal(uid="b", counter=1, at=2.5))
        assert await marks.read("x") == KnownJournal(uid="b", counter=1, at=2.5)
        server.kill()
        assert await marks.read("x") is None
    finally:
        shared.close()
