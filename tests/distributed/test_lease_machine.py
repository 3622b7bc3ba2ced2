"""Leases against a model: any order of steps of three workers, with leases that expire at any moment."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import hypothesis.strategies as st
import pytest
from attrs import define
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text

from benchmarks.servers import PostgreSQL
from cpl_async.bulk.journal import Journal, JournalLocation
from cpl_async.bulk.journal.connection import LeaseLost
from cpl_async.bulk.journal.payload import TAIL_OF_ORDERS
from cpl_async.bulk.journal.row_repository import NewRow
from cpl_async.bulk.journal.shard_repository import Shard
from cpl_async.errors import JournalError

T = TypeVar("T")
LEASE = 1000.0
"""Seconds: a lease of this test ends only when a step lets it expire."""
WORKERS = ("one", "two", "three")
ROWS, SIZE = 7, 2
worker = st.sampled_from(WORKERS)


@define
class Model:
    """A shard as it should be."""

    is_finalizer: bool
    owner: str = ""
    """Lease that counts; empty if there is none."""
    is_expired: bool = False
    is_done: bool = False

    @property
    def is_free(self) -> bool:
        return not self.is_done and (not self.owner or self.is_expired)

    @property
    def is_leased(self) -> bool:
        return not self.is_done and not self.is_free


class LeaseMachine(RuleBasedStateMachine):
    """Three workers of one job, each with at most one shard."""

    folder: ClassVar[Path]
    url: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        client = f"leases-{os.urandom(6).hex()}"
        self.place = JournalLocation(
            folder=self.folder / client, base_url="https://model", client_id=client, url=self.url
        )
        self.opened: list[Any] = []
        self.shards: dict[int, Model] = {}
        self.mine: dict[str, Shard] = {}
        self.do(self.begin())

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def begin(self) -> None:
        self.opened = [Journal.open(self.place) for _ in WORKERS]
        journals = [await one.__aenter__() for one in self.opened]
        self.journals = dict(zip(WORKERS, journals, strict=True))
        journal = journals[0]
        self.job = await journal.job(
            name="job",
            digest="rows",
            source="rows",
            columns=[],
            body_tail=TAIL_OF_ORDERS,
            label_format="Pdf",
            sender="",
        )
        run = await journal.row_insertion.begin(self.job)
        new = [
            NewRow(number=0, line=0, reference=f"r{n}", raw_fields=b"{}", payload=b"{}", content_hash="x")
            for n in range(ROWS)
        ]
        await journal.row_insertion.insert(self.job, run, new)
        await journal.finish_planning(self.job)
        count = await journal.shards.create(self.job, SIZE, closing=True)
        async with journal._database.transaction() as connection:
            found = (await connection.execute(text("SELECT id, closing FROM shards ORDER BY id"))).all()
        self.shards = {row.id: Model(is_finalizer=bool(row.closing)) for row in found}
        assert count == len(self.shards) - 1 == -(-ROWS // SIZE)

    @property
    def next_free(self) -> int | None:
        """Shard that a worker must get now."""
        are_open = any(not one.is_done and not one.is_finalizer for one in self.shards.values())
        free = (number for number, one in self.shards.items() if one.is_free and one.is_finalizer != are_open)
        return next(free, None)

    def holds(self, who: str) -> bool:
        """Whether a worker's lease counts, expired or not."""
        return self.shards[self.mine[who].id].owner == self.mine[who].owner

    @rule(who=worker)
    def acquire(self, who: str) -> None:
        expected = self.next_free
        shard = self.do(self.journals[who].shards.acquire(self.job, LEASE, who))
        assert (shard.id if shard is not None else None) == expected
        if shard is not None:
            model = self.shards[shard.id]
            assert shard.is_finalizer == model.is_finalizer
            model.owner, model.is_expired = shard.owner, False
            self.mine[who] = shard

    @precondition(lambda self: self.mine)
    @rule(who=worker)
    def renew(self, who: str) -> None:
        if who not in self.mine:
            return
        renewed = self.journals[who].shards.renew(self.mine[who], LEASE)
        if self.holds(who):
            self.do(renewed)
            self.shards[self.mine[who].id].is_expired = False
        else:
            with pytest.raises(LeaseLost):
                self.do(renewed)

    @precondition(lambda self: self.mine)
    @rule(who=worker, done=st.booleans())
    def release(self, who: str, done: bool) -> None:
        if who not in self.mine:
            return
        released = self.journals[who].shards.release(self.mine[who], done=done)
        if self.holds(who):
            self.do(released)
            self.shards[self.mine[who].id].owner = ""
            self.shards[self.mine[who].id].is_done = done
        else:
            with pytest.raises(LeaseLost):
                self.do(released)
        del self.mine[who]

    @precondition(lambda self: self.mine)
    @rule(who=worker)
    def write(self, who: str) -> None:
        """A worker writes to the journal, which fails as soon as another one has its shard."""
        if who not in self.mine:
            return
        journal = self.journals[who]

        async def written() -> None:
            with journal.leased(self.mine[who]) as mine:
                await mine.row_queries.counts(self.job)

        if self.holds(who):
            self.do(written())
        else:
            with pytest.raises(LeaseLost):
                self.do(written())

    @rule(number=st.integers(0, ROWS))
    def expire(self, number: int) -> None:
        leased = [shard for shard, one in self.shards.items() if one.is_leased]
        if leased:
            shard = leased[number % len(leased)]
            self.do(self.set_back(shard))
            self.shards[shard].is_expired = True

    async def set_back(self, shard: int) -> None:
        async with self.journals["one"]._database.transaction() as connection:
            await connection.execute(text(f"UPDATE shards SET lease_until = lease_until - {LEASE} WHERE id = {shard}"))

    @precondition(lambda self: self.mine)
    @rule(who=worker)
    def crash(self, who: str) -> None:
        self.mine.pop(who, None)

    @rule(who=worker)
    def run_alone(self, who: str) -> None:
        """A run that wants the whole job gets it only when no worker has a part of it."""

        async def alone() -> None:
            async with self.journals[who].exclusive(self.job, "the job"):
                assert (
                    await self.journals["one" if who != "one" else "two"].shards.acquire(self.job, LEASE, "x") is None
                )

        if any(one.is_leased for one in self.shards.values()):
            with pytest.raises(JournalError, match="another run"):
                self.do(alone())
        else:
            self.do(alone())

    @invariant()
    def both_agree(self) -> None:
        stats = self.do(self.journals["one"].shards.stats(self.job))
        models = self.shards.values()
        rows = [one for one in models if not one.is_finalizer]
        over = all(one.is_done for one in rows)
        assert stats.shards == len(rows)
        assert stats.done == sum(one.is_done for one in rows)
        assert stats.leased == sum(one.is_leased for one in models)
        assert stats.free == sum(one.is_free for one in models if over or not one.is_finalizer)
        assert stats.is_finished == all(one.is_done for one in models)

    def teardown(self) -> None:
        for one in self.opened:
            self.do(one.__aexit__(None, None, None))
        self.runner.close()


def test_leases_are_those_of_the_model(tmp_path: Path, database: PostgreSQL) -> None:
    class OnDatabase(LeaseMachine):
        folder = tmp_path
        url = database.url

    run_state_machine_as_test(
        OnDatabase,
        settings=settings(
            max_examples=int(os.environ.get("TESTS_EXAMPLES", "8")),
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
