"""Checks of shipments and choice of products by the cached code lists."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..errors import Problem, ValidationError
from ..system.event_loop import running_loop
from .batches import CHECK_CHUNK_SIZE, as_list, find_problems

if TYPE_CHECKING:
    from ..models.code_rules import CodeRules
    from ..models.products import ProductChoice
    from ..models.shipment_batches import Shipment
    from .codelists import Codelists

__all__ = ["check_shipments", "choose_checked_product"]


async def check_shipments(codelists: Codelists, shipments: Iterable[Shipment], options: Any) -> list[Problem]:
    """Return all problems of shipments: of each shipment, between shipments, and violations of the code lists."""
    from ..models.shipment_batches import Shipment

    rules = await _rules(codelists.cached(), options)
    shipments = as_list("shipments", shipments)
    problems = await find_problems("shipments", shipments, Shipment)
    for index, shipment in enumerate(shipments):
        if index % CHECK_CHUNK_SIZE == CHECK_CHUNK_SIZE - 1:
            await asyncio.sleep(0)
        try:
            problems += rules.problems_of(shipment, f"shipments[{index}]", index)
        except (AttributeError, TypeError):  # a field has the wrong type, which was already reported
            if not any(problem.index == index for problem in problems):
                raise
    return sorted(problems, key=lambda problem: problem.index or 0)


async def _rules(codelists: Codelists, options: Any) -> CodeRules:
    from ..models.code_rules import CodeRules

    running_loop()
    products, countries, currencies, services = await asyncio.gather(
        codelists.products(**options),
        codelists.countries(**options),
        codelists.currencies(**options),
        codelists.services(**options),
    )
    numbers, ages, limits = await asyncio.gather(
        codelists.external_numbers(**options),
        codelists.age_checks(**options),
        codelists.service_price_limits(**options),
    )
    return CodeRules(
        products=frozenset(entry.code for entry in products if entry.code),
        countries={entry.code: entry.cash_on_delivery is not False for entry in countries if entry.code},
        currencies=frozenset(entry.code for entry in currencies if entry.code),
        services={entry.code: entry.allow_input is not False for entry in services if entry.code},
        external_numbers={entry.code: entry.allow_input is not False for entry in numbers if entry.code},
        age_checks=frozenset(entry.code for entry in ages if entry.code),
        limits=limits.items,
    )


async def choose_checked_product(
    codelists: Codelists, country: str, pickup_point: str | bool | None, business: bool, cash: bool, options: Any
) -> ProductChoice:
    """Return a product that was checked against the code lists."""
    from ..models.products import choose_product

    if not isinstance(country, str):
        raise ValidationError(
            f"country must be a string of two letters, not {type(country).__name__}; nothing was sent"
        )
    running_loop()
    cached = codelists.cached()
    products, countries = await asyncio.gather(cached.products(**options), cached.countries(**options))
    return choose_product(
        country,
        pickup_point=pickup_point,
        business=business,
        cash_on_delivery=cash,
        products=products.items,
        countries=countries.items,
    )
