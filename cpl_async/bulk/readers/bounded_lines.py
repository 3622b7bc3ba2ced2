"""Lines of a text file that are never longer than a limit: a line without an end would fill the memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from .raw_row import InputError

__all__ = ["MAX_COLUMNS", "MAX_LINE_LENGTH", "bounded_lines"]

MAX_LINE_LENGTH = 1_000_000
"""Characters of a line."""
MAX_COLUMNS = 2000
"""Columns of a file."""


def bounded_lines(file: TextIO, shown: str) -> Iterator[str]:
    """Yield the lines of a file with their ends.

    :param shown: Name of the file in messages.
    :raises InputError: A line is longer than :data:`MAX_LINE_LENGTH`.
    """
    number = 0
    while line := file.readline(MAX_LINE_LENGTH + 1):
        number += 1
        if len(line) > MAX_LINE_LENGTH:
            raise InputError(
                f"{shown} has a line of more than {MAX_LINE_LENGTH:,} characters (line {number}): it is no table of "
                "shipments, or a quote is not closed"
            )
        yield line
