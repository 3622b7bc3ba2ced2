"""Entries of the API's code lists."""

from __future__ import annotations

from decimal import Decimal

from attrs import define

from .items import Item

__all__ = [
    "CodelistEntry",
    "Country",
    "ExternalNumberType",
    "ServicePriceLimit",
    "ServiceType",
    "ValidationMessage",
]


@define(kw_only=True)
class CodelistEntry(Item):
    """A code and its name in the language asked for: products, currencies, phases, states, documents, age checks."""

    code: str | None = None
    name: str | None = None


@define(kw_only=True)
class Country(CodelistEntry):
    """A country of destination."""

    cash_on_delivery: bool | None = None
    """Whether the courier may collect money there."""


@define(kw_only=True)
class ExternalNumberType(CodelistEntry):
    """A kind of external number, e.g. ``CUST``."""

    allow_input: bool | None = None
    """Whether a customer may set it."""


@define(kw_only=True)
class ServiceType(CodelistEntry):
    """An additional service."""

    allow_input: bool | None = None
    """Whether a customer may ask for it."""


@define(kw_only=True)
class ServicePriceLimit(Item):
    """Least and most value of a service, e.g. of cash on delivery (``COD``) or insurance (``INSR``)."""

    service: str | None = None
    currency: str | None = None
    country: str | None = None
    product: str | None = None
    min_price: Decimal | None = None
    """Least amount in ``currency``."""
    max_price: Decimal | None = None
    """Most, in ``currency``."""


@define(kw_only=True)
class ValidationMessage(Item):
    """A text that a refusal or an import error may carry."""

    message: str | None = None
