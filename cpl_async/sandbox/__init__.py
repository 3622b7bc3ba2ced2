"""A CPL server for this machine, to try the SDK and to test code that uses it."""

from __future__ import annotations

from .faults import Fault, FaultKind
from .ledger import LedgerEntry
from .roles import Role
from .server import Sandbox
from .settings import SandboxSettings

__all__ = ["Fault", "FaultKind", "LedgerEntry", "Role", "Sandbox", "SandboxSettings"]
