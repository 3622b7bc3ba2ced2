"""The day of delivery, in Czech and international notation."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from .ambiguous_value import AmbiguousValue

__all__ = ["delivery_day"]

CZECH = re.compile(r"([0-9]{1,2})\.\s*([0-9]{1,2})\.\s*([0-9]{4})")
SLASHES = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
MIDNIGHT = re.compile(r"[ T]0{1,2}:00(:00(\.0+)?)?$")
"""The time that spreadsheets append to a day."""


def delivery_day(text: str) -> datetime:
    """Return the beginning of a day in the carrier's time zone.

    :raises AmbiguousValue: It is not a day, or can mean two days.
    """
    plain = MIDNIGHT.sub("", text)
    try:
        if found := ISO.fullmatch(plain):
            year, month, day = map(int, found.groups())
        elif found := CZECH.fullmatch(plain):
            day, month, year = map(int, found.groups())
        elif found := SLASHES.fullmatch(plain):
            day, month, year = _day_first(text, *map(int, found.groups()))
        else:
            raise AmbiguousValue("date.invalid", text=text[:30])
        on = date(year, month, day)
    except AmbiguousValue:
        raise
    except ValueError:
        raise AmbiguousValue("date.not_in_calendar", text=text[:30]) from None
    return datetime(on.year, on.month, on.day, tzinfo=_prague())


def _day_first(text: str, first: int, second: int, year: int) -> tuple[int, int, int]:
    if first <= 12 and second <= 12 and first != second:
        raise AmbiguousValue("date.ambiguous", text=text, first=f"{year}-{second:02}-{first:02}")
    return (second, first, year) if second > 12 else (first, second, year)


@cache
def _prague() -> ZoneInfo:
    return ZoneInfo("Europe/Prague")
