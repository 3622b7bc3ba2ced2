"""A person's decision on a row that is found or shipped in the meantime."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpl_async import (
    Client,
    ConfigurationError,
    JournalError,
    Resolution,
)
from cpl_async.bulk.jobs import Jobs
from cpl_async.sandbox import Fault, FaultKind, Sandbox

from ..conftest import many_rows, write_rows
from .callers import live
from .shipping import Shipping

pytestmark = pytest.mark.usefixtures("own_state")

CREATE = "shipment_batches.create"


LOST = Fault(kind=FaultKind.LOST_ANSWER, operation=CREATE)


async def test_a_row_resolved_with_its_own_number_is_no_duplicate(
    sandbox: Sandbox, tmp_path: Path, client: Client
) -> None:
    shipping = Shipping(tmp_path, client)
    sandbox.faults.add(LOST)
    path = write_rows(tmp_path / "a.csv", many_rows(2))
    await shipping(path, name="monday")
    sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=500, operation="shipments.cancel", times=1000))
    await shipping(path, name="monday", resend_unlabelled=True)
    jobs = Jobs(shipping.place)
    waiting = [row async for row in jobs.undecided("monday")]
    number = next(one for one in sandbox.shipments() if one.reference == waiting[0].reference).parcels[0].number
    await jobs.resolve("monday", waiting[0].reference, Resolution.SHIPPED, numbers=(number,))
    sandbox.faults.clear()
    summary = await shipping(path, name="monday", cancel_duplicates=True)
    assert summary.duplicates == 0
    assert waiting[0].reference in live(sandbox)
    with pytest.raises(ConfigurationError, match="must differ"):
        await jobs.resolve("monday", "x", Resolution.SHIPPED, numbers=("1", "1"))


async def test_the_number_of_another_row_settles_none(sandbox: Sandbox, tmp_path: Path, client: Client) -> None:
    shipping = Shipping(tmp_path, client)
    sandbox.faults.add(Fault(kind=FaultKind.RESET, operation=CREATE, skip=1))
    sandbox.faults.add(Fault(kind=FaultKind.EMPTY_LIST, operation="shipments.list", times=1000))
    path = write_rows(tmp_path / "a.csv", many_rows(2))
    await shipping(path, name="monday", batch_size=1, max_concurrency=1, settle_time=0.3)
    number = sandbox.shipments()[0].parcels[0].number
    with pytest.raises(JournalError, match="number of another row"):
        await Jobs(shipping.place).resolve("monday", "T-00002", Resolution.SHIPPED, numbers=(number,))
