"""Suggestions of addresses while one is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..transport.call import Call
from .base import Resource, query_params

if TYPE_CHECKING:
    from typing import Unpack

    from ..models.address_whisper import AddressWhisp
    from ..transport.call import CallOptions

__all__ = ["AddressWhisper"]


class AddressWhisper(Resource):
    """Suggestions of addresses."""

    async def suggest(
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
        from ..models.address_whisper import AddressWhisp

        params = {"street": street, "zip_code": zip_code, "city": city, "called_from": called_from}
        call = Call(
            operation="address_whisper.suggest", method="GET", path="addressWhisper", query=query_params(params)
        )
        return await self._objects(call, options, AddressWhisp)
