"""Async SDK for the PPL CZ CPL API: credentials in, shipments, labels and tracking out.

Names are loaded when first used, so that importing the package costs little.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .client import Client as Client
    from .errors import AuthenticationError as AuthenticationError
    from .errors import BatchError as BatchError
    from .errors import ConfigurationError as ConfigurationError
    from .errors import CplError as CplError
    from .errors import JournalError as JournalError
    from .errors import NotFound as NotFound
    from .errors import Outcome as Outcome
    from .errors import PermissionDenied as PermissionDenied
    from .errors import Problem as Problem
    from .errors import ProtocolError as ProtocolError
    from .errors import RateLimited as RateLimited
    from .errors import ServerError as ServerError
    from .errors import Timeout as Timeout
    from .errors import TransportError as TransportError
    from .errors import ValidationError as ValidationError
    from .models.addresses import Address as Address
    from .models.codes import ImportState as ImportState
    from .models.codes import LabelFormat as LabelFormat
    from .models.codes import PageSize as PageSize
    from .models.codes import RelationType as RelationType
    from .models.codes import ReturnChannelType as ReturnChannelType
    from .models.codes import ShipmentState as ShipmentState
    from .models.info import Info as Info
    from .models.pages import Page as Page
    from .models.shipment_batches import CashOnDelivery as CashOnDelivery
    from .models.shipment_batches import CompleteLabelSettings as CompleteLabelSettings
    from .models.shipment_batches import DirectInjection as DirectInjection
    from .models.shipment_batches import DormantShipment as DormantShipment
    from .models.shipment_batches import ExternalNumber as ExternalNumber
    from .models.shipment_batches import Insurance as Insurance
    from .models.shipment_batches import LabelService as LabelService
    from .models.shipment_batches import LabelSettings as LabelSettings
    from .models.shipment_batches import ReturnChannel as ReturnChannel
    from .models.shipment_batches import Service as Service
    from .models.shipment_batches import Shipment as Shipment
    from .models.shipment_batches import ShipmentBatchResult as ShipmentBatchResult
    from .models.shipment_batches import ShipmentResultChildItem as ShipmentResultChildItem
    from .models.shipment_batches import ShipmentResultItem as ShipmentResultItem
    from .models.shipment_batches import ShipmentRouting as ShipmentRouting
    from .models.shipment_batches import ShipmentSet as ShipmentSet
    from .models.shipment_batches import ShipmentSetItem as ShipmentSetItem
    from .models.shipment_batches import SpecificDelivery as SpecificDelivery
    from .models.shipment_batches import WeighedShipment as WeighedShipment
    from .models.shipments import TrackedShipment as TrackedShipment
    from .resources.shipment_batches import Label as Label
    from .resources.shipment_batches import ShipmentBatch as ShipmentBatch
    from .settings import PRODUCTION as PRODUCTION
    from .settings import TESTING as TESTING
    from .transport.call import CallOptions as CallOptions
    from .transport.call import correlation_id as correlation_id
    from .transport.events import Event as Event
    from .transport.events import EventKind as EventKind
    from .transport.lanes import Lane as Lane

_HOMES = {
    "client": ("Client",),
    "errors": (
        "AuthenticationError",
        "BatchError",
        "ConfigurationError",
        "CplError",
        "JournalError",
        "NotFound",
        "Outcome",
        "PermissionDenied",
        "Problem",
        "ProtocolError",
        "RateLimited",
        "ServerError",
        "Timeout",
        "TransportError",
        "ValidationError",
    ),
    "models.addresses": ("Address",),
    "models.codes": (
        "ImportState",
        "LabelFormat",
        "PageSize",
        "RelationType",
        "ReturnChannelType",
        "ShipmentState",
    ),
    "models.info": ("Info",),
    "models.pages": ("Page",),
    "models.shipment_batches": (
        "CashOnDelivery",
        "CompleteLabelSettings",
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
        "WeighedShipment",
    ),
    "models.shipments": ("TrackedShipment",),
    "resources.shipment_batches": ("Label", "ShipmentBatch"),
    "settings": ("PRODUCTION", "TESTING"),
    "transport.events": ("Event", "EventKind"),
    "transport.lanes": ("Lane",),
    "transport.call": ("CallOptions", "correlation_id"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "PRODUCTION",
    "TESTING",
    "Address",
    "AuthenticationError",
    "BatchError",
    "CallOptions",
    "CashOnDelivery",
    "Client",
    "CompleteLabelSettings",
    "ConfigurationError",
    "CplError",
    "DirectInjection",
    "DormantShipment",
    "Event",
    "EventKind",
    "ExternalNumber",
    "ImportState",
    "Info",
    "Insurance",
    "JournalError",
    "Label",
    "LabelFormat",
    "LabelService",
    "LabelSettings",
    "Lane",
    "NotFound",
    "Outcome",
    "Page",
    "PageSize",
    "PermissionDenied",
    "Problem",
    "ProtocolError",
    "RateLimited",
    "RelationType",
    "ReturnChannel",
    "ReturnChannelType",
    "ServerError",
    "Service",
    "Shipment",
    "ShipmentBatch",
    "ShipmentBatchResult",
    "ShipmentResultChildItem",
    "ShipmentResultItem",
    "ShipmentRouting",
    "ShipmentSet",
    "ShipmentSetItem",
    "ShipmentState",
    "SpecificDelivery",
    "Timeout",
    "TrackedShipment",
    "TransportError",
    "ValidationError",
    "WeighedShipment",
    "__version__",
    "correlation_id",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOME[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
