"""The formatting of figures, times and counts for Czech and English readers."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from attrs import frozen
from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal

__all__ = ["Formatter"]

HARD = "\u00a0"
DATES = {"en": ("d MMM y", "d MMM"), "cs": ("d. M. y", "d. M.")}
"""Language → patterns of a date with and without its year."""
NOUNS = {
    "en": {
        "row": {"one": "row", "other": "rows"},
        "batch": {"one": "batch", "other": "batches"},
        "parcel": {"one": "parcel", "other": "parcels"},
        "run": {"one": "run", "other": "runs"},
        "request": {"one": "request", "other": "requests"},
        "reason": {"one": "other reason", "other": "other reasons"},
    },
    "cs": {
        "row": {"one": "řádek", "few": "řádky", "other": "řádků"},
        "batch": {"one": "dávka", "few": "dávky", "other": "dávek"},
        "parcel": {"one": "balík", "few": "balíky", "other": "balíků"},
        "run": {"one": "běh", "few": "běhy", "other": "běhů"},
        "request": {"one": "požadavek", "few": "požadavky", "other": "požadavků"},
        "reason": {"one": "další důvod", "few": "další důvody", "other": "dalších důvodů"},
    },
}
"""Language → noun → plural category → its form."""


@frozen
class Formatter:
    """The formats of one language and time zone."""

    language: str = "en"
    zone: str | None = None

    def number(self, value: float | Decimal, places: int = 0) -> str:
        """Return a number with thousands separators."""
        pattern = "#,##0." + "0" * places if places else "#,##0"
        return format_decimal(value, format=pattern, locale=self.language)

    def rough(self, value: float) -> str:
        """Return a number with 0 to 2 decimal places, by its size."""
        return self.number(value, 0 if value >= 10 or value == int(value) else 1 if value >= 1 else 2)

    def count(self, value: float, noun: str) -> str:
        """Return a number with its noun, such as ``3 rows``."""
        forms = NOUNS[self.language][noun]
        category = Locale.parse(self.language).plural_form(value)
        return f"{self.number(value)}{HARD}{forms.get(category, forms['other'])}"

    def percent(self, part: float, whole: float) -> str:
        """Return a percentage; never 100 % or 0 % for a share that is not all or nothing."""
        share = 100 * part / whole if whole else 0.0
        if 0 < share < 0.1 or 99.9 < share < 100:
            text = ("<" if share < 1 else ">") + HARD + self.number(0.1 if share < 1 else 99.9, 1)
        else:
            text = self.number(share, 0 if share == int(share) else 1)
        return f"{text}{HARD}%" if self.language == "cs" else f"{text}%"

    def duration(self, seconds: float) -> str:
        """Return a duration."""
        if seconds < 60:
            return f"{self.rough(seconds)}{HARD}s"
        minutes, rest = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}{HARD}h {minutes}{HARD}min" if hours else f"{minutes}{HARD}min {rest}{HARD}s"

    def local(self, at: float) -> datetime:
        """Return a timestamp in the time zone."""
        return datetime.fromtimestamp(at, ZoneInfo(self.zone)) if self.zone else datetime.fromtimestamp(at).astimezone()

    def date(self, at: float) -> str:
        """Return a date."""
        return self._date(at, DATES[self.language][0])

    def day(self, at: float) -> str:
        """Return a date without its year."""
        return self._date(at, DATES[self.language][1])

    def _date(self, at: float, pattern: str) -> str:
        return format_date(self.local(at), pattern, locale=self.language).replace(" ", HARD)

    def time(self, at: float, *, seconds: bool = False) -> str:
        """Return a time of day."""
        return self.local(at).strftime("%H:%M:%S" if seconds else "%H:%M")

    def period(self, start: float, end: float) -> str:
        """Return begin and end of a period, with the time zone."""
        if self.date(start) == self.date(end):
            times = self.time(start) if self.time(start) == self.time(end) else f"{self.time(start)}–{self.time(end)}"
            return f"{self.date(start)} {times}{HARD}{self.local(end).tzname() or ''}".rstrip()
        return f"{self.date(start)} {self.time(start)} – {self.timestamp_text(end)}"

    def timestamp_text(self, at: float) -> str:
        """Return date, time and time zone."""
        return f"{self.date(at)} {self.time(at)}{HARD}{self.local(at).tzname() or ''}".rstrip()
