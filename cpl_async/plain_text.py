"""Text that cannot steer a terminal: escape sequences and marks of writing direction are made visible or taken out."""

from __future__ import annotations

import re

__all__ = ["plain", "plain_json", "plain_lines", "plain_table_cell"]

CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters but tab and line ends, and the marks that change the direction of writing."""
FIRST_BYTE, LAST_BYTE = "\udc80", "\udcff"
"""How Python keeps bytes of a file name that are not UTF-8."""


def plain(text: str) -> str:
    """Return a text on one line, with a blank for each character that is not printed.

    Bytes of a file name that are not UTF-8 are shown as ``\\xff``.
    """
    return text if text.isprintable() else "".join(map(_printable, text))


def plain_lines(text: str) -> str:
    """Return a text of several lines, each as :func:`plain` returns it."""
    return "\n".join(map(plain, text.split("\n")))


def plain_table_cell(text: str) -> str:
    """Return a text for a file that people also look at in a terminal; only what would steer that is replaced."""
    if text.isprintable():
        return text
    return "".join(map(_without_surrogate, CONTROL_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", text)))


def plain_json(text: str) -> str:
    """Return JSON in which characters that are not printed are escaped; it has the same value."""
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
    return "".join(f"\\u{units[place]:02x}{units[place + 1]:02x}" for place in range(0, len(units), 2))
