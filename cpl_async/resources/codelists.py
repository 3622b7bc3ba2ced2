"""Operations on code lists, which translate the API's codes into Czech or English names."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from ..transport.call import CallOptions
from .base import MAX_PAGE_SIZE, Listing, PagePosition
from .cached_resource import CachedResource

if TYPE_CHECKING:
    from typing import Unpack

    from ..models.codelists import (
        CodelistEntry,
        Country,
        ExternalNumberType,
        ServicePriceLimit,
        ServiceType,
        ValidationMessage,
    )
    from ..models.pages import Page

__all__ = ["CODELISTS", "Codelists", "PriceLimitFilters"]

T = TypeVar("T")
CODELISTS = (
    "age_checks",
    "products",
    "external_numbers",
    "countries",
    "currencies",
    "services",
    "service_price_limits",
    "shipment_phases",
    "statuses",
    "validation_messages",
    "identity_documents",
    "document_types",
)
"""Names of the operations of all code lists."""


class PriceLimitFilters(CallOptions, total=False):
    """Filters of ``codelists.service_price_limits``, in addition to the options of every call."""

    service: str
    """Service code, e.g. ``COD`` or ``INSR``."""
    currency: str
    """Currency code, ISO 4217."""
    country: str
    """Country code, ISO 3166-1 alpha-2."""
    product: str
    """Product code."""


PRICE_LIMITS = Listing.of("codelists.service_price_limits", "codelist/servicePriceLimit", PriceLimitFilters)


class Codelists(CachedResource):
    """Code lists. Names are in the language of the call."""

    __slots__ = ()

    async def iterate(
        self, codelist: Callable[..., Awaitable[Page[T]]], **options: Unpack[CallOptions]
    ) -> AsyncGenerator[T, None]:
        """Yield all entries of a code list.

        :param codelist: Method of this resource that returns the list, e.g. ``cpl.codelists.products``.
        """
        position = PagePosition("codelists.iterate")
        last = False
        while not last:
            page = await codelist(limit=MAX_PAGE_SIZE, offset=position.offset, **options)
            last = position.advance(page)
            for entry in page.items:
                yield entry

    async def age_checks(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **options: Unpack[CallOptions]
    ) -> Page[CodelistEntry]:
        """Return codes of age checks, for ``Shipment.age_check``."""
        from ..models.codelists import CodelistEntry

        return await self._page(
            Listing("codelists.age_checks", "codelist/ageCheck"), options, CodelistEntry, limit, offset
        )

    async def products(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **options: Unpack[CallOptions]
    ) -> Page[CodelistEntry]:
        """Return product codes, e.g. ``PRIV``, for ``Shipment.product_type``."""
        from ..models.codelists import CodelistEntry

        return await self._page(
            Listing("codelists.products", "codelist/product"), options, CodelistEntry, limit, offset
        )

    async def external_numbers(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **options: Unpack[CallOptions]
    ) -> Page[ExternalNumberType]:
        """Return codes of external numbers, e.g. ``CUST``."""
        from ..models.codelists import ExternalNumberType

        return await self._page(
            Listing("codelists.external_numbers", "codelist/externalNumber"), options, ExternalNumberType, limit, offset
        )

    async def countries(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **options: Unpack[CallOptions]
    ) -> Page[Country]:
        """Return destination countries, and whether cash on delivery is available there."""
        from ..models.codelists import Country

        return await self._page(Listing("codelists.countries", "codelist/country"), options, Country, limit, offset)

    async def currencies(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **options: Unpack[CallOptions]
    ) -> Page[CodelistEntry]:
        """Return currencies."""
        from ..models.codelists import CodelistEntry

        return await self._page(
            Listing("codelists.currencies", "codelist/currency"), options, CodelistEntry, limit, offset
        )

    async def services(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **options: Unpack[CallOptions]
    ) -> Page[ServiceType]:
        """Return codes of additional services."""
        from ..models.codelists import ServiceType

        return await self._page(Listing("codelists.services", "codelist/service"), options, ServiceType, limit, offset)

    async def service_price_limits(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **filters: Unpack[PriceLimitFilters]
    ) -> Page[ServicePriceLimit]:
        """Return the minimum and maximum amounts of services, e.g. of cash on delivery by country and currency."""
        from ..models.codelists import ServicePriceLimit

        return await self._page(PRICE_LIMITS, filters, ServicePriceLimit, limit, offset)

    async def shipment_phases(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **options: Unpack[CallOptions]
    ) -> Page[CodelistEntry]:
        """Return phases of a shipment's journey."""
        from ..models.codelists import CodelistEntry

        return await self._page(
            Listing("codelists.shipment_phases", "codelist/shipmentPhase"), options, CodelistEntry, limit, offset
        )

    async def statuses(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **options: Unpack[CallOptions]
    ) -> Page[CodelistEntry]:
        """Return shipment statuses."""
        from ..models.codelists import CodelistEntry

        return await self._page(Listing("codelists.statuses", "codelist/status"), options, CodelistEntry, limit, offset)

    async def validation_messages(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **options: Unpack[CallOptions]
    ) -> Page[ValidationMessage]:
        """Return messages of rejected requests and import errors."""
        from ..models.codelists import ValidationMessage

        return await self._page(
            Listing("codelists.validation_messages", "codelist/validationMessage"),
            options,
            ValidationMessage,
            limit,
            offset,
        )

    async def identity_documents(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **options: Unpack[CallOptions]
    ) -> Page[CodelistEntry]:
        """Return types of identity documents."""
        from ..models.codelists import CodelistEntry

        return await self._page(
            Listing("codelists.identity_documents", "codelist/proofOfIdentityType"),
            options,
            CodelistEntry,
            limit,
            offset,
        )

    async def document_types(
        self, *, limit: int = MAX_PAGE_SIZE, offset: int = 0, **options: Unpack[CallOptions]
    ) -> Page[CodelistEntry]:
        """Return types of customs documents, for ``shipments.add_documents``.

        Unsure: the list is assumed to have the format of the other code lists.
        """
        from ..models.codelists import CodelistEntry

        return await self._page(
            Listing("codelists.document_types", "codelist/documentType"), options, CodelistEntry, limit, offset
        )
