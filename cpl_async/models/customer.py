"""The customer's accounts and addresses, as the carrier has them."""

from __future__ import annotations

from attrs import Factory, define, field

from .items import Item

__all__ = ["Account", "Customer", "CustomerAddress"]


@define(kw_only=True)
class Account(Item):
    """An account that money collected in one currency is paid to."""

    bank_code: str | None = None
    country: str | None = None
    """Two letters, ISO 3166-1."""
    currency: str | None = None
    """ISO 4217."""
    swift: str | None = field(default=None, repr=False)


@define(kw_only=True)
class Customer:
    """The customer whose credentials are used."""

    accounts: list[Account] = Factory(list)

    @property
    def currencies(self) -> list[str]:
        """Currencies in which cash on delivery may be collected."""
        return sorted({account.currency for account in self.accounts if account.currency})


@define(kw_only=True)
class CustomerAddress(Item):
    """An address of the customer; the default one is the sender where a shipment names none."""

    code: str | None = None
    name: str | None = field(default=None, repr=False)
    name2: str | None = field(default=None, repr=False)
    street: str | None = field(default=None, repr=False)
    city: str | None = field(default=None, repr=False)
    zip_code: str | None = field(default=None, repr=False)
    country: str | None = None
    default: bool | None = None
