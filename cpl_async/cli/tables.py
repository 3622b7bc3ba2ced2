"""The results of a command: a table for people, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..models.codec import to_wire
from ..plain_text import plain
from .output import print_json, print_json_line, print_table, say

__all__ = ["local", "show", "show_json", "show_json_line"]

T = TypeVar("T")
NEVER_BROKEN = 20
"""Maximum characters of a column that is shown whole on any terminal: numbers, references, dates."""
PRAGUE = ZoneInfo("Europe/Prague")
WIDE = 400
"""Characters of a table that goes to a file or another program, which is never cut."""


def show(
    items: Sequence[T], columns: Mapping[str, Callable[[T], Any]], *, as_json: bool, nothing: str = "nothing found"
) -> None:
    """Print items as a table with these columns, or as JSON.

    :param columns: Heading → function that returns the cell of an item.
    :param nothing: Message on standard error if there are no items. Default: ``nothing found``.
    """
    if as_json:
        show_json(items)
        return
    if not items:
        say(nothing)
        return
    terminal = sys.stdout is not None and sys.stdout.isatty()
    console = Console() if terminal else Console(width=WIDE, no_color=True)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    used = {heading: cells for heading, read in columns.items() if any(cells := [_cell(read(item)) for item in items])}
    for heading, cells in used.items():
        whole = max(map(len, cells)) <= NEVER_BROKEN
        table.add_column(heading, overflow="fold", no_wrap=whole, min_width=max(map(len, cells)) if whole else None)
    for row in zip(*used.values(), strict=True):
        table.add_row(*(Text(cell) for cell in row))
    print_table(console, table)


def show_json(data: Any) -> None:
    """Print data as JSON with the API's own names."""
    print_json(data, to_wire)


def show_json_line(data: Any) -> bool:
    """Print data with the API's own names as one line of JSON, for a stream; return whether the stream is still
    read."""
    return print_json_line(data, to_wire)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return local(value)
    if not isinstance(value, str) and isinstance(value, Iterable):
        return ", ".join(plain(str(part)) for part in value)
    return plain(str(value))


def local(timestamp: datetime | None) -> str:
    """Return a time in the carrier's zone, that of Prague, to the minute and with its zone."""
    if timestamp is None:
        return ""
    try:
        return f"{timestamp.astimezone(PRAGUE):%Y-%m-%d %H:%M %Z}"
    except (OverflowError, ValueError):  # at the limits of the calendar, a value that some servers use for "none"
        return timestamp.isoformat()
