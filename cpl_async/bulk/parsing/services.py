"""The codes of additional services and of the age check."""

from __future__ import annotations

import re

from .ambiguous_value import AmbiguousValue
from .text import answer

__all__ = ["age_code", "service_codes"]

BETWEEN = re.compile(r"[\s,;|+/]+")
AGE = re.compile(r"[A-Za-z]?\s*([0-9]{2})\s*\+?")


def service_codes(text: str) -> list[str]:
    """Return the codes in a text, separated by commas, semicolons, bars, plus signs or spaces.

    :raises AmbiguousValue: An entry is not a code.
    """
    codes = [code.upper() for code in BETWEEN.split(text) if code]
    for code in codes:
        if not re.fullmatch(r"[A-Z0-9]{1,4}", code):
            raise AmbiguousValue("service.invalid", text=code[:30])
    return codes


def age_code(text: str) -> str | None:
    """Return the code of an age check, e.g. ``A18`` for ``18+``, or ``None`` if there is no age check.

    :raises AmbiguousValue: There is an age check without an age.
    """
    said = answer(text)
    if said is False or text in ("0", ""):
        return None
    if said:
        raise AmbiguousValue("age.unknown", text=text)
    found = AGE.fullmatch(text)
    return f"A{found[1]}" if found else text
