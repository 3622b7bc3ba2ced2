"""The customer: accounts, addresses, series of shipment numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ValidationError
from ..transport.call import Call
from .base import Resource

if TYPE_CHECKING:
    from typing import Unpack

    from ..models.customer import Customer, CustomerAddress
    from ..transport.call import CallOptions

__all__ = ["CustomerResource"]


class CustomerResource(Resource):
    """What the carrier knows of the customer."""

    async def get(self, **options: Unpack[CallOptions]) -> Customer:
        """Return the accounts, and with them the currencies in which money may be collected.

        :raises NotFound: where nothing is configured.
        """
        from ..models.customer import Customer

        return await self._object(Call(operation="customer.get", method="GET", path="customer"), options, Customer)

    async def addresses(self, **options: Unpack[CallOptions]) -> list[CustomerAddress]:
        """Return the customer's addresses; the default one is the sender where a shipment names none.

        :raises NotFound: where nothing is configured.
        """
        from ..models.customer import CustomerAddress

        call = Call(operation="customer.addresses", method="GET", path="customer/address")
        return await self._objects(call, options, CustomerAddress)

    async def create_number_range(self, request: Mapping[str, Any], **options: Unpack[CallOptions]) -> dict[str, Any]:
        """Reserve a series of shipment numbers; a number cannot be used twice.

        Unsure: neither body is documented, so both are mappings that pass through as they are.

        :param request: what the carrier's support says, with the API's own names.
        :return: the answer as it came.
        """
        from ..models.codec import encode

        if not isinstance(request, Mapping):
            raise ValidationError(f"a request is a mapping, not {type(request).__name__}; nothing was sent")
        call = Call(
            operation="customer.create_number_range",
            method="POST",
            path="customer/numberRange",
            body=encode(dict(request)),
            writes=True,
        )
        return await self._mapping(call, options)
