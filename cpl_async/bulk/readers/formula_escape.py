"""The escaping of text that a spreadsheet would run as a formula, and its reversal."""

from __future__ import annotations

import re

__all__ = ["harmless", "looks_like_formula", "original"]

LIKE_NUMBER = re.compile(r"[+-]\d[\d\s().,/-]*")
GUARDED = re.compile(r"'+[=+@\t\r-]")


def looks_like_formula(text: str) -> bool:
    """Return whether a spreadsheet would run the text: ``=``, ``@``, or a sign before a text that is not a number."""
    if text[:1] in ("=", "@", "\t", "\r"):
        return True
    return text[:1] in ("+", "-") and not LIKE_NUMBER.fullmatch(text)


def harmless(text: str) -> str:
    """Return the text with an apostrophe before it if a spreadsheet would run it."""
    return "'" + text if looks_like_formula(text) or GUARDED.match(text) else text


def original(text: str) -> str:
    """Return the text as it was before :func:`harmless`."""
    return text[1:] if GUARDED.match(text) else text
