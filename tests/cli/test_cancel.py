"""``cpl cancel`` and ``cpl contact``: shipments are changed after a confirmation."""

from __future__ import annotations

import signal
import time

import pytest

from cpl_async.sandbox import Fault, FaultKind, Sandbox

from .conftest import Runner, access_to, asked


def test_a_shipment_is_cancelled_after_a_yes(cpl: Runner, server: Sandbox, shipped: list[str]) -> None:
    refused = cpl("cancel", shipped[0], access=access_to(server), status=2)
    assert "give --yes" in refused.stderr
    results = asked(cpl, server, "cancel", shipped[0], "4099", "--yes", status=1)
    assert results == [
        {"number": shipped[0], "outcome": "cancelled", "message": ""},
        {"number": "4099", "outcome": "refused", "message": "There is no such shipment."},
    ]
    assert server.shipments()[0].parcels[0].cancelled is not None


@pytest.mark.slow
def test_a_contact_is_added(cpl: Runner, server: Sandbox, shipped: list[str]) -> None:
    assert "contact added" in cpl("redirect", shipped[0], "--phone", "+420777", access=access_to(server)).stdout
    cpl("redirect", shipped[0], access=access_to(server), status=2)
    done = cpl("redirect", "4099", "--phone", "1", access=access_to(server), status=1)
    assert "There is no such shipment" in done.stderr


def test_what_was_cancelled_is_told_whatever_happens_next(cpl: Runner, server: Sandbox, shipped: list[str]) -> None:
    server.faults.add(Fault(kind=FaultKind.SLOW, operation="shipments.cancel", skip=1, seconds=20))
    cancelling = cpl.start("cancel", *shipped, "--yes", access=access_to(server))
    deadline = time.monotonic() + 20
    while len(server.ledger.of("shipments.cancel")) < 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    cancelling.send_signal(signal.SIGINT)
    out, err = cancelling.communicate(timeout=20)
    assert cancelling.returncode == 130
    assert "stopped" in err
    assert [line.split()[1] for line in out.splitlines()[2:]] == ["cancelled", "unknown", *["not"] * (len(shipped) - 2)]
    server.faults.clear()
    server.faults.add(Fault(kind=FaultKind.STATUS, operation="shipments.cancel", status=403))
    denied = cpl("cancel", *shipped, "--yes", access=access_to(server), status=2)
    assert "not sent" in denied.stdout
