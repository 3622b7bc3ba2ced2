"""The parser that builds a shipment from the texts of a row, and collects all of their problems."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from attrs import define, field

from ...messages import Message, message
from ...models.addresses import Address
from ...models.products import DOMESTIC_PRODUCTS
from ...models.references import displayable_reference, normal_reference
from ...models.shipment_batches import (
    PICKUP_POINT_PRODUCTS,
    WITH_COD,
    WITHOUT_COD,
    CashOnDelivery,
    ExternalNumber,
    Insurance,
    Service,
    Shipment,
    ShipmentSet,
    ShipmentSetItem,
    SpecificDelivery,
    WeighedShipment,
)
from ...models.validation import problems_of
from .ambiguous_value import AmbiguousValue, without_damage
from .column_mapping import PLAIN, FileSchema, ShippingRule
from .columns import BILLING, COLUMNS, OURS, REQUIRED, column_of
from .country import country_code, derived_country
from .currency import CURRENCY_OF, HOME
from .dates import delivery_day
from .hazards import Subject, problem_of, subjects_of
from .names import address_lines, house_number, recipient_names
from .numbers import parcel_count, weight
from .payment import (
    Price,
    amount_to_collect,
    collected,
    currency,
    in_whole_cents,
    is_paid_on_delivery,
    price,
    variable_symbol,
)
from .phone import telephone
from .postcode import postcode
from .product import carried_by, product_code, product_of
from .services import age_code, service_codes
from .text import answer, fold
from .whitespace import normalize_whitespace

__all__ = ["COLUMNS", "OURS", "REQUIRED", "column_of", "reference_in", "shipment_from"]

MAX_CUST_LENGTH = 100
"""A longer reference does not fit into ``CUST``, so the shipment could not be searched for."""
UNREADABLE = ShippingRule()
KEPT_AS_TEXT = re.compile(r'="([^"]*)"')
"""Notation in which CSV for a spreadsheet preserves leading zeros: ``="01234"``."""
FORMULA = re.compile(r"=+[\w\"'($@+-]")
FORMULA_ERROR = re.compile(r"#(?:N/?[AV]|[^\W\d][^\s#]{1,20}[!?])|Err:[0-9]{3}")
"""Error of a formula in a spreadsheet of any language: ``#N/A``, ``#REF!``, ``#HODNOTA!``."""
MISSING = frozenset(
    ("NaN", "nan", "NAN", "NaT", "nat", "NULL", "null", "Null", "None", "none", "NONE", "<NA>", "undefined", "\\N")
)
"""Texts that programs write for a missing value."""
NAME_AND_ADDRESS = frozenset(
    ("name", "first_name", "last_name", "street", "house_number", "city", "zip_code", "country", "reference_id")
)
"""Columns in which a missing value is a problem and not only an empty cell."""
LINE_BREAKS = re.compile(r"\s*[\r\n\t]+\s*")
NOTHING = frozenset(
    ("neuvedeno", "neuveden", "neuvedena", "nema", "neni", "nezadano", "nevyplneno", "none", "null", "na")
)
"""Texts that mean that there is no telephone number or email address."""
BILLING_COLUMNS = frozenset(BILLING.values())
DELIVERED_TO = ("name", "first_name", "last_name", "company", "street", "street2", "city", "zip_code", "house_number")
"""Columns of which a delivery address has at least one."""
REACHED_BY = frozenset(("phone", "email"))
HOUSE_NUMBERS = ("house_number", "orientation_number")
Read = TypeVar("Read")


def shipment_from(
    values: Mapping[str, str],
    sender: Address | None,
    terms: FileSchema = PLAIN,
    further: Sequence[tuple[str, str]] = (),
) -> tuple[Shipment | None, list[Message]]:
    """Return the shipment of a row, or all problems of the row.

    :param values: Column → text.
    :param sender: Sender of all rows, or ``None`` for the customer's own address.
    :param terms: Meaning of the names and texts of the file. Default: :data:`PLAIN`.
    :param further: Heading and text of cells in further lines of the order that are not read. Default: none.
    """
    row = _RowParser(terms, further=further)
    row.load(values)
    shipment = row.shipment(sender)
    for problem in problems_of(shipment):
        row.add_problem(column_of(problem.path), problem.detail)
    return (None if row.problems else shipment), row.problems


