# generated from cpl_async/resources/routing.py by tools/generate_sync.py, do not edit
"""Routing data for self-made labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from cpl_async.resources import routing as core

from .. import portal, proxies

if TYPE_CHECKING:
    from cpl_async.models.routing import Route
    from cpl_async.transport.call import CallOptions

__all__ = ["Routing"]


class Routing(proxies.SyncProxy[core.Routing]):
    """Routing of shipments."""

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
        """Return the routing data that a self-made label must show.

        Unsure: the server may return an object or an array, so a list is returned; it usually has one route.

        :param country: Country code, ISO 3166-1 alpha-2.
        :param parcel_shop_code: Code of a pickup point, instead of an address. Default: none.
        :param street: Street with house number. Default: none.
        :param city: City. Default: none.
        :param zip_code: Postcode. Default: none.
        :param product_type: Product code. Default: none.
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
