"""A local CPL server for experiments and tests."""

from __future__ import annotations

from .faults import Fault, FaultKind
from .ledger import LedgerEntry
from .roles import Role
from .server import Sandbox
from .settings import SandboxSettings

__all__ = ["Fault", "FaultKind", "LedgerEntry", "Role", "Sandbox", "SandboxSettings"]
