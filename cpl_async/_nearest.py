"""Finds the name that somebody may have meant, for errors."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["nearest", "nearest_names"]


def nearest(name: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """Return the known name that is nearest to one that is not known; ``None`` where none is near.

    :param likeness: from 0 to 1, how like they must be; higher where the name may well be right as it stands.
    """
    import difflib  # for errors only

    return next(iter(difflib.get_close_matches(name, list(known), 1, likeness)), None)


def nearest_names(unknown: Iterable[str], known: Iterable[str], likeness: float = 0.6) -> str:
    """Return names that nobody knows, each with the known one that it may have meant."""
    known = list(known)
    found = ((name, nearest(name, known, likeness)) for name in sorted(unknown))
    return ", ".join(f"{name} (did you mean {near}?)" if near else name for name, near in found)
