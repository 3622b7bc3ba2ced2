"""The meaning of the names and texts of one file: its headings, their units, and the shop's own names."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve, field, frozen

__all__ = ["PLAIN", "STANDS_FOR", "FileSchema", "ItemLines", "ShippingRule", "ShopMapping"]

STANDS_FOR: dict[str, tuple[str, ...]] = {
    "cod_price": ("cod", "amount_due", "order_total", "payment"),
    "cod": ("cod_price",),
    "name": ("company", "last_name", "first_name"),
    "street": ("house_number", "street2"),
    "order_total": ("amount_due",),
}
"""Column → columns with the same meaning, so that a problem names a column that the file has."""


@frozen(kw_only=True)
class ShippingRule:
    """The shipping of the shop's own name for a carrier or a payment."""

    product: str | None = None
    """Product code, or ``None`` if the name does not determine it."""
    pickup_point: bool | None = None
    """Whether it goes to a pickup point, or ``None`` if the name does not determine it."""
    cash_on_delivery: bool | None = None
    """Whether it is cash on delivery, or ``None`` if the name does not determine it."""


@frozen(kw_only=True)
class ItemLines:
    """The lines of an order that are its carrier and its payment, known by the code of the item."""

    code: str
    """Heading of the item's code."""
    name: str
    """Heading of the item's name, which is the name of the carrier or of the payment."""
    carrier: str
    """Beginning of the codes of carriers."""
    payment: str
    """Beginning of the codes of payments."""


@frozen(kw_only=True)
class ShopMapping:
    """The shop's own names for columns, carriers and payments, and the defaults of all its rows."""

    columns: Mapping[str, str] = field(factory=dict)
    """Folded heading → column, empty for a column that should be ignored."""
    headings: tuple[str, ...] = ()
    """The same headings as they are written."""
    carriers: Mapping[str, ShippingRule] = field(factory=dict)
    """Name of a carrier → rule; payments have the same form. The names are those in the mapping file."""
    payments: Mapping[str, ShippingRule] = field(factory=dict)
    defaults: Mapping[str, str] = field(factory=dict)
    """Column → text of rows that have none."""
    values: Mapping[str, Mapping[str, str]] = field(factory=dict)
    """Folded heading → text of a cell → the text that is read instead of it."""
    items: ItemLines | None = None
    """The lines of an order that hold its carrier and its payment, or ``None``."""
    heading_row: int | None = None
    """Row of the heading, from 1, or ``None`` if it is recognized."""
    footer: tuple[str, ...] = ()
    """Texts in rows below the data that have other columns."""
    derives_country: bool = False
    """Whether a row without a country has the one that postcode, currency and telephone number show."""
    mark: bytes = b""
    """Digest of the names."""

    def over(self, other: ShopMapping) -> ShopMapping:
        """Return this mapping, completed by another one."""
        return evolve(
            self,
            columns={**other.columns, **self.columns},
            carriers={**other.carriers, **self.carriers},
            payments={**other.payments, **self.payments},
            defaults={**other.defaults, **self.defaults},
            values={**other.values, **self.values},
            items=self.items or other.items,
            heading_row=self.heading_row or other.heading_row,
            footer=self.footer or other.footer,
            derives_country=self.derives_country or other.derives_country,
        )


@frozen(kw_only=True)
class FileSchema:
    """The meaning of the names and texts of one file."""

    headings: dict[str, str] = field(factory=dict)
    """Column → its name in the file."""
    names: ShopMapping = field(factory=ShopMapping)
    has_billing: bool = False
    """Whether the file has an address of the customer beside that of the recipient."""
    ignored: frozenset[str] = frozenset()
    """Headings that the shop's mapping declares as not read."""
    currencies: dict[str, str] = field(factory=dict)
    """Column → currency in its heading."""
    per_kilogram: int = 1
    """1000 if the column of weights is in grams, else 1."""

    def heading(self, column: str) -> str:
        """Return the file's name of a column, or of a column with the same meaning."""
        for name in (column, *STANDS_FOR.get(column, ()), f"billing_{column}"):
            if name in self.headings:
                return self.headings[name]
        return column


PLAIN = FileSchema()
"""Schema of a file with this library's column names and the documented texts."""
