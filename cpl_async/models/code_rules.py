"""Rules of the code lists that the schema does not contain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from attrs import frozen

from ..errors import Problem
from ..messages import Message, message
from .codelists import ServicePriceLimit
from .products import DOMESTIC_PRODUCTS, HOME_COUNTRY, INTERNATIONAL_PRODUCTS
from .shipment_batches import ExternalNumber, Insurance, Service, Shipment

__all__ = ["CodeRules"]

MAX_USUAL_PARCELS = 20
Violation = tuple[str, Message, str]
"""Path, message, allowed values."""


@frozen(kw_only=True)
class CodeRules:
    """Rules from the code lists. An empty list disables its rules."""

    products: frozenset[str]
    countries: Mapping[str, bool]
    """Whether cash on delivery is available, by country code."""
    currencies: frozenset[str]
    services: Mapping[str, bool]
    """Whether a customer may order the service, by code."""
    external_numbers: Mapping[str, bool]
    """Whether a customer may set the number, by code."""
    age_checks: frozenset[str]
    limits: Sequence[ServicePriceLimit]

    def problems_of(self, shipment: Shipment, path: str, index: int) -> list[Problem]:
        """Return all violations of the code lists in a shipment.

        :param shipment: Shipment to check.
        :param path: Path of the shipment in the request, e.g. ``shipments[3]``.
        :param index: Index of the shipment, from 0.
        """
        violations = [(*violation, False) for violation in self._errors(shipment)]
        violations += [(*violation, True) for violation in _warnings(shipment)]
        return [
            Problem(
                path=f"{path}.{field}",
                message=str(problem),
                detail=problem,
                allowed=allowed,
                warning=warning,
                index=index,
                reference_id=shipment.reference_id,
            )
            for field, problem, allowed, warning in violations
        ]

    def _errors(self, shipment: Shipment) -> Iterator[Violation]:
        yield from self._code("product_type", shipment.product_type, self.products, "kind.product")
        for name in ("recipient", "sender", "sender_mask", "back_address"):
            address = getattr(shipment, name)
            if address is not None and address.country is not None:
                yield from self._code(f"{name}.country", address.country, self.countries, "kind.country_name")
        if shipment.age_check is not None:
            yield from self._code("age_check", shipment.age_check, self.age_checks, "kind.age_check")
        yield from self._cash(shipment)
        yield from self._insurance(shipment.insurance, "insurance", shipment)
        yield from self._services(shipment.services, "services")
        yield from self._numbers(shipment.external_numbers, "external_numbers")
        for position, item in enumerate(shipment.shipment_set.shipment_set_items if shipment.shipment_set else ()):
            path = f"shipment_set.shipment_set_items[{position}]"
            yield from self._numbers(item.external_numbers, f"{path}.external_numbers")
            yield from self._insurance(item.insurance, f"{path}.insurance", shipment)
        if shipment.dormant is not None:
            yield from self._services(shipment.dormant.services, "dormant.services")
            yield from self._numbers(shipment.dormant.external_numbers, "dormant.external_numbers")

    def _code(self, path: str, code: str, known: Iterable[str], noun: str) -> Iterator[Violation]:
        codes = sorted(known)
        if codes and code not in codes:
            yield path, message("codes.unknown", kind=message(noun), code=code), ", ".join(codes)

    def _cash(self, shipment: Shipment) -> Iterator[Violation]:
        cash, country = shipment.cash_on_delivery, shipment.recipient.country or ""
        if cash is None:
            return
        if self.countries.get(country) is False:
            paying = ", ".join(sorted(code for code, collects in self.countries.items() if collects))
            yield "cash_on_delivery", message("codes.no_cash", country=country), paying
            return
        limits = self._limits("COD", shipment)
        yield from self._money(
            limits, cash.cod_currency, cash.cod_price, "cash_on_delivery.cod_currency", "cash_on_delivery.cod_price"
        )

    def _insurance(self, insurance: Insurance | None, path: str, shipment: Shipment) -> Iterator[Violation]:
        if insurance is not None:
            yield from self._money(
                self._limits("INSR", shipment),
                insurance.insurance_currency,
                insurance.insurance_price,
                f"{path}.insurance_currency",
                f"{path}.insurance_price",
            )

    def _limits(self, service: str, shipment: Shipment) -> list[ServicePriceLimit]:
        """Return the limits for a shipment; limits for its product take precedence over limits for all products."""
        country = shipment.recipient.country
        applicable = [
            entry for entry in self.limits if entry.service == service and entry.country in (country, None, "")
        ]
        return [entry for entry in applicable if entry.product == shipment.product_type] or [
            entry for entry in applicable if not entry.product
        ]

    def _money(
        self, limits: list[ServicePriceLimit], currency: str, price: Decimal, currency_path: str, price_path: str
    ) -> Iterator[Violation]:
        currencies = sorted({limit.currency for limit in limits if limit.currency}) or sorted(self.currencies)
        if currencies and currency not in currencies:
            yield currency_path, message("codes.currency", currency=currency), ", ".join(currencies)
            return
        for limit in limits:
            minimum, maximum = limit.min_price, limit.max_price
            if limit.currency == currency and (
                (minimum is not None and price < minimum) or (maximum is not None and price > maximum)
            ):
                yield (
                    price_path,
                    message("codes.price", price=str(price)),
                    f"{_number(minimum)} to {_number(maximum)} {currency}",
                )
                return

    def _services(self, services: Sequence[Service], path: str) -> Iterator[Violation]:
        yield from self._inputs([service.code for service in services], self.services, path, "kind.service")

    def _numbers(self, numbers: Sequence[ExternalNumber], path: str) -> Iterator[Violation]:
        codes = [number.code for number in numbers]
        yield from self._inputs(codes, self.external_numbers, path, "kind.external_number")

    def _inputs(self, codes: list[str], known: Mapping[str, bool], path: str, noun: str) -> Iterator[Violation]:
        settable = ", ".join(sorted(code for code, is_settable in known.items() if is_settable))
        for position, code in enumerate(codes):
            if known and code not in known:
                yield f"{path}[{position}].code", message("codes.unknown", kind=message(noun), code=code), settable
            elif known.get(code) is False:
                yield f"{path}[{position}].code", message("codes.not_settable", code=code), settable
        for code, count in Counter(codes).items():
            if count > 1:
                yield path, message("codes.repeated", code=code, count=count), "each code once"


def _warnings(shipment: Shipment) -> Iterator[Violation]:
    if shipment.cust is None:
        yield "external_numbers", message("codes.no_cust"), "see Shipment.with_cust"
    for name in ("name", "street", "city"):
        if not getattr(shipment.recipient, name):
            yield f"recipient.{name}", message("codes.empty_address"), ""
    if shipment.parcels > MAX_USUAL_PARCELS:
        many = message("codes.many_parcels", parcels=shipment.parcels, maximum=MAX_USUAL_PARCELS)
        yield "shipment_set.number_of_shipments", many, f"1 to {MAX_USUAL_PARCELS}, 50 at most"
    country, product = shipment.recipient.country, shipment.product_type
    for codes, fits in (
        (DOMESTIC_PRODUCTS, country == HOME_COUNTRY),
        (INTERNATIONAL_PRODUCTS, country != HOME_COUNTRY),
    ):
        if product in codes and not fits:
            other = INTERNATIONAL_PRODUCTS if codes is DOMESTIC_PRODUCTS else DOMESTIC_PRODUCTS
            yield (
                "product_type",
                message("codes.product_country", product=product, country=str(country)),
                ", ".join(sorted(other)),
            )


def _number(value: Decimal | None) -> str:
    return "any" if value is None else format(value.normalize(), "f")
