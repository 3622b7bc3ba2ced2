"""Code lists of the sandbox: the known values of the carrier's lists, completed with made-up ones."""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any

from attrs import frozen

from .data_files import load_json

__all__ = ["Code", "CodeLists", "PriceLimit", "code_lists"]


@frozen(kw_only=True)
class Code:
    """A code with its name in both languages."""

    code: str = ""
    """Empty for a validation message."""
    czech: str
    english: str
    flag: bool = True
    """Whether a customer may set the code; for a country, whether cash on delivery is available there."""


@frozen(kw_only=True)
class PriceLimit:
    """Allowed range of an amount of money."""

    currency: str
    minimum: int
    maximum: int


@frozen(kw_only=True)
class CodeLists:
    """All code lists and price limits of the sandbox."""

    age_checks: tuple[Code, ...]
    products: tuple[Code, ...]
    external_numbers: tuple[Code, ...]
    countries: tuple[Code, ...]
    currencies: tuple[Code, ...]
    services: tuple[Code, ...]
    shipment_phases: tuple[Code, ...]
    statuses: tuple[Code, ...]
    identity_documents: tuple[Code, ...]
    document_types: tuple[Code, ...]
    validation_messages: tuple[Code, ...]
    cash_limits: dict[str, PriceLimit]
    """Limits of cash on delivery, by country code."""
    insurance_limits: dict[str, PriceLimit]
    """Limits of the insured value, by currency code."""
    cash_products: frozenset[str]
    """Codes of products that require cash on delivery."""
    pickup_point_products: frozenset[str]
    """Codes of products that are delivered to a pickup point."""

    @cached_property
    def product_codes(self) -> frozenset[str]:
        """Codes of all products."""
        return _settable(self.products)

    @cached_property
    def external_number_codes(self) -> frozenset[str]:
        """Codes of external numbers that a customer may set."""
        return _settable(self.external_numbers)

    @cached_property
    def service_codes(self) -> frozenset[str]:
        """Codes of services that a customer may set."""
        return _settable(self.services)

    @cached_property
    def age_check_codes(self) -> frozenset[str]:
        """Codes of age checks."""
        return _settable(self.age_checks)

    @cached_property
    def currency_codes(self) -> frozenset[str]:
        """Codes of currencies."""
        return _settable(self.currencies)

    @cached_property
    def country_codes(self) -> frozenset[str]:
        """Codes of all countries, with cash on delivery or without."""
        return frozenset(country.code for country in self.countries)

    @cached_property
    def document_codes(self) -> frozenset[str]:
        """Codes of document types."""
        return _settable(self.document_types)

    @cached_property
    def status_names(self) -> dict[str, tuple[str, str]]:
        """Czech and English name of each status, by its code."""
        return {status.code: (status.czech, status.english) for status in self.statuses}


@cache
def code_lists() -> CodeLists:
    """Return the code lists of ``data/codes.json``."""
    fields: dict[str, Any] = {}
    for name, content in load_json("codes.json").items():
        if name.endswith("_limits"):
            fields[name] = {key: PriceLimit(**limit) for key, limit in content.items()}
        elif name.endswith("_products"):
            fields[name] = frozenset(content)
        else:
            fields[name] = tuple(Code(**entry) for entry in content)
    return CodeLists(**fields)


def _settable(codes: tuple[Code, ...]) -> frozenset[str]:
    return frozenset(code.code for code in codes if code.flag)
