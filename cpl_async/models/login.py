"""Access tokens of the API."""

from __future__ import annotations

from attrs import define, field

__all__ = ["AccessToken"]


@define(kw_only=True)
class AccessToken:
    """An access token for custom requests. Its repr hides the token."""

    access_token: str = field(repr=False)
    token_type: str = "Bearer"  # noqa: S105 - a token type, not a secret
    expires_in: int = 1800
    """Remaining lifetime in seconds; 1,800 for a new token."""
    scope: str | None = None
