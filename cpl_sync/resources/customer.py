# generated from cpl_async/resources/customer.py by tools/generate_sync.py, do not edit
"""Operations on the customer's accounts, addresses and shipment number ranges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

from cpl_async.resources import customer as core

from .. import portal, proxies

if TYPE_CHECKING:
    from cpl_async.models.customer import Customer, CustomerAddress
    from cpl_async.transport.call import CallOptions

__all__ = ["CustomerResource"]


class CustomerResource(proxies.SyncProxy[core.CustomerResource]):
    """The customer, as registered with the carrier."""

    __slots__ = ()

    def get(self, **options: Unpack[CallOptions]) -> Customer:
        """Return the customer's bank accounts, which determine the currencies of cash on delivery.

        :raises NotFound: If no account is configured.
        """
        return portal.call(self._core.get, **options)

    def addresses(self, **options: Unpack[CallOptions]) -> list[CustomerAddress]:
        """Return the customer's addresses. The default address is the sender of a shipment without one.

        :raises NotFound: If no address is configured.
        """
        return portal.call(self._core.addresses, **options)

    def create_number_range(self, request: Mapping[str, Any], **options: Unpack[CallOptions]) -> dict[str, Any]:
        """Reserve a range of shipment numbers; each number can be used once.

        Unsure: neither body is documented, so both are passed through unchanged.

        :param request: Request body with the API's names, as specified by the carrier's support.
        :return: The response body.
        """
        return portal.call(self._core.create_number_range, request, **options)
