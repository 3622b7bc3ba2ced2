"""Bank accounts and addresses of the customer, as registered with the carrier."""

from __future__ import annotations

from attrs import Factory, define, field

from .items import Item

__all__ = ["Account", "Customer", "CustomerAddress"]


@define(kw_only=True)
class Account(Item):
    """A bank account to which cash on delivery in one currency is paid out."""

    bank_code: str | None = None
    country: str | None = None
    """Country code, ISO 3166-1 alpha-2."""
    currency: str | None = None
    """Currency code, ISO 4217."""
    swift: str | None = field(default=None, repr=False)


@define(kw_only=True)
class Customer:
    """The customer that the credentials belong to."""

    accounts: list[Account] = Factory(list)

    @property
    def currencies(self) -> list[str]:
        """Sorted codes of the currencies in which cash on delivery may be collected."""
        return sorted({account.currency for account in self.accounts if account.currency})


@define(kw_only=True)
class CustomerAddress(Item):
    """An address of the customer. The default address is the sender of a shipment without one."""

    code: str | None = None
    name: str | None = field(default=None, repr=False)
    name2: str | None = field(default=None, repr=False)
    street: str | None = field(default=None, repr=False)
    city: str | None = field(default=None, repr=False)
    zip_code: str | None = field(default=None, repr=False)
    country: str | None = None
    default: bool | None = None
