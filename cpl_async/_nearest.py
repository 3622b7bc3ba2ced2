"""Suggestions for misspelled names in error messages."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["nearest", "nearest_names"]


def nearest(name: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """Return the known name that is most similar to an unknown one, or ``None`` if no name is similar.

    :param name: Unknown name.
    :param known: Known names.
    :param likeness: Minimum similarity from 0 to 1; higher if the unknown name may be correct. Default: 0.6.
    """
    import difflib  # imported late: only errors need it

    return next(iter(difflib.get_close_matches(name, list(known), 1, likeness)), None)


def nearest_names(unknown: Iterable[str], known: Iterable[str], likeness: float = 0.6) -> str:
    """Return unknown names as text, each with the most similar known name.

    :param unknown: Unknown names.
    :param known: Known names.
    :param likeness: Minimum similarity from 0 to 1. Default: 0.6.
    """
    known = list(known)
    pairs = ((name, nearest(name, known, likeness)) for name in sorted(unknown))
    return ", ".join(f"{name} (did you mean {near}?)" if near else name for name, near in pairs)
