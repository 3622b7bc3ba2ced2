"""Wrong input of the commands that ask and change is reported in one line."""

from __future__ import annotations

import pytest

from cpl_async.sandbox import Sandbox

from .conftest import Runner, access_to


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("points",), "exactly one"),
        (("points", "--position", "north"), "LATITUDE,LONGITUDE"),
        (("points", "--near", "Atlantis"), "no pickup point is at"),
        (("codelist", "colours"), "is not one of"),
        (("track",), "name a shipment number"),
        (("address",), "give a STREET"),
        (("info", "--base-url", "http://example.com"), "HTTPS"),
        (("points", "--code", ""), "exactly one"),
        (("points", "--near", "Nitra", "--country", "Slovakia"), "two letters"),
        (("order", "create", "x", "--date", "0001-01-01", "--count", "1"), "no day for an order"),
        (("order", "list", "--since", "9999-12-31"), "no day for an order"),
        (("redirect", "\udcff", "--phone", "1"), "lone surrogate"),
        (("label", "x", "--sandbox"), "no labels"),
        (("label", "x", "--out", "nowhere/x.pdf"), "does not exist"),
        (("track", "1", "--sandbox", "--test-system"), "--sandbox takes no credentials"),
    ],
)
def test_wrong_input_is_said_in_a_line(cpl: Runner, server: Sandbox, arguments: tuple[str, ...], words: str) -> None:
    done = cpl(*arguments, access=access_to(server), status=2)
    assert words.lower() in done.stderr.lower()
