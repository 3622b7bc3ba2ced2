"""Address suggestions for autocompletion."""

from __future__ import annotations

from attrs import define

from .items import Item

__all__ = ["AddressWhisp"]


@define(kw_only=True)
class AddressWhisp(Item):
    """A suggested address. Source: the vendor's schema."""

    city: str | None = None
    place: str | None = None
    """District of the town."""
    street: str | None = None
    house_number: str | None = None
    reference_number: str | None = None
    """Street number, after the slash."""
    reference_number_char: str | None = None
    evidence_number: bool | None = None
    """Whether the number is an evidence number, used for buildings without a house number."""
    zip_code: str | None = None
    adm_code: str | None = None
    """Code of the address in the national register."""
    valid: bool | None = None
    full_street: str | None = None
    """Street with all its numbers, as printed on a label."""
