"""A wrong clock of this machine proves nothing about a shipment."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Update, update

from benchmarks.wrong_clock import WrongClock
from cpl_async import Client, TrackedShipment, Verdict
from cpl_async.bulk.journal import Journal
from cpl_async.bulk.journal.schema import rows
from cpl_async.bulk.reconcile.carrier_clock import CarrierClock
from cpl_async.bulk.reconcile.evidence import classify, hit_from
from cpl_async.models.codec import decode
from cpl_async.sandbox import Fault, FaultKind, Sandbox
from cpl_async.system.clock import use_clock
from cpl_async.transport.server_clock import ServerClock
from cpl_async.transport.write_deadline import WriteDeadline

from ...conftest import many_rows, write_rows
from ..shipping import Shipping, sent_twice
from .test_evidence import wanted

CREATE = "shipment_batches.create"
LOST = Fault(kind=FaultKind.LOST_ANSWER, operation=CREATE)
HOUR, DAY = 3600.0, 86_400.0


class ShipUnderWrongClock:
    """``cpl ship`` in a process of its own whose clock is wrong."""

    def __init__(self, folder: Path, sandbox: Sandbox, rows: int) -> None:
        self.folder = folder
        self.file = write_rows(folder / "rows.csv", many_rows(rows))
        self.environment = os.environ | {
            "CPL_BASE_URL": sandbox.base_url,
            "CPL_CLIENT_ID": "sandbox",
            "CPL_CLIENT_SECRET": "sandbox",
            "CPL_STATE_DIR": str(folder / "state"),
        }

    def __call__(self, clock: str, *options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "benchmarks.wrong_clock", f"={clock}", "ship", str(self.file), "--json"]
        command += [
            "--out",
            str(self.folder / "out"),
            "--no-reports",
            "--settle-time",
            "2",
            "--batch-size",
            "10",
            "--pilot-rows",
            "0",
        ]
        command += options
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def ship(tmp_path: Path, sandbox: Sandbox) -> ShipUnderWrongClock:
    return ShipUnderWrongClock(tmp_path, sandbox, 30)


@pytest.mark.parametrize(("clock", "words"), [(f"{-2 * HOUR}", "2 hours behind"), (f"{3 * DAY}", "3 days ahead of")])
def test_a_clock_that_is_hours_off_stops_a_job(
    sandbox: Sandbox, ship: ShipUnderWrongClock, clock: str, words: str
) -> None:
    ended = ship(clock)
    assert ended.returncode == 2
    assert f"this machine's clock is {words} the carrier's; nothing was sent" in ended.stderr
    assert "--ignore-clock" in ended.stderr
    assert sandbox.shipments() == []


def test_a_clock_that_is_minutes_off_is_reported(sandbox: Sandbox, ship: ShipUnderWrongClock) -> None:
    ended = ship("600")
    assert ended.returncode == 0, ended.stderr
    assert "this machine's clock is 10 minutes ahead of the carrier's" in ended.stderr
    assert len(sandbox.shipments()) == 30


def test_a_clock_ahead_does_not_lengthen_the_settle_time(sandbox: Sandbox, ship: ShipUnderWrongClock) -> None:
    sandbox.faults.add(LOST)
    sandbox.faults.add(Fault(kind=FaultKind.RESET, operation=CREATE, skip=1))
    sandbox.faults.play("empty-list", 1.0)
    first = ship(f"{2 * HOUR}", "--ignore-clock")
    assert json.loads(first.stdout)["undecided"] == 20
    sandbox.faults.clear()
    again = ship("0")  # ends within the settling time, or the time-out of this test breaks it off
    assert json.loads(again.stdout)["shipped"] == 20
    assert json.loads(again.stdout)["shipped_without_label"] == 10
    assert sent_twice(sandbox) == {}


def headers(moment: float, **others: str) -> dict[str, str]:
    return {"Date": format_datetime(datetime.fromtimestamp(moment, UTC), usegmt=True), **others}


def test_the_carriers_time_is_the_median_of_its_responses() -> None:
    clock, ahead = ServerClock(), time.time() + 5 * HOUR
    assert clock.now() is None
    clock.record({"Date": "yesterday"}, certain=True)
    assert clock.now() is None
    clock.record(headers(ahead - 5 * DAY), certain=False)
    assert clock.now() == pytest.approx(ahead - 5 * DAY, abs=5)
    for moment in (ahead, ahead + DAY, ahead + 1):
        clock.record(headers(moment), certain=True)
    assert clock.now() == pytest.approx(ahead, abs=5)
    clock.record(headers(ahead - 5 * DAY), certain=False)  # a gateway says nothing once the API has answered
    assert clock.now() == pytest.approx(ahead, abs=5)


def test_a_response_from_a_cache_is_as_old_as_the_cache_says() -> None:
    clock = ServerClock()
    clock.record(headers(time.time() - 600, Age="600"), certain=True)
    assert clock.now() == pytest.approx(time.time(), abs=5)


async def test_the_carriers_time_is_asked_for_once(sandbox: Sandbox, client: Client) -> None:
    now = await client.server_time()
    assert now is not None
    assert abs((datetime.now(UTC) - now).total_seconds()) < 5
    await client.server_time()
    assert len(sandbox.ledger.of("info.get")) == 1


async def test_without_a_date_the_machines_time_goes_on_steadily(client: Client) -> None:
    clock = CarrierClock(client=client)
    before = clock.now()
    with use_clock(WrongClock(10 * DAY)):
        assert clock.now() == pytest.approx(before, abs=5)


def tracked(*dates: str) -> TrackedShipment:
    events = [{"statusId": 1, "eventDate": date} for date in dates]
    return decode({"shipmentNumber": "1", "trackAndTrace": {"events": events}}, TrackedShipment)


def test_a_date_in_the_repeated_hour_may_mean_both() -> None:
    second = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Prague")).timestamp()
    found = hit_from(tracked("2026-10-25T02:31:00"))
    assert found.began == second - HOUR + 60
    assert classify(wanted(since=second, recipient={}, reference=""), [found]).verdict is Verdict.PRESENT
    told = hit_from(tracked("2026-10-25T02:31:00+02:00"))
    assert classify(wanted(since=second, recipient={}, reference=""), [told]).verdict is Verdict.DOUBTFUL


async def test_times_of_a_clock_ahead_are_never_in_the_future(shipping: Shipping) -> None:
    now = time.time()
    path = write_rows(shipping.folder / "a.csv", many_rows(1))
    await shipping(path, name="n")
    shipping.query("SELECT 1")
    async with Journal.open(shipping.place, now=lambda: now) as journal:
        async with journal._database.transaction() as connection:
            await connection.execute(_unclear(now + 2 * HOUR))
        job = await journal.find("n")
        [row] = await journal.reconciliation.undecided(job.id)
    assert (row.since, row.until) == (now, now)


def _unclear(moment: float) -> Update:
    return update(rows).values(state="undecided", unclear_since=moment, unclear_until=moment)


def test_a_clock_set_back_does_not_extend_a_write_deadline() -> None:
    deadline = WriteDeadline.after(100)
    with use_clock(WrongClock(-DAY)):
        assert deadline.left <= 100
    with use_clock(WrongClock(DAY)):
        assert deadline.passed


async def test_a_shared_journal_settles_from_the_takeover_on(
    sandbox: Sandbox, shipping: Shipping, make_client: Callable[..., Client]
) -> None:
    from cpl_async.bulk.reconcile.reconciler import Reconciler
    from cpl_async.bulk.reconcile.schedule import SettlePolicy
    from cpl_async.bulk.reconcile.strategy import SHIPMENT_STRATEGY

    sandbox.faults.add(LOST)
    sandbox.faults.play("empty-list", 1.0)
    await shipping(write_rows(shipping.folder / "a.csv", many_rows(3)), name="n", settle_time=0.2)
    starts = []
    async with Journal.open(shipping.place) as journal:
        job = await journal.find("n")
        for is_shared in (False, True):
            reconciling = Reconciler(
                strategy=SHIPMENT_STRATEGY,
                search=SHIPMENT_STRATEGY.search(shipping.client),
                repository=journal.reconciliation,
                job=job.id,
                settle_policy=SettlePolicy(settle_time=20.0),
                clock=lambda: time.time() + HOUR,
                is_shared=is_shared,
                stop=asyncio.Event(),
                on_found=lambda count: None,
                on_requeued=lambda count: None,
                on_note=lambda note: None,
            )
            await reconciling.adopt_undecided()
            starts.append(reconciling._writes[0].schedule.until - time.time())
    assert starts[0] < 5
    assert starts[1] == pytest.approx(HOUR, abs=5)


def test_a_fixed_offset_is_one_moment() -> None:
    fixed = datetime(2026, 10, 25, 2, 30, tzinfo=timezone(timedelta(hours=1)))
    found = hit_from(tracked(fixed.isoformat()))
    assert found.began == found.began_latest == fixed.timestamp()
