"""Batches of shipments, their label settings and their import results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from attrs import Factory, define, evolve, field, frozen
from attrs.converters import optional

from ..messages import Message, message
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
CURRENCY = TextConstraint(3, 3, r"[A-Z]{3}", "kind.currency")
DIGITS = TextConstraint(10, 1, r"[0-9]+", "kind.digits")
WITH_COD = frozenset({"PRID", "BUSD", "SMAD", "COND", "SMED"})
WITHOUT_COD = {"PRIV": "PRID", "BUSS": "BUSD", "SMAR": "SMAD", "CONN": "COND", "SMEU": "SMED"}
PICKUP_POINT_PRODUCTS = frozenset({"SMAR", "SMAD", "SMEU", "SMED"})
MAX_PARCELS = 50


def _decimal(value: Decimal | int | str) -> Decimal:
    """Return an amount or weight as a Decimal; a value that is no number is returned unchanged for the check."""
    try:
        if isinstance(value, (Decimal, float, bool)) or "_" in str(value):
            return value  # type: ignore[return-value]  # the check before sending reports it
        return Decimal(value)
    except (ArithmeticError, TypeError, ValueError):
        return value  # type: ignore[return-value]  # the check before sending reports it


def _decimal_or_none(value: Decimal | int | str | None) -> Decimal | None:
    return None if value is None else _decimal(value)


@frozen(kw_only=True)
class ExternalNumber:
    """A number of the customer or a partner that the carrier stores with a shipment."""

    code: Annotated[str, TextConstraint(4, 1)]
    """``CUST`` is the reference of the customer, printed on the label; for other codes see the code lists."""
    external_number: Annotated[str, TextConstraint(100, 1)] = field(converter=normal_reference)
    """Number of 1–100 characters, stored in its normal form (see :func:`normal_reference`)."""

    def _rules(self) -> Iterator[tuple[str, Message]]:
        if has_control_characters(self.external_number):
            yield "external_number", message("field.control_character")


@frozen(kw_only=True)
class Insurance:
    """Insurance above the amount that is always covered."""

    insurance_price: Annotated[Decimal, MONEY] = field(converter=_decimal)
    """Amount in ``insurance_currency``, at least 0, at most 4 decimal places."""
    insurance_currency: Annotated[str, CURRENCY]
    """Currency code, ISO 4217."""


@frozen(kw_only=True)
class WeighedShipment:
    """Weight of one parcel."""

    weight: Annotated[Decimal | None, WEIGHT] = field(default=None, converter=_decimal_or_none)
    """Kilograms, at least 0, at most 2 decimal places."""


@frozen(kw_only=True)
class ShipmentSetItem:
    """One parcel of a shipment."""

    shipment_number: str | None = None
    """Number from a range reserved by the customer. Default: assigned by the carrier."""
    weighed_shipment_info: WeighedShipment | None = None
    external_numbers: Sequence[ExternalNumber] = ()
    insurance: Insurance | None = None


@frozen(kw_only=True)
class ShipmentSet:
    """The parcels of a shipment. Also holds the weight of a single parcel."""

    number_of_shipments: Annotated[int, NumberConstraint(ge=1, le=MAX_PARCELS)]
    """Number of parcels for one address, 1–50 (the vendor's documents differ: more than 20 may be rejected)."""
    shipment_set_items: Annotated[Sequence[ShipmentSetItem], ItemsConstraint(MAX_PARCELS)] = ()
    additionally_added: bool | None = None
    """Whether the shipment will be combined into a set later; known from older documentation only."""

    def _rules(self) -> Iterator[tuple[str, Message]]:
        if isinstance(self.number_of_shipments, int) and len(self.shipment_set_items) > self.number_of_shipments:
            yield (
                "shipment_set_items",
                message(
                    "shipment.too_many_items",
                    described=len(self.shipment_set_items),
                    parcels=self.number_of_shipments,
                ),
            )


@frozen(kw_only=True)
class CashOnDelivery:
    """Cash on delivery: money that the courier collects."""

    cod_price: Annotated[Decimal, MONEY] = field(converter=_decimal)
    """Amount in ``cod_currency``, at least 0; the code lists have the limits for each destination."""
    cod_currency: Annotated[str, CURRENCY]
    """Currency code, ISO 4217; by destination CZK, EUR, PLN, HUF or RON."""
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
    """Delivery date and time, and the pickup point."""

    specific_delivery_date: datetime | None = None
    specific_delivery_time_from: datetime | None = None
    specific_delivery_time_to: datetime | None = None
    specific_take_date: datetime | None = None
    parcel_shop_code: Annotated[str | None, TextConstraint(50)] = None
    """Code of the pickup point; required by the products SMAR, SMAD, SMEU and SMED."""


@frozen(kw_only=True)
class Service:
    """An additional service."""

    code: Annotated[str, TextConstraint(4, 1)]


@frozen(kw_only=True)
class DormantShipment:
    """A return shipment that stays inactive until the recipient sends the goods back."""

    shipment_number: str | None = None
    note: Annotated[str | None, TextConstraint(300)] = field(default=None, repr=False)
    recipient: Annotated[Address | None, BATCH_ADDRESS] = None
    external_numbers: Sequence[ExternalNumber] = ()
    services: Sequence[Service] = ()
    weighed_shipment_info: WeighedShipment | None = None


@frozen(kw_only=True)
class ShipmentRouting:
    """Routing set by the sender."""

    input_route_code: Annotated[str | None, TextConstraint(5, 5, r"[0-9]{5}", "kind.five_digits")] = None


@frozen(kw_only=True)
class DirectInjection:
    """Direct injection of an international shipment."""

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

    To look the shipment up later, give it an external number of code ``CUST`` equal to its reference
    (see :meth:`with_cust`): tracking does not show the reference otherwise.
    Source: the vendor's schema and documentation.
    """

    reference_id: Annotated[str, TextConstraint(128, 1)] = field(converter=normal_reference)
    """The caller's reference, 1–128 characters, unique in its batch. It is stored in its normal form: without invisible
    characters, with plain spaces, composed (NFC)."""
    product_type: Annotated[str, TextConstraint(4, 1)]
    """Product code, 1–4 characters, e.g. ``PRIV``; the code list is authoritative."""
    recipient: Annotated[Address, BATCH_ADDRESS]
    shipment_number: str | None = None
    """Number from a range reserved by the customer. Default: assigned by the carrier."""
    note: Annotated[str | None, TextConstraint(300)] = field(default=None, repr=False)
    """Note for the courier, at most 300 characters."""
    depot: Annotated[str | None, TextConstraint(2)] = None
    age_check: str | None = None
    integrator_id: Annotated[int | None, NumberConstraint(ge=1, le=2147483647)] = None
    shipment_set: ShipmentSet | None = None
    back_address: Annotated[Address | None, BATCH_ADDRESS] = None
    sender: Annotated[Address | None, BATCH_ADDRESS] = None
    """Sender. Default: the customer's default address."""
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
        """External number of code ``CUST``, used to look the shipment up, or ``None`` if there is no such number."""
        return next((number.external_number for number in self.external_numbers if number.code == "CUST"), None)

    def with_cust(self) -> Shipment:
        """Return this shipment with an external number of code ``CUST``; one that is missing is set to the reference.

        Tracking can then find out whether the shipment was created.
        """
        if self.cust is not None:
            return self
        number = ExternalNumber(code="CUST", external_number=self.reference_id)
        return evolve(self, external_numbers=[*self.external_numbers, number])

    def _rules(self) -> Iterator[tuple[str, Message]]:
        if has_control_characters(self.reference_id):
            yield "reference_id", message("field.control_character")
        if self.product_type in WITH_COD and self.cash_on_delivery is None:
            yield "cash_on_delivery", message("shipment.cash_missing", product=self.product_type)
        if self.product_type in WITHOUT_COD and self.cash_on_delivery is not None:
            with_cod = WITHOUT_COD[self.product_type]
            yield "product_type", message("shipment.product_without_cash", product=self.product_type, other=with_cod)
        shop = self.specific_delivery and self.specific_delivery.parcel_shop_code
        if self.product_type in PICKUP_POINT_PRODUCTS and not shop:
            yield (
                "specific_delivery.parcel_shop_code",
                message("shipment.point_missing", product=self.product_type),
            )
        codes = {number.code for number in self.external_numbers}
        if {"PRTE", "PRBC"} <= codes:
            yield "external_numbers", message("shipment.exclusive_numbers")


@frozen(kw_only=True)
class CompleteLabelSettings:
    """Layout of the combined label document of a batch."""

    is_complete_label_requested: bool = True
    page_size: PageSize | None = field(default=None, converter=optional(PageSize))
    position: Annotated[int | None, NumberConstraint(ge=1, le=4)] = None
    """Position of the first label on an A4 sheet, 1–4."""


@frozen(kw_only=True)
class LabelSettings:
    """Label settings of a batch."""

    format: LabelFormat = field(default=LabelFormat.PDF, converter=LabelFormat)
    """File format: ``Pdf``, ``Zpl``, ``Png``, ``Jpeg`` or ``Svg``. Default: ``Pdf``."""
    dpi: Annotated[int | None, NumberConstraint(ge=203, le=1200)] = None
    """Resolution in dots per inch, 203–1200."""
    complete_label_settings: CompleteLabelSettings | None = None


@frozen(kw_only=True)
class ReturnChannel:
    """Channel through which the carrier sends labels to the customer."""

    type: ReturnChannelType | None = None
    address: Annotated[str | None, TextConstraint(100)] = None


@frozen(kw_only=True)
class CreateShipmentBatch:
    """Request body of ``shipment_batches.create``."""

    shipments: Annotated[Sequence[Shipment], ItemsConstraint(1000, 1)]
    """1–1,000 shipments."""
    label_settings: LabelSettings | None = None
    return_channel: ReturnChannel | None = None
    shipments_order_by: str | None = None


@frozen(kw_only=True)
class UpdateShipmentBatch:
    """Request body of ``shipment_batches.update_labels``."""

    label_settings: LabelSettings
    return_channel: ReturnChannel | None = None


@frozen(kw_only=True)
class ConnectSet:
    """Request body of ``shipment_batches.connect_set``. Unsure: the names come from one independent client."""

    shipment_numbers: Annotated[Sequence[str], ItemsConstraint(MAX_PARCELS, 2)]
    """2–50 shipment numbers."""
    customer_id: Annotated[int | None, NumberConstraint(ge=-(2**63), le=2**63 - 1)] = None
    external_set_number: str | None = None


@define(kw_only=True)
class _ParcelResult(ImportedItem):
    """Common fields of the import results of a shipment and its child items."""

    shipment_number: str | None = None
    insurance_currency: str | None = None
    insurance_price: Decimal | None = None
    label_url: str | None = None


@define(kw_only=True)
class ShipmentResultChildItem(_ParcelResult):
    """Import result of a further parcel of a set, a document to return or a dormant shipment."""

    relation_type: RelationType | None = None


@define(kw_only=True)
class ShipmentResultItem(_ParcelResult):
    """Import result of one shipment."""

    reference_id: str | None = None
    related_items: list[ShipmentResultChildItem] = Factory(list)

    @property
    def settled(self) -> bool:
        """Whether the item and all its related items are ``Complete`` or ``Error``."""
        states = [self.import_state, *(related.import_state for related in self.related_items)]
        return all(state is not None and state.settled for state in states)


@define(kw_only=True)
class CompleteLabel:
    """URLs of the combined label document."""

    label_urls: list[str] = Factory(list)


@define(kw_only=True)
class ShipmentBatchResult:
    """Import results of a batch of shipments. The API reports a state for each item, not for the batch."""

    items: list[ShipmentResultItem] = Factory(list)
    """Results in a different order than in the request: match them by ``reference_id``."""
    complete_label: CompleteLabel | None = None

    @property
    def settled(self) -> bool:
        """Whether the import has ended: the batch has items, and each is ``Complete`` or ``Error``."""
        return bool(self.items) and all(item.settled for item in self.items)

    @property
    def by_reference(self) -> dict[str, ShipmentResultItem]:
        """Items by reference in normal form."""
        return {normal_reference(item.reference_id): item for item in self.items if item.reference_id is not None}

    @property
    def numbers(self) -> list[str]:
        """Sorted numbers of all created parcels, including those of sets."""
        parts = [part for item in self.items for part in (item, *item.related_items)]
        return sorted(part.shipment_number for part in parts if part.shipment_number is not None)

    @property
    def errors(self) -> dict[str, str]:
        """Error code and message of each shipment with a failed import of any of its parcels, by reference."""
        messages = {}
        for item in self.items:
            errors = [
                item.error,
                *(f"a further parcel: {related.error}" for related in item.related_items if related.error),
            ]
            if message := "; ".join(error for error in errors if error):
                messages[normal_reference(item.reference_id or "")] = message
        return messages
