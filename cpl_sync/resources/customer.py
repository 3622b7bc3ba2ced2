# generated from cpl_async/resources/customer.py by tools/generate_sync.py, do not edit
"""The customer: accounts, addresses, series of shipment numbers."""

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
    """What the carrier knows of the customer."""

    __slots__ = ()

    def get(self, **options: Unpack[CallOptions]) -> Customer:
        """Return the accounts, and with them the currencies in which money may be collected.

        :raises NotFound: where nothing is configured.
        """
        return portal.call(self._core.get, **options)

    def addresses(self, **options: Unpack[CallOptions]) -> list[CustomerAddress]:
        """Return the customer's addresses; the default one is the sender where a shipment names none.

        :raises NotFound: where nothing is configured.
        """
        return portal.call(self._core.addresses, **options)

    def create_number_range(self, request: Mapping[str, Any], **options: Unpack[CallOptions]) -> dict[str, Any]:
        """Reserve a series of shipment numbers; a number cannot be used twice.

        Unsure: neither body is documented, so both are mappings that pass through as they are.

        :param request: what the carrier's support says, with the API's own names.
        :return: the answer as it came.
        """
        return portal.call(self._core.create_number_range, request, **options)
