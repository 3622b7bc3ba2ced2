"""``cpl label``: labels are fetched again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cpl_async.sandbox import Sandbox

from ..conftest import many_rows, write_rows
from ..pictures import codes_in
from .conftest import Runner, access_to


@pytest.fixture
def shipped(cpl: Runner, server: Sandbox) -> list[str]:
    """Ship three rows and return their numbers."""
    path = write_rows(cpl.folder / "a.csv", many_rows(3))
    cpl("ship", path, access=access_to(server))
    return [parcel.number for shipment in server.shipments() for parcel in shipment.parcels]


def asked(cpl: Runner, server: Sandbox, *arguments: Any, status: int = 0) -> Any:
    """Return what a command prints as JSON."""
    return json.loads(cpl(*arguments, "--json", access=access_to(server), status=status).stdout)


@pytest.mark.slow
def test_a_label_is_fetched_again_by_number_or_reference(cpl: Runner, server: Sandbox, shipped: list[str]) -> None:
    saved = asked(cpl, server, "label", shipped[1])
    assert saved[0]["file"] == f"label-{shipped[1]}.pdf"
    assert codes_in((cpl.folder / saved[0]["file"]).read_bytes()) == [[shipped[1]]]
    assert asked(cpl, server, "label", "T-00003", "--out", "mine.pdf")[0]["number"] in shipped
    assert codes_in((cpl.folder / "mine.pdf").read_bytes())
    done = cpl("label", "nothing", access=access_to(server), status=2)
    assert "name its batch with --batch" in done.stderr
    batch = server.shipments()[0].batch
    assert asked(cpl, server, "label", shipped[0], "--batch", batch, "--out", "b.pdf")[0]["number"] == shipped[0]
    cpl("label", "nothing", "--batch", batch, access=access_to(server), status=2)
