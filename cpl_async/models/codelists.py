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
    """A code with its name in the language of the call: product, currency, phase, status, document or age check."""

    code: str | None = None
    name: str | None = None


@define(kw_only=True)
class Country(CodelistEntry):
    """A destination country."""

    cash_on_delivery: bool | None = None
    """Whether cash on delivery is available in the country."""


@define(kw_only=True)
class ExternalNumberType(CodelistEntry):
    """A type of external number, e.g. ``CUST``."""

    allow_input: bool | None = None
    """Whether a customer may set numbers of this type."""


@define(kw_only=True)
class ServiceType(CodelistEntry):
    """An additional service."""

    allow_input: bool | None = None
    """Whether a customer may order the service."""


@define(kw_only=True)
class ServicePriceLimit(Item):
    """Minimum and maximum amount of a service, e.g. cash on delivery (``COD``) or insurance (``INSR``)."""

    service: str | None = None
    currency: str | None = None
    country: str | None = None
    product: str | None = None
    min_price: Decimal | None = None
    """Minimum amount in ``currency``."""
    max_price: Decimal | None = None
    """Maximum amount in ``currency``."""


@define(kw_only=True)
class ValidationMessage(Item):
    """A message that a rejected request or an import error may contain."""

    message: str | None = None
