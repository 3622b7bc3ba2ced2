"""The options for reading a file."""

from __future__ import annotations

import codecs
import hashlib

from attrs import field, frozen

from ..._nearest import nearest
from ..parsing.column_mapping import ShopMapping
from .raw_row import InputError

__all__ = ["ReadingOptions"]

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|", "bar": "|"}
ENCODINGS = ("utf-8", "utf-16", "windows-1250", "cp1250", "iso-8859-2", "windows-1252", "iso-8859-1", "cp852")


def _encoding(name: str | None) -> str | None:
    if name is None:
        return None
    try:
        found = codecs.lookup(name.strip())
        "a".encode(found.name)  # some codecs convert bytes, not text
    except (LookupError, ValueError):
        near = nearest(name.lower(), ENCODINGS)
        hint = f"did you mean {near}?" if near else f"usual ones are {', '.join(ENCODINGS[:5])}"
        raise InputError(f"the encoding {name!r} is not known; {hint}") from None
    return "utf-8-sig" if found.name == "utf-8" else found.name


def _delimiter(text: str | None) -> str | None:
    if text is None:
        return None
    mark = DELIMITERS.get(text.lower(), text)
    if len(mark) != 1 or mark in "\"'\r\n" or mark.isalnum():
        names = ", ".join(name for name in DELIMITERS if name.isalpha())
        raise InputError(f"the delimiter must be one character, or one of {names}; not {text!r}")
    return mark


@frozen(kw_only=True)
class ReadingOptions:
    """Options for reading a file. Default: recognized from the file."""

    encoding: str | None = field(default=None, converter=_encoding)
    """Encoding of the text, by Python's name."""
    delimiter: str | None = field(default=None, converter=_delimiter)
    """Delimiter of CSV: one character, or ``tab``, ``comma``, ``semicolon``, ``pipe``."""
    sheet: str | None = None
    """Name of the sheet of a workbook. Default: its first one."""
    layout: str | None = None
    """Name of the shop or tool that wrote the file, e.g. ``shoptet``. Default: recognized by its headings."""
    names: ShopMapping = field(factory=ShopMapping, repr=False)
    """The shop's own names."""
    shown: str | None = None
    """Name of the file in messages. Default: its path."""

    @property
    def mark(self) -> bytes:
        """Digest of the options, which makes a file that is read differently another job; empty without options."""
        chosen = [self.encoding, self.delimiter, self.sheet, self.layout]
        if not any(chosen) and not self.names.mark:
            return b""
        return hashlib.sha256(repr(chosen).encode() + self.names.mark).digest()
