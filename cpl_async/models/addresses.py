"""The one address that the API has in nine places; what each place requires stands beside the field there."""

from __future__ import annotations

from attrs import field, frozen

from .constraints import NestedConstraint, TextConstraint

__all__ = ["BATCH_ADDRESS", "ORDER_ADDRESS", "Address"]


@frozen(kw_only=True)
class Address:
    """A person or a company, and where they are.

    Lengths depend on the place: in a shipment a name has at most 50 characters, in an order 250.
    The repr shows the country only, since the rest is personal. Source: the vendor's schema.
    """

    name: str | None = field(default=None, repr=False)
    """Name or company."""
    name2: str | None = field(default=None, repr=False)
    """Second line of the name."""
    street: str | None = field(default=None, repr=False)
    """Street with house number, at most 60 characters."""
    city: str | None = field(default=None, repr=False)
    """At most 50 characters."""
    zip_code: str | None = field(default=None, repr=False)
    """Postcode, 1–10 characters; required wherever an address is sent."""
    country: str | None = None
    """Two letters, ISO 3166-1; required wherever an address is sent."""
    contact: str | None = field(default=None, repr=False)
    """Contact person, at most 50 characters."""
    phone: str | None = field(default=None, repr=False)
    """At most 30 characters, best with the country's code."""
    email: str | None = field(default=None, repr=False)
    """At most 50 characters in a shipment, 100 in an order."""


COUNTRY = TextConstraint(2, 2, r"[A-Z]{2}", "a country code of two capital letters")
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
"""In a shipment."""
ORDER_ADDRESS = NestedConstraint(
    required=("zip_code", "country"),
    texts={
        **BATCH_ADDRESS.texts,
        "name": TextConstraint(250),
        "name2": TextConstraint(250),
        "email": TextConstraint(100),
    },
)
"""In an order."""
