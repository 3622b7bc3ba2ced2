"""Text that is safe to print in a terminal: control characters and direction marks are replaced or escaped."""

from __future__ import annotations

import re

__all__ = ["plain", "plain_json", "plain_lines", "plain_table_cell"]

CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters except tab and line breaks, and the marks that change the writing direction."""
FIRST_BYTE, LAST_BYTE = "\udc80", "\udcff"
"""Surrogates with which Python represents bytes of a file name that are not UTF-8."""


def plain(text: str) -> str:
    """Return a text on one line, with a space for each character that is not printable.

    Bytes of a file name that are not UTF-8 are escaped as ``\\xff``.
    """
    return text if text.isprintable() else "".join(map(_printable, text))


def plain_lines(text: str) -> str:
    """Return a text of several lines, each converted by :func:`plain`."""
    return "\n".join(map(plain, text.split("\n")))


def plain_table_cell(text: str) -> str:
    """Return a text for a file that is also displayed in a terminal; only control characters are replaced."""
    if text.isprintable():
        return text
    return "".join(map(_without_surrogate, CONTROL_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", text)))


def plain_json(text: str) -> str:
    """Return equivalent JSON with escapes for characters that are not printable."""
    return "\n".join(line if line.isprintable() else "".join(map(_json_escape, line)) for line in text.split("\n"))


def _printable(letter: str) -> str:
    if letter.isprintable():
        return letter
    return _without_surrogate(letter) if FIRST_BYTE <= letter <= LAST_BYTE else " "


def _without_surrogate(letter: str) -> str:
    if FIRST_BYTE <= letter <= LAST_BYTE:
        return f"\\x{ord(letter) - 0xDC00:02x}"
    return "\N{REPLACEMENT CHARACTER}" if "\ud800" <= letter <= "\udfff" else letter


def _json_escape(letter: str) -> str:
    if letter.isprintable():
        return letter
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[index]:02x}{units[index + 1]:02x}" for index in range(0, len(units), 2))
