"""Simulated journeys of parcels and states of orders, by the sandbox's clock."""

from __future__ import annotations

import random
from collections.abc import Iterator

from attrs import frozen

from .codes import code_lists
from .problems import Translator

__all__ = ["Journey", "JourneyStep", "order_state"]

PICKED_UP, SORTED, OUT, ARRIVED = 0.15, 0.45, 0.75, 1.0
"""Events as fractions of the duration of a journey."""
NOT_COLLECTED_ONE_IN = 10
"""One of this many orders is not picked up."""


@frozen
class JourneyStep:
    """An event of a journey."""

    at: float
    """Time of the sandbox's clock."""
    status: int
    phase: str

    def name(self, translate: Translator) -> str:
        """Return the name of the event in the language of the request."""
        return translate(*code_lists().status_names[str(self.status)])


@frozen(kw_only=True)
class Journey:
    """The journey of one parcel. Its number is the random seed, so the journey is always the same."""

    number: str
    product: str
    began: float
    """Time at which the import ended."""
    seconds: float
    """Duration of a regular journey."""
    cancelled: float | None = None

    def steps(self, now: float) -> list[JourneyStep]:
        """Return the events up to a time of the sandbox's clock."""
        until = now if self.cancelled is None else min(now, self.cancelled)
        steps = [step for step in self._events() if step.at <= until]
        if self.cancelled is not None and self.cancelled <= now:
            steps.append(JourneyStep(self.cancelled, 10, "Canceled"))
        return steps

    def picked_up(self, now: float) -> bool:
        """Return whether the parcel has physically entered the network and can no longer be cancelled."""
        return now >= self.began + PICKED_UP * self.seconds

    def time_of(self, now: float, phase: str) -> float | None:
        """Return the time at which a phase was first reached, or ``None`` if it was not reached."""
        return next((step.at for step in self.steps(now) if step.phase == phase), None)

    def states(self, now: float) -> set[str]:
        """Return the values of the contract's state filter that match the parcel."""
        steps = self.steps(now)
        phase, statuses = steps[-1].phase if steps else "", {step.status for step in steps}
        final = {"Delivered": "Delivered", "BackToSender": "BackToSender", "Canceled": "Canceled"}.get(phase)
        states = {final} if final else {"Active", "Undelivered"}
        states |= {"DataShipment"} if statuses == {1} else set()
        states |= {"PickedUpFromSender"} if 2 in statuses else set()
        states |= {"OutForDelivery"} if phase == "Delivering" and steps[-1].status == 4 else set()
        states |= {"NotDelivered"} if 6 in statuses else set()
        states |= {"DeliveredToPickupPoint"} if 7 in statuses else set()
        states |= {"Rejected"} if 8 in statuses else set()
        return states

    def _events(self) -> Iterator[JourneyStep]:
        yield JourneyStep(self.began, 1, "Order")
        for fraction, status, phase in (
            (PICKED_UP, 2, "InTransport"),
            (SORTED, 3, "InTransport"),
            (OUT, 4, "Delivering"),
        ):
            yield JourneyStep(self.began + fraction * self.seconds, status, phase)
        for fraction, status, phase in self._end():
            yield JourneyStep(self.began + fraction * self.seconds, status, phase)

    def _end(self) -> list[tuple[float, int, str]]:
        draw = random.Random(self.number).random()
        if self.product in code_lists().pickup_point_products:
            end = [(ARRIVED, 7, "PickupPoint")]
            return end + ([(1.8, 5, "Delivered")] if draw < 0.95 else [(2.2, 8, "Returning"), (2.8, 9, "BackToSender")])
        if draw < 0.90:
            return [(ARRIVED, 5, "Delivered")]
        missed = [(ARRIVED, 6, "Delivering"), (1.4, 4, "Delivering")]
        return missed + ([(1.6, 5, "Delivered")] if draw < 0.97 else [(1.8, 8, "Returning"), (2.4, 9, "BackToSender")])


def order_state(number: str, due: float, cancelled: float | None, now: float) -> str:
    """Return the state of an order.

    :param number: Order number, used as the random seed.
    :param due: Time at which the courier comes, by the sandbox's clock.
    :param cancelled: Time of the cancellation, or ``None`` if the order is not cancelled.
    :param now: Current time of the sandbox's clock.
    """
    if cancelled is not None and cancelled <= now:
        return "Canceled"
    if now < due:
        return "Created"
    return "NotPickedUp" if random.Random(number).randrange(NOT_COLLECTED_ONE_IN) == 0 else "PickedUp"
