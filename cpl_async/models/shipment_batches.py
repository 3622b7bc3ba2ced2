"""What is sent to create shipments and change their labels, and the state of a batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from attrs import Factory, define, evolve, field, frozen
from attrs.converters import optional

from .addresses import BATCH_ADDRESS, COUNTRY, Address
from .codes import LabelFormat, PageSize, RelationType, ReturnChannelType
from .constraints import ItemsConstraint, NumberConstraint, TextConstraint
from .items import ImportedItem
from .references import has_control_characters, normal_reference

__all__ = [
    "CashOnDelivery",
    "CompleteLabel",
    "CompleteLabelSettings",
    "ConnectSet",
    "CreateShipmentBatch",
    "DirectInjection",
    "DormantShipment",
    "ExternalNumber",
    "Insurance",
    "LabelService",
    "LabelSettings",
    "ReturnChannel",
    "Service",
    "Shipment",
    "ShipmentBatchResult",
    "ShipmentResultChildItem",
    "ShipmentResultItem",
    "ShipmentRouting",
    "ShipmentSet",
    "ShipmentSetItem",
    "SpecificDelivery",
    "UpdateShipmentBatch",
    "WeighedShipment",
]

MONEY = NumberConstraint(ge=0, digits=12, decimal_places=4)
WEIGHT = NumberConstraint(ge=0, digits=9, decimal_places=2)
CURRENCY = TextConstraint(3, 3, r"[A-Z]{3}", "a currency code of three capital letters")
DIGITS = TextConstraint(10, 1, r"[0-9]+", "digits only")
WITH_COD = frozenset({"PRID", "BUSD", "SMAD", "COND", "SMED"})
WITHOUT_COD = {"PRIV": "PRID", "BUSS": "BUSD", "SMAR": "SMAD", "CONN": "COND", "SMEU": "SMED"}
PICKUP_POINT_PRODUCTS = frozenset({"SMAR", "SMAD", "SMEU", "SMED"})
MAX_PARCELS = 50


def _decimal(value: Decimal | int | str) -> Decimal:
    """Take money and weight as text too; what is no number is left for the check to name."""
    try:
        if isinstance(value, (Decimal, float, bool)) or "_" in str(value):
            return value  # type: ignore[return-value]  # the check before sending says what is wrong with it
        return Decimal(value)
    except (ArithmeticError, TypeError, ValueError):
        return value  # type: ignore[return-value]  # the check before sending says what is wrong with it


def _decimal_or_none(value: Decimal | int | str | None) -> Decimal | None:
    return None if value is None else _decimal(value)


@frozen(kw_only=True)
class ExternalNumber:
    """A number of the caller's or a partner's that the carrier keeps with a shipment."""

    code: Annotated[str, TextConstraint(4, 1)]
    """``CUST`` is the customer's own reference, printed on the label; ``ESPN``, ``PRTE``, ``PRBC``: see code lists."""
    external_number: Annotated[str, TextConstraint(100, 1)] = field(converter=normal_reference)
    """The number, 1–100 characters, in its normal form (see :func:`normal_reference`)."""

    def _rules(self) -> Iterator[tuple[str, str]]:
        if has_control_characters(self.external_number):
            yield "external_number", "holds a control character or a line break"


@frozen(kw_only=True)
class Insurance:
    """Insurance over the amount that is covered anyway."""

    insurance_price: Annotated[Decimal, MONEY] = field(converter=_decimal)
    """Amount in ``insurance_currency``, at least 0, at most 4 decimal places."""
    insurance_currency: Annotated[str, CURRENCY]
    """ISO 4217, three letters."""


@frozen(kw_only=True)
class WeighedShipment:
    """Weight of one parcel."""

    weight: Annotated[Decimal | None, WEIGHT] = field(default=None, converter=_decimal_or_none)
    """Kilograms, at least 0, at most 2 decimal places."""


