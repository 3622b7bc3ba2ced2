"""``cpl label``: labels are fetched again."""

from __future__ import annotations

import pytest

from cpl_async.sandbox import Sandbox

from ..pictures import codes_in
from .conftest import Runner, access_to, asked


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
