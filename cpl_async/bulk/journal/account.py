"""Finds the journal of an account: of its base URL and client id, and of a sandbox's memory."""

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
TIMEOUT = 20.0
TRIES = 3
"""Of reading an answer that cannot be read."""


class AccountClient(Protocol):
    """A client, as far as its account is concerned."""

    @property
    def base_url(self) -> str:
        """The system."""
        ...

    @property
    def client_id(self) -> str:
        """Who asks."""
        ...

    @property
    def journal_address(self) -> str | None:
        """The PostgreSQL that it was given for its journal."""
        ...

    @property
    def info(self) -> Any:
        """See :class:`InfoCalls`."""
        ...


async def locate_journal(client: AccountClient) -> JournalLocation:
    """Return where the journal of a client's account lies.

    A sandbox on this machine is asked which one it is: one that was started anew has forgotten everything, and a
    journal of the one before it would mislead.

    :raises JournalError: when a server on this machine does not answer: a guess could mean another journal, and that
        what is shipped already is sent again.
    """
    world = await _sandbox_at(client) if is_loopback(URL(client.base_url).host or "") else ""
    return JournalLocation.of_account(client.base_url, client.client_id, world=world, url=client.journal_address)


async def _sandbox_at(client: AccountClient) -> str:
    """Return which sandbox it is; empty for a server that says that it is none."""
    calls: InfoCalls = client.info
    for tries_left in reversed(range(TRIES)):
        try:
            info = await calls.get(timeout=TIMEOUT)
        except NotFound:
            return ""  # something answers there, and it is no sandbox
        except CplError as error:
            if tries_left and isinstance(error, ProtocolError):  # garbage says nothing: a sandbox may have sent it
                continue
            raise JournalError(
                f"{client.base_url} does not say which system it is, so its journal is not known: {error.message}",
                advice="See that it is running, and try again; nothing was sent",
            ) from None
        return info.node or "" if info.application == SANDBOX else ""
    raise AssertionError("the last try returns or raises")
