"""Operations on the customer's accounts, addresses and shipment number ranges."""

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
    """The customer, as registered with the carrier."""

    async def get(self, **options: Unpack[CallOptions]) -> Customer:
        """Return the customer's bank accounts, which determine the currencies of cash on delivery.

        :raises NotFound: If no account is configured.
        """
        from ..models.customer import Customer

        return await self._object(Call(operation="customer.get", method="GET", path="customer"), options, Customer)

    async def addresses(self, **options: Unpack[CallOptions]) -> list[CustomerAddress]:
        """Return the customer's addresses. The default address is the sender of a shipment without one.

        :raises NotFound: If no address is configured.
        """
        from ..models.customer import CustomerAddress

        call = Call(operation="customer.addresses", method="GET", path="customer/address")
        return await self._objects(call, options, CustomerAddress)

    async def create_number_range(self, request: Mapping[str, Any], **options: Unpack[CallOptions]) -> dict[str, Any]:
        """Reserve a range of shipment numbers; each number can be used once.

        Unsure: neither body is documented, so both are passed through unchanged.

        :param request: Request body with the API's names, as specified by the carrier's support.
        :return: The response body.
        """
        from ..models.codec import encode

        if not isinstance(request, Mapping):
            raise ValidationError(f"request must be a mapping, not {type(request).__name__}; nothing was sent")
        call = Call(
            operation="customer.create_number_range",
            method="POST",
            path="customer/numberRange",
            body=encode(dict(request)),
            writes=True,
        )
        return await self._mapping(call, options)
