"""Routing information for labels of one's own."""

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
    """Routing of a shipment to an address."""

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
        """Return what a label of your own must show.

        Unsure: one object or an array may come, so a list is returned; it has one route as a rule.

        :param country: two letters, ISO 3166-1.
        :param parcel_shop_code: code of a pickup point, in place of an address.
        :param street: with its house number.
        :param city: name of the town.
        :param zip_code: postcode.
        :param product_type: code of a product.
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
