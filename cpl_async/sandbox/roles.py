"""Roles of clients and their permissions."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Role"]


class Role(StrEnum):
    """Role of a client's credentials (source: the vendor's documentation)."""

    CLIENT = "client"
    """All operations."""
    PICKUP_POINTS = "pickupPoints"
    """Pickup points and code lists only."""
    TRACKING = "tracking"
    """Tracking of shipments only."""
    SUPERVISOR = "supervisor"
    API_ACCESS_MANAGER = "apiAccessManager"
    SANDBOX_ACCESS_MANAGER = "sandboxAccessManager"

    def may(self, operation: str) -> bool:
        """Return whether the role permits an operation. All roles permit login and the service's state."""
        if operation in ("login.get_access_token", "info.get"):
            return True
        if self is Role.PICKUP_POINTS:
            return operation.startswith(("access_points.", "codelists."))
        if self is Role.TRACKING:
            return operation == "shipments.list"
        return True
