# generated from cpl_async/resources/address_whisper.py by tools/generate_sync.py, do not edit
"""Address suggestions for autocompletion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from cpl_async.resources import address_whisper as core

from .. import portal, proxies

if TYPE_CHECKING:
    from cpl_async.models.address_whisper import AddressWhisp
    from cpl_async.transport.call import CallOptions

__all__ = ["AddressWhisper"]


class AddressWhisper(proxies.SyncProxy[core.AddressWhisper]):
    """Address suggestions."""

    __slots__ = ()

    def suggest(
        self,
        *,
        street: str | None = None,
        zip_code: str | None = None,
        city: str | None = None,
        called_from: str | None = None,
        **options: Unpack[CallOptions],
    ) -> list[AddressWhisp]:
        """Return addresses that start with the given text.

        :param street: Beginning of the street, with or without a house number. Default: any.
        :param zip_code: Beginning of the postcode. Default: any.
        :param city: Beginning of the city. Default: any.
        :param called_from: Field that the user is typing in: ``Street``, ``ZipCode`` or ``City``. Default: not sent.
        """
        return portal.call(
            self._core.suggest, street=street, zip_code=zip_code, city=city, called_from=called_from, **options
        )
