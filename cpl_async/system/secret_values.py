"""Values that are hidden when printed, logged or shown among the locals of a traceback."""

from __future__ import annotations

import hashlib

__all__ = ["HIDDEN", "HiddenText", "Secret"]

HIDDEN = "***"


class Secret:
    """A secret that is only shown by :meth:`reveal`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself."""
        return self._value

    def digest(self) -> str:
        """Return a short keyless digest that distinguishes two secrets and reveals neither."""
        return hashlib.sha256(b"cpl-sdk\0" + self._value.encode()).hexdigest()[:16]

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


class HiddenText(str):
    """Text for a header: the HTTP library writes it unchanged, and its repr hides it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(HIDDEN)
