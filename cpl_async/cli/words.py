"""Small words that people read."""

from __future__ import annotations

__all__ = ["counted", "plain"]


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: ``1 row``, ``2 rows``."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def plain(text: str) -> str:
    """Return a text of the server's without what would steer the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
