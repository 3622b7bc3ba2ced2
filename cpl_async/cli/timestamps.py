"""The parser of timestamps in options: a time of day, or a day and a time."""

from __future__ import annotations

import re
from datetime import datetime, time, tzinfo

import click

__all__ = ["as_timestamp", "parse_timestamp"]


def parse_timestamp(text: str, now: datetime, zone: tzinfo | None = None) -> datetime:
    """Return the timestamp of a text, in local time if it has no offset: that of its day, not that of today.

    :param text: ``17:30`` for today, or ``2026-03-01T17:30``, with an offset or without.
    :param now: Current time with a time zone; the timestamp must be later.
    :param zone: Time zone of a text without an offset. Default: that of the system.
    :raises ValueError: The text has another format, or the time has passed.
    """
    if re.fullmatch(r"\d{1,2}:\d{2}", text.strip()):
        hour, minute = map(int, text.strip().split(":"))
        today = now.astimezone(zone).date()
        timestamp = datetime.combine(today, time(hour, minute))
    else:
        timestamp = datetime.fromisoformat(text.strip())
    if timestamp.tzinfo is None:
        timestamp = timestamp.replace(tzinfo=zone) if zone is not None else timestamp.astimezone()
    if timestamp <= now:
        raise ValueError(f"{timestamp.isoformat(timespec='minutes')} has passed already")
    return timestamp


def as_timestamp(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
    """Return the timestamp of an option in seconds since the epoch; for ``callback`` of an option.

    :raises click.BadParameter: See :func:`parse_timestamp`.
    """
    if text is None:
        return None
    try:
        return parse_timestamp(text, datetime.now().astimezone()).timestamp()
    except ValueError as error:
        words = f"{text!r} is no future time, like 17:30 or 2026-03-01T17:30 ({error})"
        raise click.BadParameter(words) from None
