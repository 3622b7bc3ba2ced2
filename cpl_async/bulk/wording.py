"""Says in the readers' language why a row is not shipped; the journal keeps the English words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from attrs import frozen

from .wording_cs import PHRASES

__all__ = ["worded"]

HOLE = "{}"
BETWEEN = "; "
ANYTHING = f"((?:(?!{BETWEEN}).)+?)"
MOST_PARTS = 2
"""Parts between semicolons that one message of ours has at most."""
LONGEST = 4_000
"""Characters above which a message is left as it is: it is somebody else's."""


def worded(text: str, language: str) -> str:
    """Return a row's message in a language; what is not ours, such as the carrier's words, stays as it is.

    :param text: one or more messages with ``; `` between them, each with or without its column before it.
    :param language: ``cs`` or ``en``.
    """
    return _in_czech(text) if language == "cs" and text and len(text) <= LONGEST else text


@frozen
class _Phrase:
    english: str
    pattern: re.Pattern[str]
    czech: str

    @property
    def own_length(self) -> int:
        """How much of the phrase is its own: the longer, the surer it is the one that is meant."""
        return len(self.english.replace(HOLE, ""))

    def said_of(self, text: str) -> str | None:
        found = self.pattern.fullmatch(text)
        return self.czech.format(*(_phrase_of(part) or part for part in found.groups())) if found else None


@cache
def _phrases() -> tuple[dict[str, list[_Phrase]], list[_Phrase]]:
    """Return the phrases that a text may be by its first word, and those that it may be with any, the longest first."""
    by_word: dict[str, list[_Phrase]] = {}
    of_any: list[_Phrase] = []
    for english, czech in PHRASES.items():
        pattern = re.compile(ANYTHING.join(map(re.escape, english.split(HOLE))), re.DOTALL)
        first = english.partition(" ")[0]
        kept = of_any if HOLE in first else by_word.setdefault(first, [])
        kept.append(_Phrase(english, pattern, czech))
    for phrases in (*by_word.values(), of_any):
        phrases += of_any if phrases is not of_any else ()
        phrases.sort(key=lambda phrase: -phrase.own_length)
    return by_word, of_any


def _phrase_of(text: str) -> str | None:
    """Return one message in Czech; ``None`` where it is none of ours."""
    by_word, of_any = _phrases()
    phrases = by_word.get(text.partition(" ")[0], of_any)
    return next((said for phrase in phrases if (said := phrase.said_of(text)) is not None), None)


@lru_cache(maxsize=10_000)
def _in_czech(text: str) -> str:
    return BETWEEN.join(_parts_in_czech(text.split(BETWEEN)))


def _parts_in_czech(parts: list[str]) -> Iterator[str]:
    start = 0
    while start < len(parts):
        for end in range(min(start + MOST_PARTS, len(parts)), start, -1):
            if (said := _with_column(BETWEEN.join(parts[start:end]))) is not None:
                yield said
                start = end
                break
        else:
            yield parts[start]
            start += 1


def _with_column(text: str) -> str | None:
    if (said := _phrase_of(text)) is not None:
        return said
    column, colon, rest = text.partition(": ")
    said = _phrase_of(rest) if colon else None
    return None if said is None else f"{column}: {said}"