@frozen(kw_only=True)
class ShipmentSetItem:
    """One parcel of a shipment."""

    shipment_number: str | None = None
    """Number from a series reserved by the customer; else the carrier gives one."""
    weighed_shipment_info: WeighedShipment | None = None
    external_numbers: Sequence[ExternalNumber] = ()
    insurance: Insurance | None = None


@frozen(kw_only=True)
class ShipmentSet:
    """The parcels of a shipment; also the place of the weight of a single one."""

    number_of_shipments: Annotated[int, NumberConstraint(ge=1, le=MAX_PARCELS)]
    """1–50 parcels for one address (the vendor's texts differ: over 20 may be refused)."""
    shipment_set_items: Annotated[Sequence[ShipmentSetItem], ItemsConstraint(MAX_PARCELS)] = ()
    additionally_added: bool | None = None
    """Marks a shipment that will be combined later; known from older documentation only."""

    def _rules(self) -> Iterator[tuple[str, str]]:
        if isinstance(self.number_of_shipments, int) and len(self.shipment_set_items) > self.number_of_shipments:
            yield (
                "shipment_set_items",
                f"describes {len(self.shipment_set_items)} parcels of {self.number_of_shipments}",
            )


@frozen(kw_only=True)
class CashOnDelivery:
    """Money that the courier collects."""

    cod_price: Annotated[Decimal, MONEY] = field(converter=_decimal)
    """Amount in ``cod_currency``, at least 0; the bounds of the destination come from the code lists."""
    cod_currency: Annotated[str, CURRENCY]
    """ISO 4217, by destination: CZK, EUR, PLN, HUF, RON."""
    cod_var_sym: Annotated[str, DIGITS]
    """Variable symbol, 1–10 digits."""
    iban: Annotated[str | None, TextConstraint(50)] = field(default=None, repr=False)
    swift: Annotated[str | None, TextConstraint(50)] = field(default=None, repr=False)
    spec_symbol: Annotated[str | None, TextConstraint(6)] = None
    account: Annotated[str | None, TextConstraint(10)] = field(default=None, repr=False)
    account_pre: Annotated[str | None, TextConstraint(10)] = field(default=None, repr=False)
    bank_code: Annotated[str | None, TextConstraint(4)] = None


@frozen(kw_only=True)
class SpecificDelivery:
    """Wishes about the delivery, and the pickup point."""

    specific_delivery_date: datetime | None = None
    specific_delivery_time_from: datetime | None = None
    specific_delivery_time_to: datetime | None = None
    specific_take_date: datetime | None = None
    parcel_shop_code: Annotated[str | None, TextConstraint(50)] = None
    """Code of the pickup point, for the products that need one (SMAR, SMAD, SMEU, SMED)."""


@frozen(kw_only=True)
class Service:
    """An additional service."""

    code: Annotated[str, TextConstraint(4, 1)]


@frozen(kw_only=True)
class DormantShipment:
    """A shipment that sleeps until the customer sends the goods back."""

    shipment_number: str | None = None
    note: Annotated[str | None, TextConstraint(300)] = field(default=None, repr=False)
    recipient: Annotated[Address | None, BATCH_ADDRESS] = None
    external_numbers: Sequence[ExternalNumber] = ()
    services: Sequence[Service] = ()
    weighed_shipment_info: WeighedShipment | None = None


@frozen(kw_only=True)
class ShipmentRouting:
    """Routing given by the sender."""

    input_route_code: Annotated[str | None, TextConstraint(5, 5, r"[0-9]{5}", "five digits")] = None


@frozen(kw_only=True)
class DirectInjection:
    """Direct injection of an international parcel."""

    direct_addressing: bool | None = None
    gateway_zip_code: Annotated[str | None, TextConstraint(10, 1)] = None
    gateway_city: Annotated[str | None, TextConstraint(35, 1)] = None
    country: Annotated[str | None, COUNTRY] = None


@frozen(kw_only=True)
class LabelService:
    """Whether the label is printed by the carrier."""

    labelless: bool | None = None


