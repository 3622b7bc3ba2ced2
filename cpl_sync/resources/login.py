# generated from cpl_async/resources/login.py by tools/generate_sync.py, do not edit
"""Access tokens for custom requests and for testing credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from cpl_async.resources import login as core

from .. import portal, proxies

if TYPE_CHECKING:
    from cpl_async.models.login import AccessToken
    from cpl_async.transport.call import CallOptions

__all__ = ["Login"]


class Login(proxies.SyncProxy[core.Login]):
    """Access tokens. All other calls fetch their token automatically."""

    __slots__ = ()

    def get_access_token(self, **options: Unpack[CallOptions]) -> AccessToken:
        """Return the token of this client, which is fetched if necessary.

        Clients with the same credentials share a token, because the server issues at most 12 tokens per minute.

        :raises AuthenticationError: If the credentials are rejected. Unsure: with status 400 or 401.
        """
        return portal.call(self._core.get_access_token, **options)
