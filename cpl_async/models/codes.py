"""Enumerations of the API, open to values that the server adds."""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "AccessPointType",
    "CalledFrom",
    "ImportState",
    "LabelFormat",
    "LogLevel",
    "OpenCode",
    "OrderState",
    "OrderType",
    "PageSize",
    "RelationType",
    "ReturnChannelType",
    "ShipmentState",
]


class OpenCode(StrEnum):
    """A string enumeration that accepts unknown values unchanged."""

    @classmethod
    def _missing_(cls, value: object) -> OpenCode | None:
        if not isinstance(value, str):
            return None
        code = str.__new__(cls, value)
        code._name_ = code._value_ = value
        return code


class AccessPointType(OpenCode):
    """Type of a pickup point (source: the vendor's schema)."""

    NONE = "None"
    PARCEL_SHOP = "ParcelShop"
    PARCEL_BOX = "ParcelBox"
    ALZA_BOX = "AlzaBox"


class CalledFrom(OpenCode):
    """Field of the address form that the user is typing in."""

    STREET = "Street"
    ZIP_CODE = "ZipCode"
    CITY = "City"


class ImportState(OpenCode):
    """Import state of one batch item (source: the vendor's schema)."""

    ACCEPTED = "Accepted"
    IN_PROCESS = "InProcess"
    COMPLETE = "Complete"
    ERROR = "Error"

    @property
    def settled(self) -> bool:
        """Whether the state is final."""
        return self in (ImportState.COMPLETE, ImportState.ERROR)


class LabelFormat(OpenCode):
    """File format of labels (source: the vendor's schema)."""

    PDF = "Pdf"
    ZPL = "Zpl"
    PNG = "Png"
    JPEG = "Jpeg"
    SVG = "Svg"


class LogLevel(OpenCode):
    """Log level of the server for a call (``X-LogLevel``)."""

    TRACE = "Trace"
    DEBUG = "Debug"
    INFORMATION = "Information"
    WARNING = "Warning"
    ERROR = "Error"
    CRITICAL = "Critical"


class OrderState(OpenCode):
    """State of an order (source: the vendor's schema)."""

    NONE = "None"
    CREATED = "Created"
    PICKED_UP = "PickedUp"
    NOT_PICKED_UP = "NotPickedUp"
    CANCELED = "Canceled"


class OrderType(OpenCode):
    """Type of an order (source: the vendor's schema)."""

    COLLECTION_ORDER = "CollectionOrder"
    TRANSPORT_ORDER = "TransportOrder"


class PageSize(OpenCode):
    """Page format of the combined label document: one label per page, or four on an A4 sheet."""

    DEFAULT = "Default"
    A4 = "A4"


class RelationType(OpenCode):
    """Relation of a child item to its shipment."""

    SHIPMENT_SET = "ShipmentSet"
    DOCUMENT_BACK = "DocumentBack"
    DORMANT = "Dormant"


class ReturnChannelType(OpenCode):
    """Channel through which the carrier sends labels to the customer."""

    NONE = "None"
    EMAIL = "Email"
    FTP = "Ftp"


class ShipmentState(OpenCode):
    """Shipment states for filtering a list."""

    NONE = "None"
    UNDELIVERED = "Undelivered"
    DELIVERED = "Delivered"
    PICKED_UP_FROM_SENDER = "PickedUpFromSender"
    DELIVERED_TO_PICKUP_POINT = "DeliveredToPickupPoint"
    OUT_FOR_DELIVERY = "OutForDelivery"
    NOT_DELIVERED = "NotDelivered"
    COD_PAID_DATE = "CodPaidDate"
    BACK_TO_SENDER = "BackToSender"
    REJECTED = "Rejected"
    DATA_SHIPMENT = "DataShipment"
    ACTIVE = "Active"
    CANCELED = "Canceled"
    DORMANT = "Dormant"
