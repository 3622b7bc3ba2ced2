"""The comparison of words without regard to case, diacritics and punctuation."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["Answer", "answer", "fold", "tokens"]

CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
NO_WORD = re.compile(r"[\W_]+")
PLAIN_LETTERS = str.maketrans({"ł": "l", "ß": "ss", "đ": "d", "ø": "o"})
Answer = bool | None
ANSWERS: dict[str, bool] = {
    **dict.fromkeys(
        ["ano", "áno", "yes", "y", "a", "true", "pravda", "tak", "ja", "igen", "da", "x", "✓", "✔", "on"], True
    ),
    **dict.fromkeys(
        ["ne", "nie", "no", "n", "false", "nepravda", "nein", "nem", "nu", "-", "–", "—", "✗", "✘", "off"], False
    ),
}


def tokens(text: str) -> list[str]:
    """Return the words of a text in lower case, without diacritics."""
    parts = unicodedata.normalize("NFKD", CAMEL.sub(" ", text)).casefold().translate(PLAIN_LETTERS)
    return NO_WORD.sub(" ", "".join(part for part in parts if not unicodedata.combining(part))).split()


def fold(text: str) -> str:
    """Return only the letters and digits of a text, in their folded form."""
    return "".join(tokens(text))


def answer(text: str) -> Answer:
    """Return the meaning of a text, yes or no, or ``None`` if it is neither."""
    return ANSWERS.get(text.casefold())
