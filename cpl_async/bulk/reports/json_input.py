"""The JSON input of a report, whose errors are one line each."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TypeVar

from cattrs import BaseValidationError, Converter, transform_error

__all__ = ["structured"]

T = TypeVar("T")


def structured(text: str, kind: type[T]) -> T:
    """Return the data of a class from JSON.

    :raises ValueError: It is not JSON, or a value is missing, unknown or of the wrong kind.
    """
    try:
        return CONVERTER.structure(json.loads(text), kind)
    except BaseValidationError as error:
        raise ValueError(f"{kind.__name__}: {'; '.join(transform_error(error))}") from None


def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True)
    converter.register_structure_hook(Decimal, lambda value, _: Decimal(str(value)))
    return converter


CONVERTER = _converter()
