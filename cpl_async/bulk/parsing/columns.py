"""The columns that a file may have, and the column of a problem's path."""

from __future__ import annotations

import re

__all__ = ["ADDRESS", "BILLING", "COLUMNS", "OURS", "PLAIN_COLUMNS", "REQUIRED", "column_of"]

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
    **{name: name for name in ("street2", "street3", "cod", "order_total", "amount_due", "amount_paid")},
    **{name: name for name in ("carrier", "payment")},
}
"""Column → path of its value in a shipment, or its own name if it only supplements another column."""
ADDRESS = (
    *("name", "first_name", "last_name", "company", "name2", "contact", "street", "street2", "street3"),
    *("house_number", "orientation_number", "city", "zip_code", "country", "phone", "email"),
)
"""Columns of an address, which a file may have twice: for the recipient, and for the customer who pays."""
BILLING = {column: f"billing_{column}" for column in ADDRESS}
"""Column of an address → the same of the customer who pays."""
PLAIN_COLUMNS = list(COLUMNS)
"""Columns of a table whose input does not name its own."""
COLUMNS |= {column: column for column in BILLING.values()}
REQUIRED = ("reference_id", "name", "street", "city", "zip_code", "country")
"""Columns that are required in a file, or others with the same meaning."""
OURS = ("error_code", "error")
"""Columns that this library writes and does not read."""
WHOLE = {"cash_on_delivery": "cod_price", "shipment_set": "parcels", "specific_delivery": "parcel_shop_code",
         "insurance": "insurance_price", "external_numbers": "reference_id", "recipient": "name"}  # fmt: skip
"""Column that represents a whole object of a shipment."""


def column_of(path: str) -> str:
    """Return the column of a problem's path, or the path itself if there is no such column.

    :param path: Path below the shipment, in attribute names: ``recipient.zip_code``.
    """
    for column, place in COLUMNS.items():
        if path == place or path.startswith((place + ".", place + "[")):
            return column
    return WHOLE.get(re.split(r"[.\[]", path, maxsplit=1)[0], path)
