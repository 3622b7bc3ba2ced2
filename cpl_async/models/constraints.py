"""What a value may look like: words put beside a field's type, read by the check before sending."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from attrs import field, frozen

__all__ = ["ItemsConstraint", "NestedConstraint", "NumberConstraint", "TextConstraint"]


@frozen
class TextConstraint:
    """Bounds of a text, in characters."""

    max: int | None = None
    min: int = 0
    pattern: str | None = None
    description: str = ""
    """What the pattern asks for, for people."""
    _regex: re.Pattern[str] | None = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_regex", re.compile(self.pattern) if self.pattern else None)

    def violation(self, value: object) -> str | None:
        """Return what is wrong with the value, or ``None``."""
        if not isinstance(value, str):
            return f"must be text, not {type(value).__name__}"
        if len(value) < self.min:
            return f"needs at least {self.min} characters" if value else "must not be empty"
        if self.max is not None and len(value) > self.max:
            return f"has {len(value)} characters, at most {self.max} are allowed"
        if self._regex is not None and not self._regex.fullmatch(value):
            return f"must be {self.description}, not {value[:30]!r}"
        return None


@frozen
class NumberConstraint:
    """Bounds of a number; ``digits`` and ``places`` as the API documents them (``12.4``: 12 and 4)."""

    ge: int | None = None
    le: int | None = None
    digits: int | None = None
    decimal_places: int | None = None

    def violation(self, value: object) -> str | None:
        """Return what is wrong with the value, or ``None``."""
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
            return f"must be a whole number or a Decimal, not {type(value).__name__}"
        if isinstance(value, Decimal) and not value.is_finite():
            return f"must be a number, not {value}"
        if self.ge is not None and value < self.ge:
            return f"is {value}, at least {self.ge} is needed"
        if self.le is not None and value > self.le:
            return f"is {value}, at most {self.le} is allowed"
        if self.decimal_places is not None and isinstance(value, Decimal):
            _, digits, exponent = value.as_tuple()
            more = -exponent - self.decimal_places if isinstance(exponent, int) else 0
            if more > 0 and any(digits[-more:]):  # zeros at the end do no harm
                return f"has more than the {self.decimal_places} decimal places that are allowed"
        if self.digits is not None and abs(value) >= 10**self.digits:
            return f"is too large, at most {self.digits} digits stand before the decimal point"
        return None


@frozen
class ItemsConstraint:
    """How many items a list may have."""

    max: int | None
    min: int = 0

    def violation(self, value: object) -> str | None:
        """Return what is wrong with the list, or ``None``."""
        count = len(value) if isinstance(value, (list, tuple)) else 0
        if count < self.min:
            return f"needs at least {self.min}"
        if self.max is not None and count > self.max:
            return f"has {count} items, at most {self.max} are allowed"
        return None


@frozen(eq=False)
class NestedConstraint:
    """Bounds for the fields of a nested object, where they depend on the place it stands in."""

    required: tuple[str, ...]
    texts: Mapping[str, TextConstraint]
