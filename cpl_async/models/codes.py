"""The API's sets of codes, open to values that the server adds."""

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
    """A code that compares by its text; one that is not listed passes through as it came."""

    @classmethod
    def _missing_(cls, value: object) -> OpenCode | None:
        if not isinstance(value, str):
            return None
        code = str.__new__(cls, value)
        code._name_ = code._value_ = value
        return code


class AccessPointType(OpenCode):
    """Kinds of pickup points (source: the vendor's schema)."""

    NONE = "None"
    PARCEL_SHOP = "ParcelShop"
    PARCEL_BOX = "ParcelBox"
    ALZA_BOX = "AlzaBox"


class CalledFrom(OpenCode):
    """The field in which an address is being typed."""

    STREET = "Street"
    ZIP_CODE = "ZipCode"
    CITY = "City"


class ImportState(OpenCode):
    """How far the import of one item of a batch has come (source: the vendor's schema)."""

    ACCEPTED = "Accepted"
    IN_PROCESS = "InProcess"
    COMPLETE = "Complete"
    ERROR = "Error"

    @property
    def settled(self) -> bool:
        """Whether this state is final."""
        return self in (ImportState.COMPLETE, ImportState.ERROR)


class LabelFormat(OpenCode):
    """File formats of labels (source: the vendor's schema)."""

    PDF = "Pdf"
    ZPL = "Zpl"
    PNG = "Png"
    JPEG = "Jpeg"
    SVG = "Svg"


class LogLevel(OpenCode):
    """How much the server logs of a call (``X-LogLevel``)."""

    TRACE = "Trace"
    DEBUG = "Debug"
    INFORMATION = "Information"
    WARNING = "Warning"
    ERROR = "Error"
    CRITICAL = "Critical"


class OrderState(OpenCode):
    """How far an order has come (source: the vendor's schema)."""

    NONE = "None"
    CREATED = "Created"
    PICKED_UP = "PickedUp"
    NOT_PICKED_UP = "NotPickedUp"
    CANCELED = "Canceled"


class OrderType(OpenCode):
    """What a courier is ordered for (source: the vendor's schema)."""

    COLLECTION_ORDER = "CollectionOrder"
    TRANSPORT_ORDER = "TransportOrder"


class PageSize(OpenCode):
    """Page of the joint label document: one label a page, or four on an A4 sheet."""

    DEFAULT = "Default"
    A4 = "A4"


class RelationType(OpenCode):
    """Why a further item belongs to a shipment."""

    SHIPMENT_SET = "ShipmentSet"
    DOCUMENT_BACK = "DocumentBack"
    DORMANT = "Dormant"


class ReturnChannelType(OpenCode):
    """Where the carrier sends the labels by itself."""

    NONE = "None"
    EMAIL = "Email"
    FTP = "Ftp"


class ShipmentState(OpenCode):
    """States by which shipments are listed."""

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
