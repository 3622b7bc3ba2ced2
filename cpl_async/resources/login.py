"""The access token, for requests of one's own and for trying credentials."""

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
    """Access tokens; every other call gets its own by itself."""

    async def get_access_token(self, **options: Unpack[CallOptions]) -> AccessToken:
        """Return the token that this client's calls use, fetched when there is none.

        It is shared by all who use the same credentials, for at most 12 may be asked for in a minute.

        :raises AuthenticationError: when the credentials are refused. Unsure: the server may answer 400 or 401 then.
        """
        from ..models.login import AccessToken

        token = await (await self._client._transport()).ready(options)
        return AccessToken(
            access_token=token.value,
            token_type=token.kind,
            expires_in=max(0, round(token.ends_at - monotonic())),
            scope=token.scope,
        )
