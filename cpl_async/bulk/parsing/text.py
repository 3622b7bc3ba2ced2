"""The comparison of words without regard to case, diacritics and punctuation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

__all__ = ["Answer", "answer", "any_begins", "fold", "phrase_in", "tokens"]

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


def any_begins(words: Iterable[str], stems: tuple[str, ...]) -> bool:
    """Return whether one of the words begins with one of the stems."""
    return any(word.startswith(stems) for word in words)


def phrase_in(phrases: Iterable[str], words: Sequence[str]) -> str | None:
    """Return the first phrase whose words stand together in folded words, or ``None``."""
    together = f" {' '.join(words)} "
    return next((phrase for phrase in phrases if f" {phrase} " in together), None)


def answer(text: str) -> Answer:
    """Return the meaning of a text, yes or no, or ``None`` if it is neither."""
    return ANSWERS.get(text.casefold())