@frozen(kw_only=True)
class Shipment:
    """A shipment to create: one recipient, one or more parcels.

    To be able to ask whether it was created, give it an external number of code ``CUST`` equal to its
    reference (see :meth:`with_cust`): the API shows no reference otherwise.
    Source: the vendor's schema and documentation.
    """

    reference_id: Annotated[str, TextConstraint(128, 1)] = field(converter=normal_reference)
    """The caller's reference, 1–128 characters, unique in its batch, in its normal form: without invisible characters,
    with plain spaces, composed (NFC)."""
    product_type: Annotated[str, TextConstraint(4, 1)]
    """Product code of up to 4 characters, e.g. ``PRIV``; the code list is the truth."""
    recipient: Annotated[Address, BATCH_ADDRESS]
    shipment_number: str | None = None
    """Number from a series reserved by the customer; else the carrier gives one."""
    note: Annotated[str | None, TextConstraint(300)] = field(default=None, repr=False)
    """At most 300 characters."""
    depot: Annotated[str | None, TextConstraint(2)] = None
    age_check: str | None = None
    integrator_id: Annotated[int | None, NumberConstraint(ge=1, le=2147483647)] = None
    shipment_set: ShipmentSet | None = None
    back_address: Annotated[Address | None, BATCH_ADDRESS] = None
    sender: Annotated[Address | None, BATCH_ADDRESS] = None
    """Left out, the API takes the customer's own address."""
    sender_mask: Annotated[Address | None, BATCH_ADDRESS] = None
    specific_delivery: SpecificDelivery | None = None
    cash_on_delivery: CashOnDelivery | None = None
    insurance: Insurance | None = None
    external_numbers: Sequence[ExternalNumber] = ()
    services: Sequence[Service] = ()
    dormant: DormantShipment | None = None
    shipment_routing: ShipmentRouting | None = None
    direct_injection: DirectInjection | None = None
    label_service: LabelService | None = None

    @property
    def parcels(self) -> int:
        """Number of parcels."""
        return self.shipment_set.number_of_shipments if self.shipment_set else 1

    @property
    def cust(self) -> str | None:
        """The external number of code ``CUST``, by which the shipment can be asked after."""
        return next((number.external_number for number in self.external_numbers if number.code == "CUST"), None)

    def with_cust(self) -> Shipment:
        """Return this shipment with an external number of code ``CUST`` equal to its reference, unless it has one.

        By it the carrier can be asked afterwards whether the shipment was created.
        """
        if self.cust is not None:
            return self
        number = ExternalNumber(code="CUST", external_number=self.reference_id)
        return evolve(self, external_numbers=[*self.external_numbers, number])

    def _rules(self) -> Iterator[tuple[str, str]]:
        if has_control_characters(self.reference_id):
            yield "reference_id", "holds a control character or a line break"
        if self.product_type in WITH_COD and self.cash_on_delivery is None:
            yield "cash_on_delivery", f"is missing, product {self.product_type} collects money"
        if self.product_type in WITHOUT_COD and self.cash_on_delivery is not None:
            with_cod = WITHOUT_COD[self.product_type]
            yield "product_type", f"{self.product_type} collects no money, {with_cod} does"
        shop = self.specific_delivery and self.specific_delivery.parcel_shop_code
        if self.product_type in PICKUP_POINT_PRODUCTS and not shop:
            yield (
                "specific_delivery.parcel_shop_code",
                f"is missing, product {self.product_type} goes to a pickup point",
            )
        codes = {number.code for number in self.external_numbers}
        if {"PRTE", "PRBC"} <= codes:
            yield "external_numbers", "PRTE and PRBC exclude each other"


@frozen(kw_only=True)
class CompleteLabelSettings:
    """How the joint label document of a batch is laid out."""

    is_complete_label_requested: bool = True
    page_size: PageSize | None = field(default=None, converter=optional(PageSize))
    position: Annotated[int | None, NumberConstraint(ge=1, le=4)] = None
    """Place of the first label on an A4 sheet, 1–4."""


