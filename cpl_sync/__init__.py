# generated from cpl_async/__init__.py by tools/generate_sync.py, do not edit
"""SDK for the CPL API of PPL CZ, for code without ``await``: the twin of ``cpl_async``.

Models, errors and settings are the very same classes. A name is loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cpl_async._version import __version__

if TYPE_CHECKING:
    from cpl_async.bulk.api import BulkOptions as BulkOptions
    from cpl_async.bulk.api import FileOptions as FileOptions
    from cpl_async.bulk.jobs import BulkJob as BulkJob
    from cpl_async.bulk.jobs import JobCancelled as JobCancelled
    from cpl_async.bulk.jobs import UndecidedRow as UndecidedRow
    from cpl_async.bulk.output.folder import JobSummary as JobSummary
    from cpl_async.bulk.progress import Phase as Phase
    from cpl_async.bulk.progress import Progress as Progress
    from cpl_async.bulk.reconcile.canceller import CancelResult as CancelResult
    from cpl_async.bulk.reconcile.evidence import Verdict as Verdict
    from cpl_async.bulk.reconcile.standalone import Reconciled as Reconciled
    from cpl_async.bulk.records import FoundShipment as FoundShipment
    from cpl_async.bulk.records import Resolution as Resolution
    from cpl_async.bulk.runs.row_results import OrderResult as OrderResult
    from cpl_async.bulk.runs.row_results import ParcelLabel as ParcelLabel
    from cpl_async.bulk.runs.row_results import ShipResult as ShipResult
    from cpl_async.client import ClientSettings as ClientSettings
    from cpl_async.client import RawResponse as RawResponse
    from cpl_async.errors import AuthenticationError as AuthenticationError
    from cpl_async.errors import BatchError as BatchError
    from cpl_async.errors import ConfigurationError as ConfigurationError
    from cpl_async.errors import CplError as CplError
    from cpl_async.errors import JournalError as JournalError
    from cpl_async.errors import NotFound as NotFound
    from cpl_async.errors import Outcome as Outcome
    from cpl_async.errors import PermissionDenied as PermissionDenied
    from cpl_async.errors import Problem as Problem
    from cpl_async.errors import ProblemJson as ProblemJson
    from cpl_async.errors import ProtocolError as ProtocolError
    from cpl_async.errors import RateLimited as RateLimited
    from cpl_async.errors import ServerError as ServerError
    from cpl_async.errors import Timeout as Timeout
    from cpl_async.errors import TransportError as TransportError
    from cpl_async.errors import ValidationError as ValidationError
    from cpl_async.models.access_points import AccessPoint as AccessPoint
    from cpl_async.models.access_points import AccessPointCapacitySetting as AccessPointCapacitySetting
    from cpl_async.models.access_points import AccessPointWorkHour as AccessPointWorkHour
    from cpl_async.models.access_points import Coordinates as Coordinates
    from cpl_async.models.access_points import NearbyAccessPoint as NearbyAccessPoint
    from cpl_async.models.address_whisper import AddressWhisp as AddressWhisp
    from cpl_async.models.addresses import Address as Address
    from cpl_async.models.codelists import CodelistEntry as CodelistEntry
    from cpl_async.models.codelists import Country as Country
    from cpl_async.models.codelists import ExternalNumberType as ExternalNumberType
    from cpl_async.models.codelists import ServicePriceLimit as ServicePriceLimit
    from cpl_async.models.codelists import ServiceType as ServiceType
    from cpl_async.models.codelists import ValidationMessage as ValidationMessage
    from cpl_async.models.codes import AccessPointType as AccessPointType
    from cpl_async.models.codes import CalledFrom as CalledFrom
    from cpl_async.models.codes import ImportState as ImportState
    from cpl_async.models.codes import LabelFormat as LabelFormat
    from cpl_async.models.codes import LogLevel as LogLevel
    from cpl_async.models.codes import OrderState as OrderState
    from cpl_async.models.codes import OrderType as OrderType
    from cpl_async.models.codes import PageSize as PageSize
    from cpl_async.models.codes import RelationType as RelationType
    from cpl_async.models.codes import ReturnChannelType as ReturnChannelType
    from cpl_async.models.codes import ShipmentState as ShipmentState
    from cpl_async.models.customer import Account as Account
    from cpl_async.models.customer import Customer as Customer
    from cpl_async.models.customer import CustomerAddress as CustomerAddress
    from cpl_async.models.data import Label as Label
    from cpl_async.models.info import Info as Info
    from cpl_async.models.login import AccessToken as AccessToken
    from cpl_async.models.order_batches import CreateOrderBatch as CreateOrderBatch
    from cpl_async.models.order_batches import Order as Order
    from cpl_async.models.order_batches import OrderBatchResult as OrderBatchResult
    from cpl_async.models.order_batches import OrderResultItem as OrderResultItem
    from cpl_async.models.orders import CancelOrderEvent as CancelOrderEvent
    from cpl_async.models.orders import TrackedOrder as TrackedOrder
    from cpl_async.models.pages import Page as Page
    from cpl_async.models.products import ProductChoice as ProductChoice
    from cpl_async.models.products import choose_product as choose_product
    from cpl_async.models.references import normal_reference as normal_reference
    from cpl_async.models.routing import Route as Route
    from cpl_async.models.shipment_batches import CashOnDelivery as CashOnDelivery
    from cpl_async.models.shipment_batches import CompleteLabel as CompleteLabel
    from cpl_async.models.shipment_batches import CompleteLabelSettings as CompleteLabelSettings
    from cpl_async.models.shipment_batches import ConnectSet as ConnectSet
    from cpl_async.models.shipment_batches import CreateShipmentBatch as CreateShipmentBatch
    from cpl_async.models.shipment_batches import DirectInjection as DirectInjection
    from cpl_async.models.shipment_batches import DormantShipment as DormantShipment
    from cpl_async.models.shipment_batches import ExternalNumber as ExternalNumber
    from cpl_async.models.shipment_batches import Insurance as Insurance
    from cpl_async.models.shipment_batches import LabelService as LabelService
    from cpl_async.models.shipment_batches import LabelSettings as LabelSettings
    from cpl_async.models.shipment_batches import ReturnChannel as ReturnChannel
    from cpl_async.models.shipment_batches import Service as Service
    from cpl_async.models.shipment_batches import Shipment as Shipment
    from cpl_async.models.shipment_batches import ShipmentBatchResult as ShipmentBatchResult
    from cpl_async.models.shipment_batches import ShipmentResultChildItem as ShipmentResultChildItem
    from cpl_async.models.shipment_batches import ShipmentResultItem as ShipmentResultItem
    from cpl_async.models.shipment_batches import ShipmentRouting as ShipmentRouting
    from cpl_async.models.shipment_batches import ShipmentSet as ShipmentSet
    from cpl_async.models.shipment_batches import ShipmentSetItem as ShipmentSetItem
    from cpl_async.models.shipment_batches import SpecificDelivery as SpecificDelivery
    from cpl_async.models.shipment_batches import UpdateShipmentBatch as UpdateShipmentBatch
    from cpl_async.models.shipment_batches import WeighedShipment as WeighedShipment
    from cpl_async.models.shipments import RedirectRecipientAddress as RedirectRecipientAddress
    from cpl_async.models.shipments import RedirectShipmentEvent as RedirectShipmentEvent
    from cpl_async.models.shipments import StateChange as StateChange
    from cpl_async.models.shipments import TrackAndTrace as TrackAndTrace
    from cpl_async.models.shipments import TrackedAccessPoint as TrackedAccessPoint
    from cpl_async.models.shipments import TrackedBackShipment as TrackedBackShipment
    from cpl_async.models.shipments import TrackedDelivery as TrackedDelivery
    from cpl_async.models.shipments import TrackedDormantShipment as TrackedDormantShipment
    from cpl_async.models.shipments import TrackedExternalNumber as TrackedExternalNumber
    from cpl_async.models.shipments import TrackedParameter as TrackedParameter
    from cpl_async.models.shipments import TrackedPayment as TrackedPayment
    from cpl_async.models.shipments import TrackedService as TrackedService
    from cpl_async.models.shipments import TrackedSet as TrackedSet
    from cpl_async.models.shipments import TrackedShipment as TrackedShipment
    from cpl_async.models.shipments import TrackedSpecificDelivery as TrackedSpecificDelivery
    from cpl_async.models.shipments import TrackedWeight as TrackedWeight
    from cpl_async.models.shipments import Tracking as Tracking
    from cpl_async.models.shipments import TrackingEvent as TrackingEvent
    from cpl_async.models.shipments import tracking_link as tracking_link
    from cpl_async.models.version_information import VersionInformation as VersionInformation
    from cpl_async.ratelimit.priority import Priority as Priority
    from cpl_async.ratelimit.registry import HostLimits as HostLimits
    from cpl_async.ratelimit.registry import ProcessLimits as ProcessLimits
    from cpl_async.resources.access_points import AccessPointFilters as AccessPointFilters
    from cpl_async.resources.access_points import NearFilters as NearFilters
    from cpl_async.resources.codelists import PriceLimitFilters as PriceLimitFilters
    from cpl_async.resources.orders import OrderFilters as OrderFilters
    from cpl_async.resources.shipments import ShipmentFilters as ShipmentFilters
    from cpl_async.settings import PRODUCTION as PRODUCTION
    from cpl_async.settings import TESTING as TESTING
    from cpl_async.transport.call import CallOptions as CallOptions
    from cpl_async.transport.call import correlation_id as correlation_id
    from cpl_async.transport.events import Event as Event
    from cpl_async.transport.events import EventKind as EventKind

    from .client import Client as Client
    from .resources.order_batches import OrderBatch as OrderBatch
    from .resources.shipment_batches import ShipmentBatch as ShipmentBatch
_TWINS = {"Client": "client", "OrderBatch": "resources.order_batches", "ShipmentBatch": "resources.shipment_batches"}
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
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(f".{_TWINS[name]}", __name__) if name in _TWINS else import_module("cpl_async")
    value = globals()[name] = getattr(home, name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
