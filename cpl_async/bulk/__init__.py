"""The bulk engine: its public names, loaded at first use.

Other packages import from here and from nowhere below.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import SHARD_SIZE as SHARD_SIZE
    from .api import Bulk as Bulk
    from .api import BulkOptions as BulkOptions
    from .api import FileOptions as FileOptions
    from .client_protocols import BulkClient as BulkClient
    from .jobs import BulkJob as BulkJob
    from .jobs import JobCancelled as JobCancelled
    from .jobs import Jobs as Jobs
    from .jobs import UndecidedRow as UndecidedRow
    from .journal import Journal as Journal
    from .journal import JournalLocation as JournalLocation
    from .journal.account import locate_journal as locate_journal
    from .journal.journal import NoSuchJob as NoSuchJob
    from .journal.shard_repository import ShardStats as ShardStats
    from .options import DEFAULT_SETTLE_TIME as DEFAULT_SETTLE_TIME
    from .options import FOR_EXCEL as FOR_EXCEL
    from .options import FOR_PROGRAMS as FOR_PROGRAMS
    from .options import JobOptions as JobOptions
    from .output.folder import JobSummary as JobSummary
    from .parsing.column_mapping import ShopMapping as ShopMapping
    from .pipeline.send_cycle import PERMANENT_STATUSES as PERMANENT_STATUSES
    from .progress import JobObserver as JobObserver
    from .progress import Phase as Phase
    from .progress import Progress as Progress
    from .readers.mapping_file import load_mapping as load_mapping
    from .readers.reading_options import ReadingOptions as ReadingOptions
    from .readers.stdin import STDIN_NAME as STDIN_NAME
    from .readers.stdin import spooled as spooled
    from .reconcile.canceller import CancelResult as CancelResult
    from .reconcile.evidence import Verdict as Verdict
    from .reconcile.standalone import Reconciled as Reconciled
    from .reconcile.standalone import reconcile_references as reconcile_references
    from .records import FoundShipment as FoundShipment
    from .records import Resolution as Resolution
    from .records import RowProblems as RowProblems
    from .reports.formatting import Formatter as Formatter
    from .runs.enqueued_job import EnqueuedJob as EnqueuedJob
    from .runs.enqueued_job import RejectedRow as RejectedRow
    from .runs.file_check import CheckResult as CheckResult
    from .runs.file_check import check_file as check_file
    from .runs.file_run import file_run as file_run
    from .runs.lease import LEASE_SECONDS as LEASE_SECONDS
    from .runs.row_results import OrderResult as OrderResult
    from .runs.row_results import ParcelLabel as ParcelLabel
    from .runs.row_results import ShipResult as ShipResult
    from .runs.runner import JobRunner as JobRunner
    from .runs.worker import ShardResult as ShardResult
    from .shutdown import unless_stopped as unless_stopped

_HOMES = {
    "api": ("SHARD_SIZE", "Bulk", "BulkOptions", "FileOptions"),
    "client_protocols": ("BulkClient",),
    "jobs": ("BulkJob", "JobCancelled", "Jobs", "UndecidedRow"),
    "journal": ("Journal", "JournalLocation"),
    "journal.account": ("locate_journal",),
    "journal.journal": ("NoSuchJob",),
    "journal.shard_repository": ("ShardStats",),
    "options": ("DEFAULT_SETTLE_TIME", "FOR_EXCEL", "FOR_PROGRAMS", "JobOptions"),
    "output.folder": ("JobSummary",),
    "parsing.column_mapping": ("ShopMapping",),
    "pipeline.send_cycle": ("PERMANENT_STATUSES",),
    "progress": ("JobObserver", "Phase", "Progress"),
    "readers.mapping_file": ("load_mapping",),
    "readers.reading_options": ("ReadingOptions",),
    "readers.stdin": ("STDIN_NAME", "spooled"),
    "reconcile.canceller": ("CancelResult",),
    "reconcile.evidence": ("Verdict",),
    "reconcile.standalone": ("Reconciled", "reconcile_references"),
    "records": ("FoundShipment", "Resolution", "RowProblems"),
    "reports.formatting": ("Formatter",),
    "runs.enqueued_job": ("EnqueuedJob", "RejectedRow"),
    "runs.file_check": ("CheckResult", "check_file"),
    "runs.file_run": ("file_run",),
    "runs.lease": ("LEASE_SECONDS",),
    "runs.row_results": ("OrderResult", "ParcelLabel", "ShipResult"),
    "runs.runner": ("JobRunner",),
    "runs.worker": ("ShardResult",),
    "shutdown": ("unless_stopped",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "DEFAULT_SETTLE_TIME",
    "FOR_EXCEL",
    "FOR_PROGRAMS",
    "LEASE_SECONDS",
    "PERMANENT_STATUSES",
    "SHARD_SIZE",
    "STDIN_NAME",
    "Bulk",
    "BulkClient",
    "BulkJob",
    "BulkOptions",
    "CancelResult",
    "CheckResult",
    "EnqueuedJob",
    "FileOptions",
    "Formatter",
    "FoundShipment",
    "JobCancelled",
    "JobObserver",
    "JobOptions",
    "JobRunner",
    "JobSummary",
    "Jobs",
    "Journal",
    "JournalLocation",
    "NoSuchJob",
    "OrderResult",
    "ParcelLabel",
    "Phase",
    "Progress",
    "ReadingOptions",
    "Reconciled",
    "RejectedRow",
    "Resolution",
    "RowProblems",
    "ShardResult",
    "ShardStats",
    "ShipResult",
    "ShopMapping",
    "UndecidedRow",
    "Verdict",
    "check_file",
    "file_run",
    "load_mapping",
    "locate_journal",
    "reconcile_references",
    "spooled",
    "unless_stopped",
]


def __getattr__(name: str) -> Any:
    if (module := _HOME.get(name)) is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{module}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
