"""Normal form of references, which makes references that look alike equal."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["displayable_reference", "folded_reference", "has_control_characters", "normal_reference"]

INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Code points without a visible glyph (source: Unicode, Default_Ignorable_Code_Point, and U+FFF9 to U+FFFB)."""
BLANK = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000"
"""Code points that look like a space (source: Unicode, category Zs, and the Braille blank)."""
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_BLANK = re.compile(f"[{BLANK}]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def normal_reference(text: str) -> str:
    """Return the normal form of a reference, in which it is sent, stored, compared and displayed.

    Invisible characters are removed, every kind of space becomes a plain space, spaces at the ends are removed, and
    letters with marks are composed (NFC). Letter case and spaces inside are kept.

    :param text: Reference from a caller, a file or the carrier. A value of another type is returned unchanged.
    """
    if not isinstance(text, str):  # the check before sending reports the wrong type
        return text  # type: ignore[unreachable]  # callers without a type checker
    if text.isascii():
        return text.strip()
    return unicodedata.normalize("NFC", _BLANK.sub(" ", _INVISIBLE.sub("", text))).strip()


def folded_reference(text: str) -> str:
    """Return a key that is equal for references that differ only in letter case, spaces or character width.

    Whether the carrier treats such references as equal is not documented.
    """
    return "".join(unicodedata.normalize("NFKC", normal_reference(text)).casefold().split())


def displayable_reference(text: str) -> str:
    """Return a reference with each control character replaced by U+FFFD, to display a row rejected because of them."""
    return _CONTROL.sub("\ufffd", text) if has_control_characters(text) else text


def has_control_characters(text: str) -> bool:
    """Return whether a reference contains a control character, a line break or a lone surrogate."""
    return not text.isprintable() and _CONTROL.search(text) is not None
