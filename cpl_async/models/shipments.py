"""A shipment as tracking shows it, and what can be added to it."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal
from typing import Annotated
from urllib.parse import quote

from attrs import Factory, define, field, frozen

from .addresses import Address
from .constraints import TextConstraint
from .items import Item

__all__ = [
    "RedirectRecipientAddress",
    "RedirectShipmentEvent",
    "StateChange",
    "TrackAndTrace",
    "TrackedAccessPoint",
    "TrackedBackShipment",
    "TrackedDelivery",
    "TrackedDormantShipment",
    "TrackedExternalNumber",
    "TrackedParameter",
    "TrackedPayment",
    "TrackedService",
    "TrackedSet",
    "TrackedShipment",
    "TrackedSpecificDelivery",
    "TrackedWeight",
    "Tracking",
    "TrackingEvent",
    "tracking_link",
]

TRACKING_PAGES = {
    "cs": "https://www.ppl.cz/vyhledat-zasilku?shipmentId={}",
    "en": "https://www.ppl.cz/en/track-a-shipment?shipmentId={}",
}
"""Pages of the carrier's site (source: independent clients)."""
FINAL_PHASES = frozenset({"Delivered", "BackToSender", "Deleted", "Canceled"})
"""Phases after which nothing follows."""


@define(kw_only=True)
class TrackedExternalNumber:
    """An external number; code ``CUST`` is the customer's own reference."""

    external_number: str | None = None
    code: str | None = None


@define(kw_only=True)
class TrackedParameter:
    """A parameter of a service."""

    type: str | None = None
    reference: str | None = None


@define(kw_only=True)
class TrackedService:
    """A service of the shipment, with its price."""

    additional_parameters: list[TrackedParameter] = Factory(list)
    code: str | None = None
    price: Decimal | None = None
    price_currency: str | None = None


@define(kw_only=True)
class TrackedSet:
    """The set that a parcel belongs to: each parcel is an entry of its own, with its set's master number."""

    master_shipment_number: str | None = None
    shipments_in_set: int | None = None
    shipment_in_set_number: int | None = None


@define(kw_only=True)
class TrackedSpecificDelivery:
    """Wishes about the delivery, and the pickup point."""

    specific_delivery_date: datetime | None = None
    specific_delivery_time_from: time | None = None
    specific_delivery_time_to: time | None = None
    specific_take_date: datetime | None = None
    specific_take_time_from: time | None = None
    specific_take_time_to: time | None = None
    access_point_code: str | None = None


@define(kw_only=True)
class TrackingEvent:
    """One event on the way."""

    status_id: int | None = None
    code: str | None = None
    phase: str | None = None
    """``Order``, ``InTransport``, ``Delivering``, ``PickupPoint``, ``Delivered``, ``Returning``, …; may grow."""
    group: str | None = None
    event_date: datetime | None = None
    name: str | None = None
    gps_latitude: float | None = None
    gps_longitude: float | None = None


@define(kw_only=True)
class TrackAndTrace:
    """Where the shipment has been."""

    external_shipment_id: str | None = None
    partner_url: str | None = None
    events: list[TrackingEvent] = Factory(list)


@define(kw_only=True)
class TrackedWeight:
    """Weight as the carrier has it, in kilograms."""

    weight: Decimal | None = None
    weighed_date: datetime | None = None


@define(kw_only=True)
class TrackedPayment:
    """What was collected and paid out."""

    paid_by_card: bool | None = None
    cod_paid_date: datetime | None = None
    invoice_number: str | None = None
    bank_account: str | None = field(default=None, repr=False)
    bank_code: str | None = None
    cod_bank_statement_date: datetime | None = None
    cod_currency: str | None = None
    cod_payment_acc_date: datetime | None = None
    cod_price: Decimal | None = None
    cod_variable_symbol: str | None = None
    specific_symbol: str | None = None


@define(kw_only=True)
class TrackedDelivery:
    """The delivery's dates, and who took the parcel."""

    load_date: datetime | None = None
    deliv_date: datetime | None = None
    deliv_person: str | None = field(default=None, repr=False)
    not_deliv_date: datetime | None = None
    out_dep_date: datetime | None = None
    hub_date: datetime | None = None
    delivery_to_access_point: bool | None = None


@define(kw_only=True)
class TrackedBackShipment:
    """When the parcel went back."""

    back_date: datetime | None = None


