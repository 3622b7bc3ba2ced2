"""Knows the columns that a file may have, and turns a problem's path back into its column."""

from __future__ import annotations

import re

from attrs import frozen

from .column_mapping import PLAIN, FileSchema

__all__ = ["COLUMNS", "OURS", "REQUIRED", "RowProblem", "column_of", "in_headings"]

COLUMNS = {
    "reference_id": "reference_id",
    "product_type": "product_type",
    "name": "recipient.name",
    "street": "recipient.street",
    "city": "recipient.city",
    "zip_code": "recipient.zip_code",
    "country": "recipient.country",
    "phone": "recipient.phone",
    "email": "recipient.email",
    "cod_price": "cash_on_delivery.cod_price",
    "cod_currency": "cash_on_delivery.cod_currency",
    "cod_var_sym": "cash_on_delivery.cod_var_sym",
    "parcels": "shipment_set.number_of_shipments",
    "weight_kg": "shipment_set.shipment_set_items",
    "parcel_shop_code": "specific_delivery.parcel_shop_code",
    "insurance_price": "insurance.insurance_price",
    "insurance_currency": "insurance.insurance_currency",
    "note": "note",
    "name2": "recipient.name2",
    "contact": "recipient.contact",
    "delivery_date": "specific_delivery.specific_delivery_date",
    "services": "services",
    "age_check": "age_check",
    **{name: name for name in ("company", "first_name", "last_name", "house_number", "orientation_number")},
    **{name: name for name in ("cod", "order_total", "carrier", "payment")},
}
"""Column → where its value stands in a shipment; its own name where it only adds to another column."""
REQUIRED = ("reference_id", "name", "street", "city", "zip_code", "country")
"""Columns that a file must have, or one that stands for them."""
OURS = ("error",)
"""Columns that we write ourselves and do not read."""
WHOLE = {"cash_on_delivery": "cod_price", "shipment_set": "parcels", "specific_delivery": "parcel_shop_code",
         "insurance": "insurance_price", "external_numbers": "reference_id", "recipient": "name"}  # fmt: skip
"""Column that stands for a whole part of a shipment."""


@frozen(kw_only=True)
class RowProblem:
    """One thing that is wrong with a row."""

    column: str
    """Empty where the whole row is meant."""
    message: str
    heading: str = ""
    """What the file calls the column, where that is another name."""

    def __str__(self) -> str:
        return f"{self.named}: {self.message}" if self.named else self.message

    @property
    def named(self) -> str:
        """The column as the file names it."""
        return self.heading or self.column

    @classmethod
    def from_text(cls, text: str, terms: FileSchema = PLAIN) -> RowProblem:
        """Return the problem that a row's message in the journal tells, as ``str`` wrote it.

        :param terms: what the file calls its columns.
        """
        name, _, words = text.partition(": ")
        ours = {heading: column for column, heading in terms.headings.items() if column in COLUMNS}
        column = ours.get(name, name)
        if column not in COLUMNS:
            return cls(column="", message=text)
        return cls(column=column, message=words, heading=terms.heading(column) if terms.headings else "")


def column_of(path: str) -> str:
    """Return the column that a problem's path belongs to; the path itself where there is none.

    :param path: below the shipment, in attribute names: ``recipient.zip_code``.
    """
    for column, place in COLUMNS.items():
        if path == place or path.startswith((place + ".", place + "[")):
            return column
    return WHOLE.get(re.split(r"[.\[]", path, maxsplit=1)[0], path)


def in_headings(text: str, terms: FileSchema) -> str:
    """Return all problems of a row's message in the journal, with columns as the file names them."""
    return "; ".join(str(RowProblem.from_text(part, terms)) for part in text.split("; "))
