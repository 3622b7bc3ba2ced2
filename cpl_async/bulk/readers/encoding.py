"""The recognition of a text's encoding: UTF-8, UTF-16 by its mark, Windows-1250 or ISO 8859-2."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from .raw_row import InputError

__all__ = ["encoding_of"]

BLOCK = 1024 * 1024
ASCII = bytes(range(128))
WINDOWS_ONLY = frozenset(range(0x80, 0xA0))
"""Letters and dashes in Windows-1250, control characters in ISO 8859-2."""
IN_NEITHER = frozenset({0x81, 0x83, 0x88, 0x90, 0x98})
OF_DOS = frozenset({0xA1, 0xA2})
"""í and ó in cp852; accents without a letter in Windows-1250, which no text has."""
LETTERS_OF_ISO = bytes.fromhex("a9 b9 bb ab ae be b5 a5")
"""Š š ť Ť Ž ž ľ Ľ in ISO 8859-2."""
LETTERS_OF_WINDOWS = bytes.fromhex("be bc")
"""ľ Ľ in Windows-1250, where the other letters above are among those that only it has."""
CZECH_ONLY = bytes.fromhex("ec cc f8 d8 f9 d9")
"""ě Ě ř Ř ů Ů, in both; a text with these letters has ž, not ľ."""
SLOVAK_ONLY = bytes.fromhex("e4 f4 e5 e0 c5 c0 d4")
"""ä ô ĺ ŕ Ĺ Ŕ Ô, in both."""
POLISH_ONLY = frozenset(bytes.fromhex("b3 a3"))
"""ł Ł, in both."""
POLISH_OF_ISO = frozenset(bytes.fromhex("b1 a1 b6 a6 bc ac"))
"""ą Ą ś Ś ź Ź in ISO 8859-2."""
POLISH_OF_WINDOWS = frozenset(bytes.fromhex("b9 a5"))
"""ą Ą in Windows-1250, where ś and ź are among those that only it has."""
WESTERN_ONLY = frozenset(bytes.fromhex("e7 c7 f1 d1"))
"""ç Ç ñ Ñ in Windows-1252; ç Ç ń Ń in Windows-1250."""
CENTRAL_ONLY = frozenset(bytes.fromhex("ec cc f8 d8 f9 d9 9a 8a 9e 8e 9d 8d bf af 9c 8c 9f 8f ea ca f2 d2 ef cf"))
"""Letters that nearly each Czech, Slovak or Polish text has: ě ř ů š ž ť ż ś ź ę ň ď."""
SEQUENCE = re.compile(rb"[\xc3-\xc5][\x80-\xbf]")
"""A Czech or Slovak letter in UTF-8."""


def encoding_of(path: Path, shown: str) -> str:
    """Read a whole text and return Python's name of its encoding.

    :param shown: Name of the file in messages.
    :raises InputError: It is not text, or its encoding is ambiguous or not supported.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    fault = _first_fault(path, shown)
    if fault is None:
        return "utf-8-sig"
    return _eight_bits(path, shown, fault)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def _first_fault(path: Path, shown: str) -> int | None:
    """Return the line of the first byte that is not UTF-8, or ``None`` if there is no such byte."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, block = 1, b""
    try:
        for block in _blocks(path):
            if (at := block.find(b"\0")) >= 0:
                line += block.count(b"\n", 0, at)
                raise InputError(f"{shown} is not text: line {line} holds a zero byte")
            decoder.decode(block)
            line += block.count(b"\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return line + error.object[: error.start].count(b"\n")
    return None


def _eight_bits(path: Path, shown: str, line: int) -> str:
    counts: Counter[int] = Counter()
    sequences = 0
    for block in _blocks(path):
        if b"\0" in block:
            raise InputError(f"{shown} is not text: it holds zero bytes")
        counts.update(block.translate(None, ASCII))
        sequences += len(SEQUENCE.findall(block))
    asked = "say its encoding with --encoding, or save it as CSV in UTF-8"
    if sequences * 2 > sum(counts.values()) / 2:
        raise InputError(f"{shown} is not text in UTF-8 from line {line} on, though it begins so: {asked}")
    if counts.keys() & IN_NEITHER:
        raise InputError(f"{shown} is not text in UTF-8 (line {line}), Windows-1250 or ISO 8859-2: {asked}")
    if counts.keys() & WINDOWS_ONLY and counts.keys() & OF_DOS:
        raise InputError(f"{shown} is not text in UTF-8 or Windows-1250; it may be cp852, of DOS: {asked}")
    if _is_western(counts):
        raise InputError(f"{shown} may be Windows-1252 (Western Europe) or Windows-1250: {asked}")
    if counts.keys() & WINDOWS_ONLY:
        return "cp1250"
    if counts.keys() & POLISH_ONLY:
        return _by_polish_letters(counts, shown, asked)
    return _by_letters(counts, shown, asked)


def _is_western(counts: Counter[int]) -> bool:
    """Return whether letters are probably Western: ç, or ñ without Polish letters, and no letter of Czech or Slovak."""
    found = counts.keys()
    has_own = bool(found & CENTRAL_ONLY or found & POLISH_ONLY)
    return bool(found & WESTERN_ONLY) and not has_own


def _by_polish_letters(counts: Counter[int], shown: str, asked: str) -> str:
    iso = bool(counts.keys() & POLISH_OF_ISO)
    if iso and counts.keys() & POLISH_OF_WINDOWS:
        raise InputError(f"{shown} may be Windows-1250 or ISO 8859-2, its letters do not show which: {asked}")
    return "iso8859-2" if iso else "cp1250"


def _by_letters(counts: Counter[int], shown: str, asked: str) -> str:
    iso = sum(counts[byte] for byte in LETTERS_OF_ISO)
    windows = sum(counts[byte] for byte in LETTERS_OF_WINDOWS)
    if iso != windows:
        return "iso8859-2" if iso > windows else "cp1250"
    if not iso:
        return "cp1250"  # no letter differs: both encodings give the same text
    czech, slovak = (sum(counts[byte] for byte in letters) for letters in (CZECH_ONLY, SLOVAK_ONLY))
    if czech and not slovak:
        return "iso8859-2"
    raise InputError(f"{shown} may be Windows-1250 or ISO 8859-2, its letters do not show which: {asked}")
