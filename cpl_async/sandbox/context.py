"""Shared state of a running sandbox, and the request keys of its handlers."""

from __future__ import annotations

import random

from aiohttp import web

from .clock import Clock
from .faults import Faults
from .ledger import Ledger
from .limits import Limits
from .order_store import OrderStore
from .settings import SandboxSettings
from .store import Store
from .tokens import Tokens

__all__ = ["CLIENT", "CONTEXT", "IGNORES_FILTERS", "REJECTED_FOR", "SandboxContext"]


class SandboxContext:
    """Store, clock, limits, faults and ledger of one sandbox."""

    def __init__(self, settings: SandboxSettings) -> None:
        self.settings = settings
        self.rng: random.Random = random.Random(settings.seed)
        self.store: Store = Store(settings.state, settings.seed)
        try:
            self.clock: Clock = Clock(settings.speed, self.store.latest_time)
        except ValueError:
            self.store.close()
            raise
        self.orders: OrderStore = OrderStore(self.store.db, settings.seed)
        self.tokens: Tokens = Tokens(settings)
        self.limits: Limits = Limits(settings)
        self.faults: Faults = Faults(settings.seed)
        for rate in settings.fault_rates:
            self.faults.add_rate(rate.fault, rate.share)
        self.ledger: Ledger = Ledger()
        self.base_url = ""


CONTEXT = web.AppKey("world", SandboxContext)
CLIENT = web.RequestKey("client", str)
"""Client id of the request."""
IGNORES_FILTERS = web.RequestKey("fault", bool)
"""Set if the handler must ignore the filters of a list."""
REJECTED_FOR = web.RequestKey("refused_for", str)
"""Name of the limit that the request exceeded."""