def reference_in(values: Mapping[str, str], terms: FileSchema = PLAIN) -> str:
    """Return the reference of a row in its normal form, also of a row that cannot be shipped.

    :param values: Column → text.
    :param terms: Meaning of the names and texts of the file. Default: :data:`PLAIN`.
    """
    text = normal_reference(values.get("reference_id", ""))
    if quoted := KEPT_AS_TEXT.fullmatch(text):
        text = normal_reference(quoted[1])
    if not text:
        text = normal_reference(terms.names.defaults.get("reference_id", ""))
    return displayable_reference(text)


@define
class _RowParser:
    """The texts of one row, and their problems, one for each column."""

    terms: FileSchema
    values: dict[str, str] = field(factory=dict)
    further: Sequence[tuple[str, str]] = ()
    unread: dict[str, str] = field(factory=dict)
    """Heading → text of the cells in other columns."""
    problems: list[Message] = field(factory=list)
    named: set[str] = field(factory=set)

    def add_problem(self, column: str, problem: Message) -> None:
        if column not in self.named:
            self.named.add(column)
            self.problems.append(problem.of(column))

    def read(self, column: str, how: Callable[..., Read], *texts: Any) -> Read | None:
        """Return the result of a parser, or ``None`` and add a problem of the column."""
        try:
            return how(*texts)
        except AmbiguousValue as error:
            self.add_problem(column, error.message)
            return None

    def load(self, values: Mapping[str, str]) -> None:
        """Store the texts; texts that no cell may hold are reported and left out."""
        ignored = self.terms.ignored
        if self.terms.has_billing:
            values = one_address(values)
        for column, text in values.items():
            if text:
                if text in MISSING:
                    if column in NAME_AND_ADDRESS:
                        self.add_problem(column, message("cell.no_value", text=text))
                elif column in COLUMNS:
                    self.values[column] = text
                elif column not in ignored and column not in OURS:
                    self.unread[column] = text
        together = "".join(self.values.values())
        if (
            "=" in together or "#" in together or "Err:" in together or not together.isprintable()
        ):  # rare, so all texts are checked at once
            self._leave_out_odd_texts()
        names = self.terms.names
        for column, text in names.defaults.items():
            if not self.values.get(column):
                self.values[column] = text
        if names.derives_country and not self.values.get("country"):
            get = self.values.get
            if country := derived_country(get("cod_currency", ""), get("zip_code", ""), get("phone", "")):
                self.values["country"] = country

    def _leave_out_odd_texts(self) -> None:
        found, self.values = self.values, {}
        for column, text in found.items():
            if not text.isprintable():
                text = normalize_whitespace(LINE_BREAKS.sub(" ", text) if column == "note" else text)
                if not text.isprintable():
                    self.add_problem(column, message("cell.line_break"))
                    continue
            if quoted := KEPT_AS_TEXT.fullmatch(text):
                text = quoted[1]
            elif FORMULA_ERROR.fullmatch(text):
                self.add_problem(column, message("cell.formula_error", text=text))
                continue
            elif FORMULA.match(text):
                self.add_problem(column, message("cell.formula", text=text[:20]))
                continue
            if text:
                self.values[column] = text

    def shipment(self, sender: Address | None) -> Shipment:
        text = self.values.get
        reference = self._reference()
        recipient = self._recipient()
        country = recipient.country or ""
        collects = self._collects()
        product = self._product(country, collects)
        cash = self._cash(reference, country) if collects else None
        if product in WITH_COD and cash is None and "cod_price" not in self.named and collects is not None:
            self.add_problem("cod_price", message("cell.empty_for_product", product=product))
        self._check_unread(collects)
        return Shipment(
            reference_id=reference,
            product_type=product,
            note=text("note"),
            sender=sender,
            recipient=recipient,
            age_check=self.read("age_check", age_code, age) if (age := text("age_check")) else None,
            shipment_set=self._set(),
            specific_delivery=self._delivery(),
            cash_on_delivery=cash,
            insurance=self._insurance(country),
            external_numbers=[ExternalNumber(code="CUST", external_number=reference)],
            services=self._services(),
        )

    def _check_unread(self, collects: bool | None) -> None:
        """Add a problem for each cell that is not read and names what the row would go without."""
        cells = [*self.unread.items(), *self.further]
        if note := self.values.get("note"):
            cells.append(("note", note))
        found = list(subjects_of(cells)) if cells else []
        if not found:
            return
        text, settled = self.values.get, set[Subject]()
        if collects is not False:
            settled.add(Subject.CASH_ON_DELIVERY)
        if (
            text("parcel_shop_code")
            or text("product_type") in PICKUP_POINT_PRODUCTS
            or "parcel_shop_code" in self.named
        ):
            settled.add(Subject.PICKUP_POINT)
        if text("insurance_price"):
            settled.add(Subject.INSURANCE)
        if text("parcels"):
            settled.add(Subject.PARCELS)
        if text("age_check"):
            settled.add(Subject.AGE_CHECK)
        for column, cell, subject in found:
            if subject not in settled:
                self.add_problem(column, problem_of(subject, cell))

    def _reference(self) -> str:
        reference = reference_in(self.values, self.terms)
        if not reference:
            self.add_problem("reference_id", message("cell.empty"))
        elif len(reference) > MAX_CUST_LENGTH:
            problem = message("reference.too_long", length=len(reference), maximum=MAX_CUST_LENGTH)
            self.add_problem("reference_id", problem)
        return self.read("reference_id", without_damage, reference) or reference

    def _recipient(self) -> Address:
        text = self.values.get
        name, contact = recipient_names(self.values)
        street, extra = address_lines(self.values)
        country = self.read("country", country_code, text("country", ""))
        city, code, phone, email = (
            text("city"),
            text("zip_code"),
            self._unless_none("phone"),
            self._unless_none("email"),
        )
        if not (name and city and code and text("country")):
            for column, value in {"name": name, "city": city, "zip_code": code, "country": text("country")}.items():
                if not value:
                    self.add_problem(column, message("cell.empty"))
        for column in HOUSE_NUMBERS:
            if number := text(column):
                self.read(column, house_number, number)
        if email and not _is_address(email):
            self.add_problem("email", message("email.invalid", text=email[:50]))
        return Address(
            name=name or None,
            name2=", ".join(filter(None, (text("name2"), extra))) or None,
            street=street or None,
            city=city,
            zip_code=self.read("zip_code", postcode, code, country or "") if code else None,
            country=country or None,
            contact=contact or None,
            phone=self.read("phone", telephone, phone, country or "") if phone else None,
            email=email,
        )

    def _unless_none(self, column: str) -> str | None:
        """Return the text of a column, or ``None`` for a word that means that there is no value."""
        text = self.values.get(column)
        if text is None or "@" in text or text[-1:].isdigit():  # nearly all: no further check is needed
            return text
        return None if fold(text) in NOTHING or answer(text) is False else text

    def _collects(self) -> bool | None:
        """Return whether the row has cash on delivery, or ``None`` if that is not certain."""
        text = self.values.get
        try:
            paid = is_paid_on_delivery(text("payment", ""), self.terms.names) if text("payment") else None
        except AmbiguousValue as error:
            if not (text("cod") or text("cod_price") or text("product_type")):
                self.add_problem("payment", error.message)
                return None
            paid = None
        try:
            return bool(collected(self.values, paid))
        except AmbiguousValue as error:
            self.add_problem("cod" if text("cod") else "cod_price", error.message)
            return None

    def _product(self, country: str, collects: bool | None) -> str:
        """Return the product of the row's own column, or the matching one."""
        text = self.values.get("product_type")
        if not text:
            return self._chosen(country, collects)
        product = self.read("product_type", product_code, text)
        if product is not None and product != text:  # a name says only for whom a parcel is
            if product in DOMESTIC_PRODUCTS and country not in ("", HOME):
                product = self._chosen(country, collects)
            elif collects:
                product = WITHOUT_COD.get(product, product)
        self.values["product_type"] = product or ""
        return product or "PRIV"

    def _chosen(self, country: str, collects: bool | None) -> str:
        """Return the matching product, or any product if the row is rejected anyway."""
        carrier = self.read("carrier", carried_by, self.values.get("carrier", ""), self.terms.names)
        chosen = self.read(
            "parcel_shop_code",
            lambda: product_of(self.values, country, carrier or UNREADABLE, collects=bool(collects)),
        )
        return chosen or "PRIV"

    def _cash(self, reference: str, country: str) -> CashOnDelivery | None:
        found = None
        for column in ("cod_price", "cod", "order_total"):
            found = self.read(column, amount_to_collect if column == "order_total" else price, self.values, column)
            if found is not None or column in self.named:
                break
        told = self.values.get("cod_currency", "")
        if found is None:
            if not self.named & {"cod_price", "cod", "order_total"}:
                self.add_problem("cod_price", message("payment.amount_missing"))
            unit = self.read("cod_currency", currency, told, found, country, self.terms) if told else None
        else:
            unit = self.read("cod_currency", currency, told, found, country, self.terms)
        symbol = self.read("cod_var_sym", variable_symbol, self.values.get("cod_var_sym", ""), reference)
        return CashOnDelivery(
            cod_price=self._cents(found, unit) if found is not None else Decimal(0),
            cod_currency=unit or "CZK",
            cod_var_sym=symbol or "1",
        )

    def _insurance(self, country: str) -> Insurance | None:
        text, told = self.values.get("insurance_price", ""), self.values.get("insurance_currency", "")
        if not (text or told) or answer(text) is False:
            return None
        found = self.read("insurance_price", price, self.values, "insurance_price")
        if found is None:
            problem = message("insurance.amount_missing", text=text[:30]) if text else message("cell.empty")
            self.add_problem("insurance_price", problem)
        unit = told or (found.unit or self.terms.currencies.get("insurance_price", "") if found else "")
        if not unit and found is not None and not found.number:
            return None
        if not unit and country == HOME:
            unit = CURRENCY_OF[HOME]
        if not unit:
            self.add_problem("insurance_currency", message("cell.empty"))
        code = self.read("insurance_currency", currency, unit, found, country, self.terms) if unit else None
        amount = self._cents(found, code) if found else Decimal(0)
        return Insurance(insurance_price=amount, insurance_currency=code or "CZK")

    def _cents(self, price: Price, unit: str | None) -> Decimal:
        """Return an amount in whole cents, or zero and add a problem."""
        return self.read(price.column, in_whole_cents, price, unit or "CZK") or Decimal(0)

    def _delivery(self) -> SpecificDelivery | None:
        point, day = self.values.get("parcel_shop_code"), self.values.get("delivery_date")
        on: datetime | None = self.read("delivery_date", delivery_day, day) if day else None
        return SpecificDelivery(parcel_shop_code=point, specific_delivery_date=on) if point or on else None

    def _services(self) -> Sequence[Service]:
        codes = self.values.get("services")
        return [Service(code=code) for code in self.read("services", service_codes, codes) or ()] if codes else ()

    def _set(self) -> ShipmentSet | None:
        """Return the parcels with the weight of each, which the API requires for a single one too."""
        told, heavy = self.values.get("parcels"), self.values.get("weight_kg")
        parcels = (self.read("parcels", parcel_count, told) if told else 1) or (0 if told == "0" else 1)
        if not heavy:
            return ShipmentSet(number_of_shipments=parcels) if parcels != 1 else None
        per_kilogram = self.terms.per_kilogram
        each = self.read("weight_kg", lambda: weight(heavy, per_kilogram=per_kilogram))
        item = ShipmentSetItem(weighed_shipment_info=WeighedShipment(weight=each))
        return ShipmentSet(number_of_shipments=parcels, shipment_set_items=[item] * min(parcels, 50))


def one_address(values: Mapping[str, str]) -> dict[str, str]:
    """Return the cells of a row with one address: the recipient's, or the customer's as a whole if that is empty.

    The two are never mixed. Only a telephone number or an email address that the recipient does not have is the
    customer's.
    """
    has_own = any(values.get(column) for column in DELIVERED_TO)
    found = {column: text for column, text in values.items() if column not in BILLING and column not in BILLING_COLUMNS}
    for column, of_customer in BILLING.items():
        own, customers = values.get(column, ""), values.get(of_customer, "")
        if not has_own:
            own = customers or own
        elif column in REACHED_BY:
            own = own or customers
        if own:
            found[column] = own
    return found


def _is_address(text: str) -> bool:
    name, at, host = text.partition("@")
    return bool(name and at and host) and not any(mark in text for mark in " ,;") and "@" not in host
