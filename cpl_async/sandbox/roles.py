"""What each role of a client may ask for."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Role"]


class Role(StrEnum):
    """Roles of credentials (source: the vendor's documentation)."""

    CLIENT = "client"
    """All calls."""
    PICKUP_POINTS = "pickupPoints"
    """Pickup points and code lists only."""
    TRACKING = "tracking"
    """Tracking of shipments only."""
    SUPERVISOR = "supervisor"
    API_ACCESS_MANAGER = "apiAccessManager"
    SANDBOX_ACCESS_MANAGER = "sandboxAccessManager"

    def may(self, operation: str) -> bool:
        """Return whether this role may ask for an operation; everybody may log in and ask for the service's state."""
        if operation in ("login.get_access_token", "info.get"):
            return True
        if self is Role.PICKUP_POINTS:
            return operation.startswith(("access_points.", "codelists."))
        if self is Role.TRACKING:
            return operation == "shipments.list"
        return True