@frozen(kw_only=True)
class LabelSettings:
    """Format of the labels of a batch."""

    format: LabelFormat = field(default=LabelFormat.PDF, converter=LabelFormat)
    """``Pdf``, ``Zpl``, ``Png``, ``Jpeg`` or ``Svg``."""
    dpi: Annotated[int | None, NumberConstraint(ge=203, le=1200)] = None
    """Dots per inch, 203–1200."""
    complete_label_settings: CompleteLabelSettings | None = None


@frozen(kw_only=True)
class ReturnChannel:
    """Where the carrier sends the labels by itself."""

    type: ReturnChannelType | None = None
    address: Annotated[str | None, TextConstraint(100)] = None


@frozen(kw_only=True)
class CreateShipmentBatch:
    """The body of ``shipment_batches.create``."""

    shipments: Annotated[Sequence[Shipment], ItemsConstraint(1000, 1)]
    """1–1,000 shipments."""
    label_settings: LabelSettings | None = None
    return_channel: ReturnChannel | None = None
    shipments_order_by: str | None = None


@frozen(kw_only=True)
class UpdateShipmentBatch:
    """The body of ``shipment_batches.update_labels``."""

    label_settings: LabelSettings
    return_channel: ReturnChannel | None = None


@frozen(kw_only=True)
class ConnectSet:
    """The body of ``shipment_batches.connect_set``. Unsure: its names come from one independent client."""

    shipment_numbers: Annotated[Sequence[str], ItemsConstraint(MAX_PARCELS, 2)]
    """2–50 numbers."""
    customer_id: Annotated[int | None, NumberConstraint(ge=-(2**63), le=2**63 - 1)] = None
    external_set_number: str | None = None


@define(kw_only=True)
class _ParcelResult(ImportedItem):
    """What the states of a shipment and of what belongs to it have in common."""

    shipment_number: str | None = None
    insurance_currency: str | None = None
    insurance_price: Decimal | None = None
    label_url: str | None = None


@define(kw_only=True)
class ShipmentResultChildItem(_ParcelResult):
    """A further parcel of a set, a document to return or a dormant shipment, with a state of its own."""

    relation_type: RelationType | None = None


@define(kw_only=True)
class ShipmentResultItem(_ParcelResult):
    """The state of one shipment of a batch."""

    reference_id: str | None = None
    related_items: list[ShipmentResultChildItem] = Factory(list)

    @property
    def settled(self) -> bool:
        """Whether this item and everything that belongs to it is ``Complete`` or ``Error``."""
        states = [self.import_state, *(related.import_state for related in self.related_items)]
        return all(state is not None and state.settled for state in states)


@define(kw_only=True)
class CompleteLabel:
    """Addresses of the joint label document's pages."""

    label_urls: list[str] = Factory(list)


@define(kw_only=True)
class ShipmentBatchResult:
    """The state of a batch: there is none of the whole, only one of each item."""

    items: list[ShipmentResultItem] = Factory(list)
    """In an order unlike the request's: match by ``reference_id``."""
    complete_label: CompleteLabel | None = None

    @property
    def settled(self) -> bool:
        """Whether the batch is done: it has items, and each is ``Complete`` or ``Error``."""
        return bool(self.items) and all(item.settled for item in self.items)

    @property
    def by_reference(self) -> dict[str, ShipmentResultItem]:
        """Items by their reference in its normal form."""
        return {normal_reference(item.reference_id): item for item in self.items if item.reference_id is not None}

    @property
    def numbers(self) -> list[str]:
        """Numbers of all parcels that were created, those of sets too, in order."""
        parts = [part for item in self.items for part in (item, *item.related_items)]
        return sorted(part.shipment_number for part in parts if part.shipment_number is not None)

    @property
    def errors(self) -> dict[str, str]:
        """Code and message of each shipment that failed at import, or a parcel of which did, by its reference."""
        found = {}
        for item in self.items:
            errors = [
                item.error,
                *(f"a further parcel: {related.error}" for related in item.related_items if related.error),
            ]
            if words := "; ".join(error for error in errors if error):
                found[normal_reference(item.reference_id or "")] = words
        return found
