"""What the names and words of one file mean: its headings, their units, and the shop's own names."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

__all__ = ["PLAIN", "STANDS_FOR", "FileSchema", "ShippingRule", "ShopMapping"]

STANDS_FOR: dict[str, tuple[str, ...]] = {
    "cod_price": ("cod", "order_total", "payment"),
    "cod": ("cod_price",),
    "name": ("company", "last_name", "first_name"),
    "street": ("house_number",),
}
"""Column → those that may say the same, so that a problem is named by a column that the file has."""


@frozen(kw_only=True)
class ShippingRule:
    """How the shop's own name for a carrier or a payment ships."""

    product: str | None = None
    """Product code."""
    pickup_point: bool | None = None
    """Whether it goes to a pickup point."""
    cash_on_delivery: bool | None = None
    """Whether the courier collects money."""


@frozen(kw_only=True)
class ShopMapping:
    """The shop's own names for columns, carriers and payments, and what is true of all its rows."""

    columns: Mapping[str, str] = field(factory=dict)
    """Heading, squeezed → column, empty where it is not to be read."""
    headings: tuple[str, ...] = ()
    """The same headings as they are written."""
    carriers: Mapping[str, ShippingRule] = field(factory=dict)
    """Name → way; so are payments. The names are as in the file of names."""
    payments: Mapping[str, ShippingRule] = field(factory=dict)
    defaults: Mapping[str, str] = field(factory=dict)
    """Column → text where a row has none."""
    mark: bytes = b""
    """What the names are known by."""


@frozen(kw_only=True)
class FileSchema:
    """What the names and words of one file mean."""

    headings: dict[str, str] = field(factory=dict)
    """Column → the name that the file gives it."""
    names: ShopMapping = field(factory=ShopMapping)
    currencies: dict[str, str] = field(factory=dict)
    """Column → the currency that its heading names."""
    per_kilogram: int = 1
    """1000 where the column of weights is in grams."""

    def heading(self, column: str) -> str:
        """Return the name that the file gives a column, or the one that stands for it."""
        for name in (column, *STANDS_FOR.get(column, ())):
            if name in self.headings:
                return self.headings[name]
        return column


PLAIN = FileSchema()
"""Columns have our own names, and words are as documented."""
