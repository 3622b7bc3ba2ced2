"""Postal addresses and their constraints, which depend on the field that holds the address."""

from __future__ import annotations

from attrs import field, frozen

from .constraints import NestedConstraint, TextConstraint

__all__ = ["BATCH_ADDRESS", "ORDER_ADDRESS", "Address"]


@frozen(kw_only=True)
class Address:
    """Name, postal address and contact of a person or a company.

    Maximum lengths depend on the field: in a shipment a name has at most 50 characters, in an order 250.
    The repr shows the country only, because the other fields are personal data. Source: the vendor's schema.
    """

    name: str | None = field(default=None, repr=False)
    """Name of the person or company, at most 50 characters in a shipment, 250 in an order."""
    name2: str | None = field(default=None, repr=False)
    """Second line of the name, with the limits of ``name``."""
    street: str | None = field(default=None, repr=False)
    """Street with house number, at most 60 characters."""
    city: str | None = field(default=None, repr=False)
    """City, at most 50 characters."""
    zip_code: str | None = field(default=None, repr=False)
    """Postcode, 1–10 characters; required in every address that is sent."""
    country: str | None = None
    """Country code, ISO 3166-1 alpha-2; required in every address that is sent."""
    contact: str | None = field(default=None, repr=False)
    """Contact person, at most 50 characters."""
    phone: str | None = field(default=None, repr=False)
    """Phone number, at most 30 characters, preferably with the country calling code."""
    email: str | None = field(default=None, repr=False)
    """Email address, at most 50 characters in a shipment, 100 in an order."""


COUNTRY = TextConstraint(2, 2, r"[A-Z]{2}", "kind.country")
BATCH_ADDRESS = NestedConstraint(
    required=("zip_code", "country"),
    texts={
        "name": TextConstraint(50),
        "name2": TextConstraint(50),
        "street": TextConstraint(60),
        "city": TextConstraint(50),
        "zip_code": TextConstraint(10, 1),
        "country": COUNTRY,
        "contact": TextConstraint(50),
        "phone": TextConstraint(30),
        "email": TextConstraint(50),
    },
)
"""Constraints of an address in a shipment."""
ORDER_ADDRESS = NestedConstraint(
    required=("zip_code", "country"),
    texts={
        **BATCH_ADDRESS.texts,
        "name": TextConstraint(250),
        "name2": TextConstraint(250),
        "email": TextConstraint(100),
    },
)
"""Constraints of an address in an order."""
