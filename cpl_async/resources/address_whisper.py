"""Address suggestions for autocompletion."""

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
    """Address suggestions."""

    async def suggest(
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
        from ..models.address_whisper import AddressWhisp

        params = {"street": street, "zip_code": zip_code, "city": city, "called_from": called_from}
        call = Call(
            operation="address_whisper.suggest", method="GET", path="addressWhisper", query=query_params(params)
        )
        return await self._objects(call, options, AddressWhisp)
