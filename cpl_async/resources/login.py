"""Access tokens for custom requests and for testing credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..system.clock import monotonic
from .base import Resource

if TYPE_CHECKING:
    from typing import Unpack

    from ..models.login import AccessToken
    from ..transport.call import CallOptions

__all__ = ["Login"]


class Login(Resource):
    """Access tokens. All other calls fetch their token automatically."""

    async def get_access_token(self, **options: Unpack[CallOptions]) -> AccessToken:
        """Return the token of this client, which is fetched if necessary.

        Clients with the same credentials share a token, because the server issues at most 12 tokens per minute.

        :raises AuthenticationError: If the credentials are rejected. Unsure: with status 400 or 401.
        """
        from ..models.login import AccessToken

        token = await (await self._client._transport()).ready(options)
        return AccessToken(
            access_token=token.value,
            token_type=token.kind,
            expires_in=max(0, round(token.ends_at - monotonic())),
            scope=token.scope,
        )
