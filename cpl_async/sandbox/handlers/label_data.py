"""Content of labels, taken from the accepted shipment."""

from __future__ import annotations

from typing import Any

from ..labels import LabelDrawer
from ..labels.layout import LabelData
from ..store import Parcel, StoredShipment

__all__ = ["drawer_for", "label_data"]


def drawer_for(settings: dict[str, Any], *, a4: bool = False, position: int = 1, cheap: bool = False) -> LabelDrawer:
    """Return the label drawer for the label settings of a batch.

    :param settings: Label settings as a JSON object of the API.
    :param a4: Whether to draw A4 sheets. Default: ``False``.
    :param position: Position of the first label on an A4 sheet, 1–4. Default: 1.
    :param cheap: Whether to draw only the number and its barcode. Default: ``False``.
    """
    return LabelDrawer(
        format=str(settings.get("format") or "Pdf"),
        dpi=int(settings.get("dpi") or 203),
        a4=a4,
        position=position,
        cheap=cheap,
    )


def label_data(shipment: StoredShipment, parcel: Parcel) -> LabelData:
    """Return the content of the label of one parcel."""
    body = shipment.body
    recipient: dict[str, Any] = body["recipient"]
    cash = body.get("cashOnDelivery")
    items = (body.get("shipmentSet") or {}).get("shipmentSetItems") or []
    item = items[parcel.place - 1] if parcel.place <= len(items) else {}
    weight = (item.get("weighedShipmentInfo") or {}).get("weight")
    point = (body.get("specificDelivery") or {}).get("parcelShopCode")
    return LabelData(
        number=parcel.number,
        product=str(body["productType"]),
        recipient=(
            str(recipient.get("name") or ""),
            str(recipient.get("name2") or ""),
            str(recipient.get("street") or ""),
            f"{recipient['zipCode']} {recipient.get('city') or ''}".strip(),
            str(recipient["country"]),
        ),
        contact="   ".join(str(recipient[name]) for name in ("contact", "phone", "email") if recipient.get(name)),
        sender=tuple(
            str(value) for name in ("name", "street", "city") if (value := (body.get("sender") or {}).get(name))
        ),
        parcel=parcel.place,
        parcels=len(shipment.parcels),
        weight=f"{weight:.2f} kg" if weight else "",
        cash=f"{cash['codPrice']:,.2f} {cash['codCurrency']}".replace(",", " ") if cash and parcel.place == 1 else "",
        note=str(body.get("note") or ""),
        reference=shipment.reference,
        pickup_point=f"Výdejní místo {point}" if point else "",
    )
