"""Constraints on field values, declared in ``Annotated`` types and checked before sending."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from attrs import field, frozen

__all__ = ["ItemsConstraint", "NestedConstraint", "NumberConstraint", "TextConstraint"]


@frozen
class TextConstraint:
    """Length limits in characters and an optional pattern of a text."""

    max: int | None = None
    min: int = 0
    pattern: str | None = None
    description: str = ""
    """Human-readable description of the pattern."""
    _regex: re.Pattern[str] | None = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_regex", re.compile(self.pattern) if self.pattern else None)

    def violation(self, value: object) -> str | None:
        """Return a message if the value violates the constraint, or ``None`` if it is valid."""
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
    """Range and precision of a number.

    The API documents precision as ``12.4``: 12 digits before the decimal point and 4 decimal places.
    """

    ge: int | None = None
    le: int | None = None
    digits: int | None = None
    decimal_places: int | None = None

    def violation(self, value: object) -> str | None:
        """Return a message if the value violates the constraint, or ``None`` if it is valid."""
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
            if more > 0 and any(digits[-more:]):  # trailing zeros do not change the value
                return f"has more than the {self.decimal_places} decimal places that are allowed"
        if self.digits is not None and abs(value) >= 10**self.digits:
            return f"is too large, at most {self.digits} digits stand before the decimal point"
        return None


@frozen
class ItemsConstraint:
    """Minimum and maximum number of list items."""

    max: int | None
    min: int = 0

    def violation(self, value: object) -> str | None:
        """Return a message if the list violates the constraint, or ``None`` if it is valid."""
        count = len(value) if isinstance(value, (list, tuple)) else 0
        if count < self.min:
            return f"needs at least {self.min}"
        if self.max is not None and count > self.max:
            return f"has {count} items, at most {self.max} are allowed"
        return None


@frozen(eq=False)
class NestedConstraint:
    """Constraints on the fields of a nested object that depend on the field holding the object."""

    required: tuple[str, ...]
    texts: Mapping[str, TextConstraint]
