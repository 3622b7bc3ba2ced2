"""An access token as the API gives it."""

from __future__ import annotations

from attrs import define, field

__all__ = ["AccessToken"]


@define(kw_only=True)
class AccessToken:
    """A token for requests of your own; its repr does not show it."""

    access_token: str = field(repr=False)
    token_type: str = "Bearer"  # noqa: S105 - a kind, no secret
    expires_in: int = 1800
    """Seconds that it still lasts; 1,800 when it is new."""
    scope: str | None = None
