"""Routing data for self-made labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..transport.call import Call
from .base import Resource, query_params

if TYPE_CHECKING:
    from typing import Unpack

    from ..models.routing import Route
    from ..transport.call import CallOptions

__all__ = ["Routing"]


class Routing(Resource):
    """Routing of shipments."""

    async def get(
        self,
        country: str,
        *,
        parcel_shop_code: str | None = None,
        street: str | None = None,
        city: str | None = None,
        zip_code: str | None = None,
        product_type: str | None = None,
        **options: Unpack[CallOptions],
    ) -> list[Route]:
        """Return the routing data that a self-made label must show.

        Unsure: the server may return an object or an array, so a list is returned; it usually has one route.

        :param country: Country code, ISO 3166-1 alpha-2.
        :param parcel_shop_code: Code of a pickup point, instead of an address. Default: none.
        :param street: Street with house number. Default: none.
        :param city: City. Default: none.
        :param zip_code: Postcode. Default: none.
        :param product_type: Product code. Default: none.
        """
        from ..models.routing import Route

        params = {
            "country": country,
            "parcel_shop_code": parcel_shop_code,
            "street": street,
            "city": city,
            "zip_code": zip_code,
            "product_type": product_type,
        }
        call = Call(operation="routing.get", method="GET", path="routing", query=query_params(params))
        return await self._objects(call, options, Route)
