"""What is said of a value that cannot be taken for certain, and of digits that a spreadsheet has lost."""

from __future__ import annotations

import re

__all__ = ["AmbiguousValue", "without_damage"]

SCIENTIFIC = re.compile(r"([0-9])(?:[.,]([0-9]+))?[eE]\+([0-9]{1,2})")


class AmbiguousValue(ValueError):
    """A value says nothing, or may mean two things; the message says what to write."""


def without_damage(text: str) -> str:
    """Return the text, with a number that a spreadsheet wrote with an exponent written out.

    :raises Unclear: when digits of it are lost.
    """
    found = SCIENTIFIC.fullmatch(text) if "+" in text else None
    if found is None:
        return text
    first, rest, exponent = found[1], found[2] or "", int(found[3])
    if len(rest) < exponent:
        raise AmbiguousValue(
            f"is {text!r}: a spreadsheet has lost its last digits; format the column as text and fill it in anew"
        )
    return first + rest if len(rest) == exponent else text
