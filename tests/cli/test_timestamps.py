"""A moment is read as a person writes it, and never taken for one that has passed."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

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
    assert parse_timestamp(text, NOW, NOW.tzinfo) == moment


@pytest.mark.parametrize(
    ("now", "text", "moment"),
    [
        ("2026-12-01T12:00+01:00", "2027-07-01T17:30", "2027-07-01T15:30+00:00"),
        ("2026-07-01T12:00+02:00", "2026-12-01T17:30", "2026-12-01T16:30+00:00"),
        ("2026-03-29T00:30+01:00", "17:30", "2026-03-29T15:30+00:00"),
        ("2026-03-28T23:30+00:00", "17:30", "2026-03-29T15:30+00:00"),
    ],
)
def test_a_time_without_offset_is_that_of_its_day(
    monkeypatch: pytest.MonkeyPatch, now: str, text: str, moment: str
) -> None:
    expected = datetime.fromisoformat(moment)
    assert parse_timestamp(text, datetime.fromisoformat(now), ZoneInfo("Europe/Prague")) == expected
    if not hasattr(time, "tzset"):
        return
    monkeypatch.setenv("TZ", "Europe/Prague")
    time.tzset()
    try:
        assert parse_timestamp(text, datetime.fromisoformat(now)) == expected
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("text", ["11:59", "2026-02-28T23:00", "25:00", "soon", "", "12:00"])
def test_what_is_no_moment_to_come_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_timestamp(text, NOW, NOW.tzinfo)
