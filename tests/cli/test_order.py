"""``cpl order``: orders are created, followed and cancelled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click
import pytest

from cpl_async.cli.order import DAY
from cpl_async.sandbox import Sandbox

from .conftest import Runner, access_to, asked

TOMORROW = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"


@pytest.mark.slow
def test_an_order_is_created_followed_and_cancelled(cpl: Runner, server: Sandbox) -> None:
    (cpl.folder / "warehouse.toml").write_text(
        'name = "Sklad"\nstreet = "Průmyslová 1"\ncity = "Kolín"\nzip_code = "28002"\ncountry = "CZ"\n',
        encoding="utf-8",
    )
    made = cpl(
        "order", "create", "monday-1", "--date", TOMORROW, "--count", "12", "--from", "08:00", "--to", "14:30",
        "--sender", "warehouse.toml", "--note", "rampa 3", access=access_to(server),
    )  # fmt: skip
    assert "Complete" in made.stdout
    batch = made.stderr.split()[-1]
    again = cpl("order", "create", "monday-1", "--date", TOMORROW, "--count", "1", access=access_to(server), status=2)
    assert "was ordered already as OBJ" in again.stderr
    assert asked(cpl, server, "order", "status", batch) == [{"referenceId": "monday-1", "importState": "Complete"}]
    listed = asked(cpl, server, "order", "list", "--reference", "monday-1")
    assert (listed[0]["orderState"], listed[0]["sender"]["city"]) == ("Created", "Kolín")
    body = server.orders()[0].body
    assert (body["sendTimeFrom"], body["shipmentCount"]) == ("08:00:00", 12)
    assert "cancelled" in cpl("order", "cancel", "--reference", "monday-1", access=access_to(server)).stdout
    assert "Canceled" in cpl("order", "list", "--state", "Canceled", access=access_to(server)).stdout
    assert "nothing found" in cpl("order", "list", "--state", "PickedUp", access=access_to(server)).stderr
    cpl("order", "list", "--reference", "nobody", access=access_to(server), status=1)
    cpl("order", "cancel", "--reference", "nobody", access=access_to(server), status=1)
    for wrong in ((), ("--reference", "a", "--customer-reference", "b")):
        cpl("order", "cancel", *wrong, access=access_to(server), status=2)
    late = cpl("order", "create", "late", "--date", "2020-01-01", "--count", "1", access=access_to(server), status=1)
    assert "The day of the collection is past" in late.stdout


@pytest.mark.parametrize(("text", "day"), [("today", 1), ("Tomorrow", 2), ("2026-12-24", 24)])
def test_a_day_is_that_of_the_carrier(monkeypatch: pytest.MonkeyPatch, text: str, day: int) -> None:
    night = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)  # it is December in Prague
    monkeypatch.setattr("cpl_async.cli.order.wall", night.timestamp)
    assert DAY.convert(text, None, None) == datetime(2026, 12, day)


def test_other_words_are_no_day() -> None:
    with pytest.raises(click.BadParameter, match="'yesterday' does not match"):
        DAY.convert("yesterday", None, None)
