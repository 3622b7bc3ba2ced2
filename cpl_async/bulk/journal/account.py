"""The lookup of an account's journal by base URL, client id and the state of a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from yarl import URL

from ...errors import CplError, JournalError, NotFound, ProtocolError
from ...settings import is_loopback
from . import JournalLocation

if TYPE_CHECKING:
    from ..client_protocols import InfoCalls

__all__ = ["AccountClient", "locate_journal"]

SANDBOX = "CPL sandbox"
TIMEOUT_SECONDS = 20.0
TRIES = 3
"""Attempts to read a response that cannot be parsed."""


class AccountClient(Protocol):
    """The attributes of a client that identify its account."""

    @property
    def base_url(self) -> str:
        """Base URL of the system."""
        ...

    @property
    def client_id(self) -> str:
        """Client id that the requests are made with."""
        ...

    @property
    def journal_address(self) -> str | None:
        """Address of the PostgreSQL database for the journal, or ``None`` if it was not configured."""
        ...

    @property
    def info(self) -> Any:
        """See :class:`InfoCalls`."""
        ...


async def locate_journal(client: AccountClient, timeout: float = TIMEOUT_SECONDS) -> JournalLocation:
    """Return the location of the journal of a client's account.

    A sandbox on this machine is identified by a request: a restarted sandbox has lost its state, and the journal of its
    predecessor would be misleading.

    :param timeout: Seconds for each of these requests. Default: 20.
    :raises JournalError: A server on this machine does not respond. A guess could select another journal, and shipments
        that exist already would be sent again.
    """
    world = await _sandbox_at(client, timeout) if is_loopback(URL(client.base_url).host or "") else ""
    return JournalLocation.of_account(client.base_url, client.client_id, world=world, url=client.journal_address)


async def _sandbox_at(client: AccountClient, timeout: float) -> str:
    """Return the id of the sandbox, or an empty string if the server is not a sandbox."""
    calls: InfoCalls = client.info
    for tries_left in reversed(range(TRIES)):
        try:
            info = await calls.get(timeout=timeout)
        except NotFound:
            return ""  # a server responds there, and it is not a sandbox
        except CplError as error:
            if tries_left and isinstance(error, ProtocolError):  # unreadable: it may be a sandbox
                continue
            raise JournalError(
                f"{client.base_url} does not say which system it is, so its journal is not known: {error.message}",
                advice="See that it is running, and try again; nothing was sent",
            ) from None
        return info.node or "" if info.application == SANDBOX else ""
    raise AssertionError("the last try returns or raises")
