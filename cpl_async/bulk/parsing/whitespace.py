"""The spaces and invisible characters in text from spreadsheets and web pages."""

from __future__ import annotations

import re

__all__ = ["SPACES", "blanks_removed", "normalize_whitespace"]

SPACES = " \u00a0\u2007\u2008\u2009\u200a\u202f"
INVISIBLE = (
    "\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
"""Soft hyphen, joiners, and the direction marks that address books put around telephone numbers."""
BLANKS = re.compile(rf"[{SPACES}\t]+")
TIDY = str.maketrans(dict.fromkeys(SPACES, " ") | dict.fromkeys(INVISIBLE, ""))


def normalize_whitespace(text: str) -> str:
    """Return the text with plain spaces, and without invisible characters."""
    return text.translate(TIDY).strip()


def blanks_removed(text: str) -> str:
    """Return the text without spaces of any kind."""
    return BLANKS.sub("", text)
