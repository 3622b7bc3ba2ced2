"""Calls with hostile responses must end in a value or a `CplError`, within the limits of time and memory.

python -m benchmarks.fuzz [--cases 100000] [--seed 1]
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import attrs
from attrs import Factory, define

from cpl_async import Client, ConfigurationError, CplError, Page
from cpl_async.auth.token_cache import Token, TokenCache
from cpl_async.models.codec import encode
from cpl_async.ratelimit.priority import Priority
from cpl_async.ratelimit.registry import Credentials
from cpl_async.testing import make_shipment
from tests.contract.fuzzing import Case, cases
from tests.contract.test_requests import arguments_of, call_of
from tests.hostile import HostileServer, hostile_server

__all__ = ["Found", "fuzz"]

LOGIN = "login.get_access_token"
LONGEST = 30.0
"""Seconds after which a call counts as endless."""
SLOW = 0.5
FEW = 20
"""Number of items that are read from an endless iterator."""
Call = Callable[[Client], Awaitable[Any]]


@define
class Found:
    """Results of the calls."""

    values: int = 0
    errors: Counter[str] = Factory(Counter)
    problems: list[str] = Factory(list)
    """Calls with any other result, with their responses."""
    slow: list[str] = Factory(list)
    """Calls that took more than half a second."""
    slowest: float = 0.0
    """Seconds of the slowest call."""

    def __str__(self) -> str:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.errors.most_common())
        return f"{self.values:,} values, {kinds}; {len(self.problems)} problems; slowest call {self.slowest:.2f} s"


class _Slot:
    waited = 0.0
    is_valid = True

    def record_write(self) -> None:
        """Do nothing."""

    def release(self) -> None:
        """Do nothing."""


class _NoLimits:
    """No rate limit, and a separate token for each client."""

    async def acquire(self, priority: Priority) -> _Slot:
        """Return at once."""
        return _Slot()

    def throttle(self, retry_after: float | None = None) -> None:
        """Do nothing."""

    def pacer(self, credentials: Credentials) -> _NoLimits:
        """Return a pacer without an interval."""
        return self

    def token_cache(self, credentials: Credentials) -> TokenCache:
        """Return a token cache without a limit of token requests."""
        return TokenCache(fetches=10**9)


async def _some(items: Any) -> list[Any]:
    found = []
    async for item in items:
        found.append(item)
        if len(found) == FEW:
            break
    await items.aclose()
    return found


FURTHER: dict[str, list[Call]] = {
    "shipments.list": [
        lambda client: _some(client.shipments.iterate(page=2, tries=1)),
        lambda client: _some(client.shipments.track(["1", "2", "x ěšč"], tries=1)),
    ],
    "shipment_batches.get": [
        lambda client: client.shipment_batches.handle("b-1", references=["x"]).wait(timeout=0.05),
        lambda client: client.shipment_batches.handle("b-1").wait(timeout=0.05, raise_errors=True),
    ],
    "order_batches.get": [lambda client: client.order_batches.handle("b-1").wait(timeout=0.05, raise_errors=True)],
    "shipment_batches.create": [lambda client: client.shipment_batches.create([make_shipment()])],
    "orders.list": [lambda client: _some(client.orders.iterate(page=2, tries=1))],
    "access_points.list": [
        lambda client: client.access_points.nearest(latitude=50.0, longitude=14.4, radius=30, tries=1),
        lambda client: _some(client.access_points.iterate(page=2, tries=1)),
    ],
    "codelists.service_price_limits": [lambda client: client.check([make_shipment()], tries=1)],
    "codelists.products": [lambda client: _some(client.codelists.iterate(client.codelists.products, tries=1))],
    "codelists.countries": [lambda client: client.choose_product("SK", cash_on_delivery=True, tries=1)],
}
"""Further calls that parse the responses of an operation."""


def _touch(value: Any, depth: int = 0) -> None:
    """Use all features of a result: each attribute and property, its texts, and its JSON."""
    if isinstance(value, Page):
        value = value.items
    if isinstance(value, (list, tuple)):
        for item in value[:FEW]:
            _touch(item, depth + 1)
    if not attrs.has(type(value)):
        return
    repr(value)
    if depth < 8:
        for name in dir(type(value)):
            if not name.startswith("_") and not callable(getattr(type(value), name, None)):
                _touch(getattr(value, name), depth + 1)
    if depth == 0 and type(value).__module__.startswith("cpl_async.models"):
        encode(value)


class _Fuzzer:
    """A client, a server, and the findings."""

    def __init__(self, server: HostileServer, client: Client) -> None:
        self._server = server
        self._client = client
        self._calls: dict[str, list[Call]] = {}
        self.found: Found = Found()

    async def run(self, case: Case, number: int) -> None:
        """Make a call with the response of the case."""
        server = self._server
        server.scripts["base"], server.keeps_open = case.raw, case.is_whole
        server.login = case.raw if case.operation.id == LOGIN else None
        if case.operation.id == LOGIN:
            await self._forget_token()
        calls = self._calls_of(case)
        began = time.monotonic()
        try:
            async with asyncio.timeout(LONGEST):
                _touch(await calls[number % len(calls)](self._client))
            self.found.values += 1
        except CplError as error:
            self.found.errors[type(error).__name__] += 1
            str(error), repr(error)
            if wrong := _wrong_outcome(case, error):
                self.found.problems.append(f"{case.operation.id}: {wrong}: {case.what}")
        except Exception as error:
            self.found.problems.append(f"{case.operation.id}: {type(error).__name__}: {error!s:.200}: {case.what}")
        seconds = time.monotonic() - began
        self.found.slowest = max(self.found.slowest, seconds)
        if seconds > SLOW:
            self.found.slow.append(f"{case.operation.id}: {seconds:.1f} s: {case.what}")

    async def _forget_token(self) -> None:
        requester = await self._client._transport()
        cell = requester._token
        if isinstance(cell, TokenCache) and isinstance(cell._token, Token):
            cell.discard(cell._token)

    def _calls_of(self, case: Case) -> list[Call]:
        operation = case.operation
        if operation.id not in self._calls:
            call = call_of(self._client, operation)
            arguments = arguments_of(operation, call) | {"tries": 1}

            async def plain(client: Client) -> Any:
                return await call(**arguments)

            self._calls[operation.id] = [plain, *FURTHER.get(operation.id, [])]
        return self._calls[operation.id]


def _wrong_outcome(case: Case, error: CplError) -> str:
    """Return the error in the outcome of a call that writes, or an empty text. Other calls have none."""
    status = error.status or 0
    if isinstance(error, ConfigurationError):
        return f"{type(error).__name__}: {error.message}"
    if error.operation != case.operation.id or case.operation.method == "GET" or error.operation == LOGIN:
        return ""
    expected = "rejected" if 400 <= status < 500 and status != 408 else "unknown"
    return "" if not status or error.outcome == expected else f"outcome {error.outcome} after status {status}"


async def fuzz(count: int, seed: int) -> Found:
    """Make calls with hostile responses.

    :param count: Number of cases, at least 1.
    :param seed: The same seed gives the same cases.
    """
    async with (
        hostile_server() as server,
        Client(client_id="a", client_secret="b", base_url=server.base_url(), shared=_NoLimits(), timeout=1) as client,
    ):
        fuzzer = _Fuzzer(server, client)
        for number, case in enumerate(cases(count, seed)):
            await fuzzer.run(case, number // 37)
        return fuzzer.found


def main() -> None:
    """Run the cases and print the findings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100_000, help="Number of cases. Default: 100000.")
    parser.add_argument("--seed", type=int, default=1, help="Seed of the cases. Default: 1.")
    options = parser.parse_args()
    began = time.monotonic()
    found = asyncio.run(fuzz(options.cases, options.seed))
    print("\n".join([*found.problems[:200], "slow:", *found.slow[:200]]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{options.cases:,} cases in {time.monotonic() - began:.0f} s, at most {peak:.0f} MiB: {found}")
    raise SystemExit(bool(found.problems))


if __name__ == "__main__":
    main()
