# generated from cpl_async/resources/routing.py by tools/generate_sync.py, do not edit
"""Routing information for labels of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from cpl_async.resources import routing as core

from .. import portal, proxies

if TYPE_CHECKING:
    from cpl_async.models.routing import Route
    from cpl_async.transport.call import CallOptions

__all__ = ["Routing"]


class Routing(proxies.SyncProxy[core.Routing]):
    """Routing of a shipment to an address."""

    __slots__ = ()

    def get(
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
        return portal.call(
            self._core.get,
            country,
            parcel_shop_code=parcel_shop_code,
            street=street,
            city=city,
            zip_code=zip_code,
            product_type=product_type,
            **options,
        )