@define(kw_only=True)
class TrackedDormantShipment:
    """The dormant shipment that belongs to this one."""

    dormant_shipment_number: str | None = None
    dormant_shipment_number_active: bool | None = None


@define(kw_only=True)
class TrackedAccessPoint:
    """How long the parcel lies at the pickup point, in days."""

    access_point_days_in_storage: int | None = None


@define(kw_only=True)
class TrackedShipment(Item):
    """A shipment, or one parcel of a set, as ``shipments.list`` answers it.

    It has no ``referenceId``; look for the external number of code ``CUST``.
    """

    shipment_number: str | None = None
    product_type: str | None = None
    note: str | None = field(default=None, repr=False)
    depot: str | None = None
    integrator_id: int | None = None
    last_update_date: datetime | None = None
    shipment_set: TrackedSet | None = None
    sender: Address | None = None
    recipient: Address | None = None
    specific_delivery: TrackedSpecificDelivery | None = None
    external_numbers: list[TrackedExternalNumber] = Factory(list)
    services: list[TrackedService] = Factory(list)
    track_and_trace: TrackAndTrace | None = None
    shipment_weight_info: TrackedWeight | None = None
    payment_info: TrackedPayment | None = None
    delivery_feature: TrackedDelivery | None = None
    back_shipment_feature: TrackedBackShipment | None = None
    dormant_shipment_feature: TrackedDormantShipment | None = None
    access_point_feature: TrackedAccessPoint | None = None

    @property
    def cust(self) -> str | None:
        """The external number of code ``CUST``: the customer's own reference."""
        return next((number.external_number for number in self.external_numbers if number.code == "CUST"), None)

    @property
    def last_event(self) -> TrackingEvent | None:
        """The newest event by its moment; of equal ones the last listed."""
        events = self.track_and_trace.events if self.track_and_trace else []
        known = [event for event in events if event.event_date is not None]
        if not known:
            return events[-1] if events else None
        newest = max(event.event_date for event in known if event.event_date is not None)
        return [event for event in known if event.event_date == newest][-1]

    @property
    def phase(self) -> str | None:
        """Phase of the newest event, e.g. ``InTransport``; ``None`` before the first one."""
        last = self.last_event
        return last.phase if last is not None else None

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen: delivered, back at the sender, or cancelled."""
        return self.phase in FINAL_PHASES

    def tracking_link(self, language: str = "cs") -> str:
        """Return the page where a recipient follows this shipment; see :func:`tracking_link`."""
        return tracking_link(self.shipment_number or "", language)


@frozen(kw_only=True)
class Tracking:
    """What is known of one number that was asked for."""

    number: str
    """The number as it was asked for."""
    shipment: TrackedShipment | None
    """``None`` where the carrier knows no such number, or not yet."""


@frozen(kw_only=True)
class StateChange:
    """A shipment that has come to another state."""

    number: str
    shipment: TrackedShipment
    before: str | None
    """Phase when it was last looked at; ``None`` the first time."""
    phase: str | None
    """Phase now."""
    events: tuple[TrackingEvent, ...] = field(default=(), repr=False)
    """Events that are new since the last look, oldest first."""


@frozen(kw_only=True)
class RedirectRecipientAddress:
    """Contact that is added to the recipient."""

    contact: Annotated[str | None, TextConstraint(50)] = field(default=None, repr=False)
    phone: Annotated[str | None, TextConstraint(30)] = field(default=None, repr=False)
    email: Annotated[str | None, TextConstraint(50)] = field(default=None, repr=False)


@frozen(kw_only=True)
class RedirectShipmentEvent:
    """The body of ``shipments.redirect``."""

    address: RedirectRecipientAddress | None = None


def tracking_link(shipment_number: str, language: str = "cs") -> str:
    """Return the carrier's page where a recipient follows a shipment.

    :param shipment_number: number of the shipment or of one parcel.
    :param language: ``cs`` or ``en``; ``cs-CZ`` and ``en-GB`` are taken too.
    :raises ValueError: without a number, or for another language.
    """
    page = TRACKING_PAGES.get(language.lower().partition("-")[0])
    if page is None or not shipment_number:
        raise ValueError(f"a tracking link needs a number, and cs or en, not {shipment_number!r}, {language!r}")
    return page.format(quote(shipment_number, safe=""))
