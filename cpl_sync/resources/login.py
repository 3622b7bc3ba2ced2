# generated from cpl_async/resources/login.py by tools/generate_sync.py, do not edit
"""The access token, for requests of one's own and for trying credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from cpl_async.resources import login as core

from .. import portal, proxies

if TYPE_CHECKING:
    from cpl_async.models.login import AccessToken
    from cpl_async.transport.call import CallOptions

__all__ = ["Login"]


class Login(proxies.SyncProxy[core.Login]):
    """Access tokens; every other call gets its own by itself."""

    __slots__ = ()

    def get_access_token(self, **options: Unpack[CallOptions]) -> AccessToken:
        """Return the token that this client's calls use, fetched when there is none.

        It is shared by all who use the same credentials, for at most 12 may be asked for in a minute.

        :raises AuthenticationError: when the credentials are refused. Unsure: the server may answer 400 or 401 then.
        """
        return portal.call(self._core.get_access_token, **options)
