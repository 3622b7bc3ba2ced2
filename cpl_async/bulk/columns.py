"""Turns a row's columns into a shipment, and a problem's path back into its column."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from attrs import frozen

from ..models.addresses import Address
from ..models.checking import problems_of
from ..models.shipment_batches import (
    WITH_COD,
    CashOnDelivery,
    ExternalNumber,
    Insurance,
    Shipment,
    ShipmentSet,
    ShipmentSetItem,
    SpecificDelivery,
    WeighedShipment,
)

__all__ = ["COLUMNS", "OURS", "REQUIRED", "RowProblem", "column_of", "shipment_from"]

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
}
"""Column → where its value stands in a shipment."""
REQUIRED = ("reference_id", "product_type", "name", "street", "city", "zip_code", "country")
"""Columns that a file must have."""
NEVER_EMPTY = ("reference_id", "product_type", "name", "city", "zip_code", "country")
OURS = ("error",)
"""Columns that we write ourselves and do not read."""
LONGEST_ASKABLE = 100
"""A longer reference does not fit into ``CUST``, so nobody could ask whether it was created."""
NUMBER = re.compile(r"-?[0-9]{1,15}([.,][0-9]{1,10})?")
THOUSANDS = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+")
PHONE = re.compile(r"\+?[0-9][0-9 ()/.-]{4,}")
EMAIL = re.compile(r"[^\s@,;]+@[^\s@,;]+")
WHOLE = {"cash_on_delivery": "cod_price", "shipment_set": "parcels", "specific_delivery": "parcel_shop_code",
         "insurance": "insurance_price", "external_numbers": "reference_id", "recipient": "name"}  # fmt: skip
"""Column that stands for a whole part of a shipment."""


@frozen(kw_only=True)
class RowProblem:
    """One thing that is wrong with a row."""

    column: str
    """Empty where the whole row is meant."""
    message: str

    def __str__(self) -> str:
        return f"{self.column}: {self.message}" if self.column else self.message

    @classmethod
    def from_text(cls, text: str) -> RowProblem:
        """Return the problem that a row's message in the journal tells, as ``str`` wrote it."""
        column, _, words = text.partition(": ")
        return cls(column=column, message=words) if column in COLUMNS else cls(column="", message=text)


def column_of(path: str) -> str:
    """Return the column that a problem's path belongs to; the path itself where there is none.

    :param path: below the shipment, in attribute names: ``recipient.zip_code``.
    """
    for column, place in COLUMNS.items():
        if path == place or path.startswith((place + ".", place + "[")):
            return column
    return WHOLE.get(re.split(r"[.\[]", path, maxsplit=1)[0], path)


def shipment_from(values: Mapping[str, str], sender: Address | None) -> tuple[Shipment | None, list[RowProblem]]:
    """Return the shipment that a row describes, or everything that is wrong with the row.

    :param values: column → text.
    :param sender: the sender of all rows; ``None`` for the customer's own address.
    """
    problems = list(_odd_texts(values))
    numbers = {name: _number(values, name, problems) for name in ("cod_price", "weight_kg", "insurance_price")}
    parcels = _whole(values, "parcels", problems)
    shipment = _build(values, sender, numbers, parcels)
    named = {problem.column for problem in problems}
    if shipment.product_type in WITH_COD and shipment.cash_on_delivery is None:
        for column in ("cod_price", "cod_currency", "cod_var_sym"):
            problems.append(RowProblem(column=column, message=f"is empty, product {shipment.product_type} needs it"))
            named.add(column)
    for problem in problems_of(shipment):
        column = column_of(problem.path)
        if column not in named:
            problems.append(RowProblem(column=column, message=problem.message))
            named.add(column)
    return (None if problems else shipment), problems


