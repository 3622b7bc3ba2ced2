"""Async SDK for the PPL CZ CPL API: credentials in, shipments, labels and tracking out.

Names are loaded when first used, so that importing the package costs little.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .bulk.api import BulkOptions as BulkOptions
    from .bulk.api import FileOptions as FileOptions
    from .bulk.jobs import BulkJob as BulkJob
    from .bulk.jobs import JobCancelled as JobCancelled
    from .bulk.jobs import UndecidedRow as UndecidedRow
    from .bulk.output.folder import JobSummary as JobSummary
    from .bulk.progress import Phase as Phase
    from .bulk.progress import Progress as Progress
    from .bulk.reconcile.canceller import CancelResult as CancelResult
    from .bulk.reconcile.evidence import Verdict as Verdict
    from .bulk.reconcile.standalone import Reconciled as Reconciled
    from .bulk.records import FoundShipment as FoundShipment
    from .bulk.records import Resolution as Resolution
    from .bulk.runs.row_results import OrderResult as OrderResult
    from .bulk.runs.row_results import ParcelLabel as ParcelLabel
    from .bulk.runs.row_results import ShipResult as ShipResult
    from .client import Client as Client
    from .client import ClientSettings as ClientSettings
    from .client import RawResponse as RawResponse
    from .errors import AuthenticationError as AuthenticationError
    from .errors import BatchError as BatchError
    from .errors import ConfigurationError as ConfigurationError
    from .errors import CplError as CplError
    from .errors import JournalError as JournalError
    from .errors import NotFound as NotFound
    from .errors import Outcome as Outcome
    from .errors import PermissionDenied as PermissionDenied
    from .errors import Problem as Problem
    from .errors import ProblemJson as ProblemJson
    from .errors import ProtocolError as ProtocolError
    from .errors import RateLimited as RateLimited
    from .errors import ServerError as ServerError
    from .errors import Timeout as Timeout
    from .errors import TransportError as TransportError
    from .errors import ValidationError as ValidationError
    from .models.access_points import AccessPoint as AccessPoint
    from .models.access_points import AccessPointCapacitySetting as AccessPointCapacitySetting
    from .models.access_points import AccessPointWorkHour as AccessPointWorkHour
    from .models.access_points import Coordinates as Coordinates
    from .models.access_points import NearbyAccessPoint as NearbyAccessPoint
    from .models.address_whisper import AddressWhisp as AddressWhisp
    from .models.addresses import Address as Address
    from .models.codelists import CodelistEntry as CodelistEntry
    from .models.codelists import Country as Country
    from .models.codelists import ExternalNumberType as ExternalNumberType
    from .models.codelists import ServicePriceLimit as ServicePriceLimit
    from .models.codelists import ServiceType as ServiceType
    from .models.codelists import ValidationMessage as ValidationMessage
    from .models.codes import AccessPointType as AccessPointType
    from .models.codes import CalledFrom as CalledFrom
    from .models.codes import ImportState as ImportState
    from .models.codes import LabelFormat as LabelFormat
    from .models.codes import LogLevel as LogLevel
    from .models.codes import OrderState as OrderState
    from .models.codes import OrderType as OrderType
    from .models.codes import PageSize as PageSize
    from .models.codes import RelationType as RelationType
    from .models.codes import ReturnChannelType as ReturnChannelType
    from .models.codes import ShipmentState as ShipmentState
    from .models.customer import Account as Account
    from .models.customer import Customer as Customer
    from .models.customer import CustomerAddress as CustomerAddress
    from .models.data import Label as Label
    from .models.info import Info as Info
    from .models.login import AccessToken as AccessToken
    from .models.order_batches import CreateOrderBatch as CreateOrderBatch
    from .models.order_batches import Order as Order
    from .models.order_batches import OrderBatchResult as OrderBatchResult
    from .models.order_batches import OrderResultItem as OrderResultItem
    from .models.orders import CancelOrderEvent as CancelOrderEvent
    from .models.orders import TrackedOrder as TrackedOrder
    from .models.pages import Page as Page
    from .models.products import ProductChoice as ProductChoice
    from .models.products import choose_product as choose_product
    from .models.references import normal_reference as normal_reference
    from .models.routing import Route as Route
    from .models.shipment_batches import CashOnDelivery as CashOnDelivery
    from .models.shipment_batches import CompleteLabel as CompleteLabel
    from .models.shipment_batches import CompleteLabelSettings as CompleteLabelSettings
    from .models.shipment_batches import ConnectSet as ConnectSet
    from .models.shipment_batches import CreateShipmentBatch as CreateShipmentBatch
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
    from .models.shipment_batches import UpdateShipmentBatch as UpdateShipmentBatch
    from .models.shipment_batches import WeighedShipment as WeighedShipment
    from .models.shipments import RedirectRecipientAddress as RedirectRecipientAddress
    from .models.shipments import RedirectShipmentEvent as RedirectShipmentEvent
    from .models.shipments import StateChange as StateChange
    from .models.shipments import TrackAndTrace as TrackAndTrace
    from .models.shipments import TrackedAccessPoint as TrackedAccessPoint
    from .models.shipments import TrackedBackShipment as TrackedBackShipment
    from .models.shipments import TrackedDelivery as TrackedDelivery
    from .models.shipments import TrackedDormantShipment as TrackedDormantShipment
    from .models.shipments import TrackedExternalNumber as TrackedExternalNumber
    from .models.shipments import TrackedParameter as TrackedParameter
    from .models.shipments import TrackedPayment as TrackedPayment
    from .models.shipments import TrackedService as TrackedService
    from .models.shipments import TrackedSet as TrackedSet
    from .models.shipments import TrackedShipment as TrackedShipment
    from .models.shipments import TrackedSpecificDelivery as TrackedSpecificDelivery
    from .models.shipments import TrackedWeight as TrackedWeight
    from .models.shipments import Tracking as Tracking
    from .models.shipments import TrackingEvent as TrackingEvent
    from .models.shipments import tracking_link as tracking_link
    from .models.version_information import VersionInformation as VersionInformation
    from .ratelimit.priority import Priority as Priority
    from .ratelimit.registry import HostLimits as HostLimits
    from .ratelimit.registry import ProcessLimits as ProcessLimits
    from .resources.access_points import AccessPointFilters as AccessPointFilters
    from .resources.access_points import NearFilters as NearFilters
    from .resources.codelists import PriceLimitFilters as PriceLimitFilters
    from .resources.order_batches import OrderBatch as OrderBatch
    from .resources.orders import OrderFilters as OrderFilters
    from .resources.shipment_batches import ShipmentBatch as ShipmentBatch
    from .resources.shipments import ShipmentFilters as ShipmentFilters
    from .settings import PRODUCTION as PRODUCTION
    from .settings import TESTING as TESTING
    from .transport.call import CallOptions as CallOptions
    from .transport.call import correlation_id as correlation_id
    from .transport.events import Event as Event
    from .transport.events import EventKind as EventKind

_HOMES = {
    "bulk.api": ("BulkOptions", "FileOptions"),
    "bulk.jobs": ("BulkJob", "JobCancelled", "UndecidedRow"),
    "bulk.output.folder": ("JobSummary",),
    "bulk.progress": ("Phase", "Progress"),
    "bulk.reconcile.canceller": ("CancelResult",),
    "bulk.reconcile.evidence": ("Verdict",),
    "bulk.reconcile.standalone": ("Reconciled",),
    "bulk.records": ("FoundShipment", "Resolution"),
    "bulk.runs.row_results": ("OrderResult", "ParcelLabel", "ShipResult"),
    "client": ("Client", "ClientSettings", "RawResponse"),
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
        "ProblemJson",
        "ProtocolError",
        "RateLimited",
        "ServerError",
        "Timeout",
        "TransportError",
        "ValidationError",
    ),
    "models.access_points": (
        "AccessPoint",
        "AccessPointCapacitySetting",
        "AccessPointWorkHour",
        "Coordinates",
        "NearbyAccessPoint",
    ),
    "models.address_whisper": ("AddressWhisp",),
    "models.addresses": ("Address",),
    "models.codelists": (
        "CodelistEntry",
        "Country",
        "ExternalNumberType",
        "ServicePriceLimit",
        "ServiceType",
        "ValidationMessage",
    ),
    "models.codes": (
        "AccessPointType",
        "CalledFrom",
        "ImportState",
        "LabelFormat",
        "LogLevel",
        "OrderState",
        "OrderType",
        "PageSize",
        "RelationType",
        "ReturnChannelType",
        "ShipmentState",
    ),
    "models.customer": ("Account", "Customer", "CustomerAddress"),
    "models.data": ("Label",),
    "models.info": ("Info",),
    "models.login": ("AccessToken",),
    "models.order_batches": ("CreateOrderBatch", "Order", "OrderBatchResult", "OrderResultItem"),
    "models.orders": ("CancelOrderEvent", "TrackedOrder"),
    "models.pages": ("Page",),
    "models.products": ("ProductChoice", "choose_product"),
    "models.references": ("normal_reference",),
    "models.routing": ("Route",),
    "models.shipment_batches": (
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
    ),
    "models.shipments": (
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
    ),
    "models.version_information": ("VersionInformation",),
    "ratelimit.priority": ("Priority",),
    "ratelimit.registry": ("HostLimits", "ProcessLimits"),
    "resources.access_points": ("AccessPointFilters", "NearFilters"),
    "resources.codelists": ("PriceLimitFilters",),
    "resources.order_batches": ("OrderBatch",),
    "resources.orders": ("OrderFilters",),
    "resources.shipment_batches": ("ShipmentBatch",),
    "resources.shipments": ("ShipmentFilters",),
    "settings": ("PRODUCTION", "TESTING"),
    "transport.call": ("CallOptions", "correlation_id"),
    "transport.events": ("Event", "EventKind"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "PRODUCTION",
    "TESTING",
    "AccessPoint",
    "AccessPointCapacitySetting",
    "AccessPointFilters",
    "AccessPointType",
    "AccessPointWorkHour",
    "AccessToken",
    "Account",
    "Address",
    "AddressWhisp",
    "AuthenticationError",
    "BatchError",
    "BulkJob",
    "BulkOptions",
    "CallOptions",
    "CalledFrom",
    "CancelOrderEvent",
    "CancelResult",
    "CashOnDelivery",
    "Client",
    "ClientSettings",
    "CodelistEntry",
    "CompleteLabel",
    "CompleteLabelSettings",
    "ConfigurationError",
    "ConnectSet",
    "Coordinates",
    "Country",
    "CplError",
    "CreateOrderBatch",
    "CreateShipmentBatch",
    "Customer",
    "CustomerAddress",
    "DirectInjection",
    "DormantShipment",
    "Event",
    "EventKind",
    "ExternalNumber",
    "ExternalNumberType",
    "FileOptions",
    "FoundShipment",
    "HostLimits",
    "ImportState",
    "Info",
    "Insurance",
    "JobCancelled",
    "JobSummary",
    "JournalError",
    "Label",
    "LabelFormat",
    "LabelService",
    "LabelSettings",
    "LogLevel",
    "NearFilters",
    "NearbyAccessPoint",
    "NotFound",
    "Order",
    "OrderBatch",
    "OrderBatchResult",
    "OrderFilters",
    "OrderResult",
    "OrderResultItem",
    "OrderState",
    "OrderType",
    "Outcome",
    "Page",
    "PageSize",
    "ParcelLabel",
    "PermissionDenied",
    "Phase",
    "PriceLimitFilters",
    "Priority",
    "Problem",
    "ProblemJson",
    "ProcessLimits",
    "ProductChoice",
    "Progress",
    "ProtocolError",
    "RateLimited",
    "RawResponse",
    "Reconciled",
    "RedirectRecipientAddress",
    "RedirectShipmentEvent",
    "RelationType",
    "Resolution",
    "ReturnChannel",
    "ReturnChannelType",
    "Route",
    "ServerError",
    "Service",
    "ServicePriceLimit",
    "ServiceType",
    "ShipResult",
    "Shipment",
    "ShipmentBatch",
    "ShipmentBatchResult",
    "ShipmentFilters",
    "ShipmentResultChildItem",
    "ShipmentResultItem",
    "ShipmentRouting",
    "ShipmentSet",
    "ShipmentSetItem",
    "ShipmentState",
    "SpecificDelivery",
    "StateChange",
    "Timeout",
    "TrackAndTrace",
    "TrackedAccessPoint",
    "TrackedBackShipment",
    "TrackedDelivery",
    "TrackedDormantShipment",
    "TrackedExternalNumber",
    "TrackedOrder",
    "TrackedParameter",
    "TrackedPayment",
    "TrackedService",
    "TrackedSet",
    "TrackedShipment",
    "TrackedSpecificDelivery",
    "TrackedWeight",
    "Tracking",
    "TrackingEvent",
    "TransportError",
    "UndecidedRow",
    "UpdateShipmentBatch",
    "ValidationError",
    "ValidationMessage",
    "Verdict",
    "VersionInformation",
    "WeighedShipment",
    "__version__",
    "choose_product",
    "correlation_id",
    "normal_reference",
    "tracking_link",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOME[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
