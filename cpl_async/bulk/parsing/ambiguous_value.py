"""The error for a value that is ambiguous or incomplete, and the repair of numbers that a spreadsheet has rewritten."""

from __future__ import annotations

import re

from ...messages import Message, Param, message

__all__ = ["AmbiguousValue", "without_damage"]

SCIENTIFIC = re.compile(r"([0-9])(?:[.,]([0-9]+))?[eE]\+([0-9]{1,2})")


class AmbiguousValue(ValueError):
    """A value that is ambiguous or invalid; its message says what to write instead."""

    def __init__(self, code: str, **params: Param) -> None:
        self.message: Message = message(code, **params)
        super().__init__(str(self.message))


def without_damage(text: str) -> str:
    """Return the text, with a spreadsheet's exponent notation of a number written out.

    :raises AmbiguousValue: Digits of the number are lost.
    """
    found = SCIENTIFIC.fullmatch(text) if "+" in text else None
    if found is None:
        return text
    first, rest, exponent = found[1], found[2] or "", int(found[3])
    if len(rest) < exponent:
        raise AmbiguousValue("cell.lost_digits", text=text)
    return first + rest if len(rest) == exponent else text