def _odd_texts(values: Mapping[str, str]) -> list[RowProblem]:
    """Find what no code of the API would find: empty columns, formulas, what is no telephone number or e-mail."""
    problems: list[RowProblem] = []
    for column in COLUMNS:
        value = values.get(column, "")
        if not value:
            if column in NEVER_EMPTY:
                problems.append(RowProblem(column=column, message="is empty"))
        elif value.startswith("="):
            problems.append(
                RowProblem(column=column, message=f"begins like a formula of a spreadsheet: {value[:20]!r}")
            )
        elif column == "phone" and not PHONE.fullmatch(value):
            problems.append(RowProblem(column=column, message=f"is no telephone number: {value[:30]!r}"))
        elif column == "email" and not EMAIL.fullmatch(value):
            problems.append(RowProblem(column=column, message=f"is no e-mail address: {value[:50]!r}"))
        elif not value.isprintable():
            problems.append(RowProblem(column=column, message="holds a line break or a control character"))
    if len(values.get("reference_id", "")) > LONGEST_ASKABLE:
        message = f"has {len(values['reference_id'])} characters; over {LONGEST_ASKABLE} it could not be asked after"
        problems.append(RowProblem(column="reference_id", message=message))
    return problems


def _number(values: Mapping[str, str], column: str, problems: list[RowProblem]) -> Decimal | None:
    text = values.get(column, "")
    if not text:
        return None
    if not NUMBER.fullmatch(text):
        if not text.startswith("="):
            problems.append(
                RowProblem(
                    column=column,
                    message=f"is no number, or one that is too long: {text[:30]!r} (1249.50 is a good one)",
                )
            )
        return None
    if THOUSANDS.fullmatch(text):
        message = f"{text!r} can be read in two ways: write {text.replace(',', '')} or {text.replace(',', '.')}"
        problems.append(RowProblem(column=column, message=message))
        return None
    number = Decimal(text.replace(",", "."))
    if number < 0:
        problems.append(RowProblem(column=column, message=f"is {text}, and must not be negative"))
        return None
    return number


def _whole(values: Mapping[str, str], column: str, problems: list[RowProblem]) -> int:
    text = values.get(column, "") or "1"
    if re.fullmatch(r"\d{1,9}", text):
        return int(text)
    if not text.startswith("="):
        problems.append(RowProblem(column=column, message=f"is no whole number: {text[:30]!r}"))
    return 1


def _build(
    values: Mapping[str, str], sender: Address | None, numbers: Mapping[str, Decimal | None], parcels: int
) -> Shipment:
    def text(column: str) -> str | None:
        return values.get(column) or None

    reference = values.get("reference_id", "")
    cash = insurance = None
    if any(values.get(column) for column in ("cod_price", "cod_currency", "cod_var_sym")):
        cash = CashOnDelivery(
            cod_price=numbers["cod_price"],  # type: ignore[arg-type]  # a missing price is for the check to name
            cod_currency=values.get("cod_currency", ""),
            cod_var_sym=values.get("cod_var_sym", ""),
        )
    if any(values.get(column) for column in ("insurance_price", "insurance_currency")):
        insurance = Insurance(
            insurance_price=numbers["insurance_price"],  # type: ignore[arg-type]  # as above
            insurance_currency=values.get("insurance_currency", ""),
        )
    point = text("parcel_shop_code")
    return Shipment(
        reference_id=reference,
        product_type=values.get("product_type", ""),
        note=text("note"),
        sender=sender,
        recipient=Address(
            name=text("name"),
            street=text("street"),
            city=text("city"),
            zip_code=text("zip_code"),
            country=text("country"),
            phone=text("phone"),
            email=text("email"),
        ),
        shipment_set=_set(parcels, numbers["weight_kg"]),
        specific_delivery=SpecificDelivery(parcel_shop_code=point) if point else None,
        cash_on_delivery=cash,
        insurance=insurance,
        external_numbers=[ExternalNumber(code="CUST", external_number=reference)],
    )


def _set(parcels: int, weight: Decimal | None) -> ShipmentSet | None:
    """Return the parcels with the weight of each, which the API wants for a single one too."""
    if weight is None:
        return ShipmentSet(number_of_shipments=parcels) if parcels != 1 else None
    item = ShipmentSetItem(weighed_shipment_info=WeighedShipment(weight=weight))
    return ShipmentSet(number_of_shipments=parcels, shipment_set_items=[item] * min(parcels, 50))
