"""Tracked shipments, their events, and the redirection of a shipment."""

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
"""Tracking pages of the carrier by language (source: independent clients)."""
FINAL_PHASES = frozenset({"Delivered", "BackToSender", "Deleted", "Canceled"})
"""Phases that end the journey of a shipment."""


@define(kw_only=True)
class TrackedExternalNumber:
    """An external number; code ``CUST`` is the customer's reference."""

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
    """The set that a parcel belongs to. Tracking lists each parcel separately, with the master number of its set."""

    master_shipment_number: str | None = None
    shipments_in_set: int | None = None
    shipment_in_set_number: int | None = None


@define(kw_only=True)
class TrackedSpecificDelivery:
    """Delivery date and time, and the pickup point."""

    specific_delivery_date: datetime | None = None
    specific_delivery_time_from: time | None = None
    specific_delivery_time_to: time | None = None
    specific_take_date: datetime | None = None
    specific_take_time_from: time | None = None
    specific_take_time_to: time | None = None
    access_point_code: str | None = None


@define(kw_only=True)
class TrackingEvent:
    """A tracking event."""

    status_id: int | None = None
    code: str | None = None
    phase: str | None = None
    """``Order``, ``InTransport``, ``Delivering``, ``PickupPoint``, ``Delivered``, ``Returning``, …; the server may add
    phases."""
    group: str | None = None
    event_date: datetime | None = None
    name: str | None = None
    gps_latitude: float | None = None
    gps_longitude: float | None = None


@define(kw_only=True)
class TrackAndTrace:
    """Tracking events of a shipment."""

    external_shipment_id: str | None = None
    partner_url: str | None = None
    events: list[TrackingEvent] = Factory(list)


@define(kw_only=True)
class TrackedWeight:
    """Weight in kilograms, as recorded by the carrier."""

    weight: Decimal | None = None
    weighed_date: datetime | None = None


@define(kw_only=True)
class TrackedPayment:
    """Collected and paid-out cash on delivery."""

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
    """Dates of the delivery and the person who accepted the parcel."""

    load_date: datetime | None = None
    deliv_date: datetime | None = None
    deliv_person: str | None = field(default=None, repr=False)
    not_deliv_date: datetime | None = None
    out_dep_date: datetime | None = None
    hub_date: datetime | None = None
    delivery_to_access_point: bool | None = None


@define(kw_only=True)
class TrackedBackShipment:
    """Date of the return."""

    back_date: datetime | None = None


@define(kw_only=True)
class TrackedDormantShipment:
    """The dormant shipment of a shipment."""

    dormant_shipment_number: str | None = None
    dormant_shipment_number_active: bool | None = None


@define(kw_only=True)
class TrackedAccessPoint:
    """Storage time at the pickup point, in days."""

    access_point_days_in_storage: int | None = None


@define(kw_only=True)
class TrackedShipment(Item):
    """A shipment or one parcel of a set, returned by ``shipments.list``.

    It has no ``referenceId``; use the external number of code ``CUST`` instead.
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
        """The customer's reference (external number of code ``CUST``), or ``None`` if there is no such number."""
        return next((number.external_number for number in self.external_numbers if number.code == "CUST"), None)

    @property
    def last_event(self) -> TrackingEvent | None:
        """Newest event by timestamp (of equal timestamps the last one listed), or ``None`` if there are no events."""
        events = self.track_and_trace.events if self.track_and_trace else []
        known = [event for event in events if event.event_date is not None]
        if not known:
            return events[-1] if events else None
        newest = max(event.event_date for event in known if event.event_date is not None)
        return [event for event in known if event.event_date == newest][-1]

    @property
    def phase(self) -> str | None:
        """Phase of the newest event, e.g. ``InTransport``, or ``None`` if there are no events."""
        last = self.last_event
        return last.phase if last is not None else None

    @property
    def is_final(self) -> bool:
        """Whether the shipment is delivered, back at the sender, or cancelled."""
        return self.phase in FINAL_PHASES

    def tracking_link(self, language: str = "cs") -> str:
        """Return the URL of the carrier's tracking page for this shipment; see :func:`tracking_link`."""
        return tracking_link(self.shipment_number or "", language)


@frozen(kw_only=True)
class Tracking:
    """Tracking result for one shipment number."""

    number: str
    """The requested number."""
    shipment: TrackedShipment | None
    """The shipment, or ``None`` if the carrier does not know the number (yet)."""


@frozen(kw_only=True)
class StateChange:
    """A change of the state of a shipment."""

    number: str
    shipment: TrackedShipment
    before: str | None
    """Phase at the previous check, or ``None`` if this is the first check."""
    phase: str | None
    """Current phase, or ``None`` if there are no events."""
    events: tuple[TrackingEvent, ...] = field(default=(), repr=False)
    """Events since the previous check, oldest first."""


@frozen(kw_only=True)
class RedirectRecipientAddress:
    """Contact data to add to the recipient."""

    contact: Annotated[str | None, TextConstraint(50)] = field(default=None, repr=False)
    phone: Annotated[str | None, TextConstraint(30)] = field(default=None, repr=False)
    email: Annotated[str | None, TextConstraint(50)] = field(default=None, repr=False)


@frozen(kw_only=True)
class RedirectShipmentEvent:
    """Request body of ``shipments.redirect``."""

    address: RedirectRecipientAddress | None = None


def tracking_link(shipment_number: str, language: str = "cs") -> str:
    """Return the URL of the carrier's tracking page for a shipment.

    :param shipment_number: Number of the shipment or of one parcel.
    :param language: ``cs`` or ``en``, also with a region (``cs-CZ``, ``en-GB``). Default: ``cs``.
    :raises ValueError: If the number is empty or the language is another one.
    """
    page = TRACKING_PAGES.get(language.lower().partition("-")[0])
    if page is None or not shipment_number:
        raise ValueError(f"a tracking link needs a number, and cs or en, not {shipment_number!r}, {language!r}")
    return page.format(quote(shipment_number, safe=""))
