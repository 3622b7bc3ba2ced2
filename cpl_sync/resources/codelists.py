# generated from cpl_async/resources/codelists.py by tools/generate_sync.py, do not edit
"""Operations on code lists, which translate the API's codes into Czech or English names."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Self, Unpack

from cpl_async.resources import codelists as core
from cpl_async.resources.base import MAX_PAGE_SIZE
from cpl_async.resources.page_cache import DAY_SECONDS

from .. import portal, proxies

if TYPE_CHECKING:
    from cpl_async.models.codelists import (
        CodelistEntry,
        Country,
        ExternalNumberType,
        ServicePriceLimit,
        ServiceType,
        ValidationMessage,
    )
    from cpl_async.models.pages import Page
    from cpl_async.resources.codelists import PriceLimitFilters, T
    from cpl_async.transport.call import CallOptions

__all__ = ["Codelists"]


class Codelists(proxies.SyncProxy[core.Codelists]):
    """Code lists. Names are in the language of the call."""

    __slots__ = ()

    def iterate(self, codelist: Callable[..., Page[T]], **options: Unpack[CallOptions]) -> Generator[T, None, None]:
        """Yield all entries of a code list.

        :param codelist: Method of this resource that returns the list, e.g. ``cpl.codelists.products``.
        """
        return portal.iterate(self._core.iterate, codelist, **options)

    def age_checks(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **options: Unpack[CallOptions]
    ) -> Page[CodelistEntry]:
        """Return codes of age checks, for ``Shipment.age_check``."""
        return portal.call(self._core.age_checks, limit=limit, offset=offset, **options)

    def products(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **options: Unpack[CallOptions]
    ) -> Page[CodelistEntry]:
        """Return product codes, e.g. ``PRIV``, for ``Shipment.product_type``."""
        return portal.call(self._core.products, limit=limit, offset=offset, **options)

    def external_numbers(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **options: Unpack[CallOptions]
    ) -> Page[ExternalNumberType]:
        """Return codes of external numbers, e.g. ``CUST``."""
        return portal.call(self._core.external_numbers, limit=limit, offset=offset, **options)

    def countries(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **options: Unpack[CallOptions]
    ) -> Page[Country]:
        """Return destination countries, and whether cash on delivery is available there."""
        return portal.call(self._core.countries, limit=limit, offset=offset, **options)

    def currencies(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **options: Unpack[CallOptions]
    ) -> Page[CodelistEntry]:
        """Return currencies."""
        return portal.call(self._core.currencies, limit=limit, offset=offset, **options)

    def services(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **options: Unpack[CallOptions]
    ) -> Page[ServiceType]:
        """Return codes of additional services."""
        return portal.call(self._core.services, limit=limit, offset=offset, **options)

    def service_price_limits(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **filters: Unpack[PriceLimitFilters]
    ) -> Page[ServicePriceLimit]:
        """Return the minimum and maximum amounts of services, e.g. of cash on delivery by country and currency."""
        return portal.call(self._core.service_price_limits, limit=limit, offset=offset, **filters)

    def shipment_phases(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **options: Unpack[CallOptions]
    ) -> Page[CodelistEntry]:
        """Return phases of a shipment's journey."""
        return portal.call(self._core.shipment_phases, limit=limit, offset=offset, **options)

    def statuses(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **options: Unpack[CallOptions]
    ) -> Page[CodelistEntry]:
        """Return shipment statuses."""
        return portal.call(self._core.statuses, limit=limit, offset=offset, **options)

    def validation_messages(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **options: Unpack[CallOptions]
    ) -> Page[ValidationMessage]:
        """Return messages of rejected requests and import errors."""
        return portal.call(self._core.validation_messages, limit=limit, offset=offset, **options)

    def identity_documents(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **options: Unpack[CallOptions]
    ) -> Page[CodelistEntry]:
        """Return types of identity documents."""
        return portal.call(self._core.identity_documents, limit=limit, offset=offset, **options)

    def document_types(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **options: Unpack[CallOptions]
    ) -> Page[CodelistEntry]:
        """Return types of customs documents, for ``shipments.add_documents``.

        Unsure: the list is assumed to have the format of the other code lists.
        """
        return portal.call(self._core.document_types, limit=limit, offset=offset, **options)

    def cached(self, *, ttl: float = DAY_SECONDS, stale_for: float = 0.0) -> Self:
        """Return this resource with a page cache.

        Calls of one client with the same two times share a cache. By default no page is older than ``ttl``. With
        ``stale_for``, an older page is returned while the server fails; it is marked ``stale`` and a warning is
        logged.

        :param ttl: Time to live of a page in seconds, greater than 0. Default: one day.
        :param stale_for: Seconds after ``ttl`` in which a stale page may be returned, at least 0. Default: 0.
        :raises ConfigurationError: If a time is out of range.
        """
        return type(self)(self._core.cached(ttl=ttl, stale_for=stale_for), self)
