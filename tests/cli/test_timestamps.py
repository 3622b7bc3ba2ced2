"""A moment is read as a person writes it, and never taken for one that has passed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from cpl_async.cli.timestamps import parse_timestamp

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("17:30", NOW.replace(hour=17, minute=30)),
        ("2026-03-02T06:00", NOW.replace(day=2, hour=6)),
        ("2026-03-02 06:00", NOW.replace(day=2, hour=6)),
        ("2026-03-01T17:30Z", datetime(2026, 3, 1, 17, 30, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read(text: str, moment: datetime) -> None:
    assert parse_timestamp(text, NOW) == moment


@pytest.mark.parametrize("text", ["11:59", "2026-02-28T23:00", "25:00", "soon", "", "12:00"])
def test_what_is_no_moment_to_come_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_timestamp(text, NOW)
