"""Constraints on field values, declared in ``Annotated`` types and checked before sending."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from attrs import field, frozen

from ..messages import Message, message

__all__ = ["ItemsConstraint", "NestedConstraint", "NumberConstraint", "TextConstraint"]


@frozen
class TextConstraint:
    """Length limits in characters and an optional pattern of a text."""

    max: int | None = None
    min: int = 0
    pattern: str | None = None
    kind: str = "kind.text"
    """Code of the message that describes the pattern."""
    _regex: re.Pattern[str] | None = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_regex", re.compile(self.pattern) if self.pattern else None)

    def violation(self, value: object) -> Message | None:
        """Return a message if the value violates the constraint, or ``None`` if it is valid."""
        if not isinstance(value, str):
            return message("field.wrong_kind", expected=message("kind.text"), actual=type(value).__name__)
        if len(value) < self.min:
            return message("field.too_short", minimum=self.min) if value else message("field.empty")
        if self.max is not None and len(value) > self.max:
            return message("field.too_long", length=len(value), maximum=self.max)
        if self._regex is not None and not self._regex.fullmatch(value):
            return message("field.wrong_value", expected=message(self.kind), value=value[:30])
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

    def violation(self, value: object) -> Message | None:
        """Return a message if the value violates the constraint, or ``None`` if it is valid."""
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
            kind = message("kind.number_or_decimal")
            return message("field.wrong_kind", expected=kind, actual=type(value).__name__)
        if isinstance(value, Decimal) and not value.is_finite():
            return message("field.wrong_kind", expected=message("kind.number"), actual=str(value))
        if self.ge is not None and value < self.ge:
            return message("field.too_small", value=str(value), minimum=self.ge)
        if self.le is not None and value > self.le:
            return message("field.too_large", value=str(value), maximum=self.le)
        if self.decimal_places is not None and isinstance(value, Decimal):
            _, digits, exponent = value.as_tuple()
            more = -exponent - self.decimal_places if isinstance(exponent, int) else 0
            if more > 0 and any(digits[-more:]):  # trailing zeros do not change the value
                return message("field.too_precise", maximum=self.decimal_places)
        if self.digits is not None and abs(value) >= 10**self.digits:
            return message("field.too_many_digits", maximum=self.digits)
        return None


@frozen
class ItemsConstraint:
    """Minimum and maximum number of list items."""

    max: int | None
    min: int = 0

    def violation(self, value: object) -> Message | None:
        """Return a message if the list violates the constraint, or ``None`` if it is valid."""
        count = len(value) if isinstance(value, (list, tuple)) else 0
        if count < self.min:
            return message("field.too_few_items", minimum=self.min)
        if self.max is not None and count > self.max:
            return message("field.too_many_items", count=count, maximum=self.max)
        return None


@frozen(eq=False)
class NestedConstraint:
    """Constraints on the fields of a nested object that depend on the field holding the object."""

    required: tuple[str, ...]
    texts: Mapping[str, TextConstraint]
