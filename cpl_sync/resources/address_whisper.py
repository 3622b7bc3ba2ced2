# generated from cpl_async/resources/address_whisper.py by tools/generate_sync.py, do not edit
"""Suggestions of addresses while one is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from cpl_async.resources import address_whisper as core

from .. import portal, proxies

if TYPE_CHECKING:
    from cpl_async.models.address_whisper import AddressWhisp
    from cpl_async.transport.call import CallOptions

__all__ = ["AddressWhisper"]


class AddressWhisper(proxies.SyncProxy[core.AddressWhisper]):
    """Suggestions of addresses."""

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
        """Return addresses that begin as what was typed so far.

        :param street: with or without a house number.
        :param zip_code: postcode.
        :param city: name of the town.
        :param called_from: the field being typed: ``Street``, ``ZipCode`` or ``City``.
        """
        return portal.call(
            self._core.suggest, street=street, zip_code=zip_code, city=city, called_from=called_from, **options
        )
