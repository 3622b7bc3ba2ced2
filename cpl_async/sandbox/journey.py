"""The way of a parcel and of an order by the sandbox's clock: what has happened until now."""

from __future__ import annotations

import random
from collections.abc import Iterator

from attrs import frozen

from .codes import code_lists
from .problems import Translator

__all__ = ["Journey", "JourneyStep", "order_state"]

PICKED_UP, SORTED, OUT, ARRIVED = 0.15, 0.45, 0.75, 1.0
"""Parts of the whole time of a journey."""
NOT_COLLECTED_ONE_IN = 10
"""One order in so many finds nobody at home."""


@frozen
class JourneyStep:
    """One event."""

    at: float
    """By the sandbox's clock."""
    status: int
    phase: str

    def name(self, translate: Translator) -> str:
        """Return what happened, in the caller's language."""
        return translate(*code_lists().status_names[str(self.status)])


@frozen(kw_only=True)
class Journey:
    """The course of one parcel: drawn once from its number, so that it is the same each time it is looked at."""

    number: str
    product: str
    began: float
    """When its import was done."""
    seconds: float
    """Length of a usual journey."""
    cancelled: float | None = None

    def steps(self, now: float) -> list[JourneyStep]:
        """Return what has happened until a moment."""
        until = now if self.cancelled is None else min(now, self.cancelled)
        steps = [step for step in self._course() if step.at <= until]
        if self.cancelled is not None and self.cancelled <= now:
            steps.append(JourneyStep(self.cancelled, 10, "Canceled"))
        return steps

    def picked_up(self, now: float) -> bool:
        """Whether the parcel has physically entered the network: then it can no longer be cancelled."""
        return now >= self.began + PICKED_UP * self.seconds

    def time_of(self, now: float, phase: str) -> float | None:
        """Return when a phase was first reached, if it was."""
        return next((step.at for step in self.steps(now) if step.phase == phase), None)

    def states(self, now: float) -> set[str]:
        """Return the states of the contract's filter that the parcel is in."""
        steps = self.steps(now)
        phase, statuses = steps[-1].phase if steps else "", {step.status for step in steps}
        final = {"Delivered": "Delivered", "BackToSender": "BackToSender", "Canceled": "Canceled"}.get(phase)
        found = {final} if final else {"Active", "Undelivered"}
        found |= {"DataShipment"} if statuses == {1} else set()
        found |= {"PickedUpFromSender"} if 2 in statuses else set()
        found |= {"OutForDelivery"} if phase == "Delivering" and steps[-1].status == 4 else set()
        found |= {"NotDelivered"} if 6 in statuses else set()
        found |= {"DeliveredToPickupPoint"} if 7 in statuses else set()
        found |= {"Rejected"} if 8 in statuses else set()
        return found

    def _course(self) -> Iterator[JourneyStep]:
        yield JourneyStep(self.began, 1, "Order")
        for part, status, phase in ((PICKED_UP, 2, "InTransport"), (SORTED, 3, "InTransport"), (OUT, 4, "Delivering")):
            yield JourneyStep(self.began + part * self.seconds, status, phase)
        for part, status, phase in self._end():
            yield JourneyStep(self.began + part * self.seconds, status, phase)

    def _end(self) -> list[tuple[float, int, str]]:
        chance = random.Random(self.number).random()
        if self.product in code_lists().pickup_point_products:
            end = [(ARRIVED, 7, "PickupPoint")]
            return end + (
                [(1.8, 5, "Delivered")] if chance < 0.95 else [(2.2, 8, "Returning"), (2.8, 9, "BackToSender")]
            )
        if chance < 0.90:
            return [(ARRIVED, 5, "Delivered")]
        missed = [(ARRIVED, 6, "Delivering"), (1.4, 4, "Delivering")]
        return missed + (
            [(1.6, 5, "Delivered")] if chance < 0.97 else [(1.8, 8, "Returning"), (2.4, 9, "BackToSender")]
        )


def order_state(number: str, due: float, cancelled: float | None, now: float) -> str:
    """Return the state of an order.

    :param due: when the courier comes, by the sandbox's clock.
    """
    if cancelled is not None and cancelled <= now:
        return "Canceled"
    if now < due:
        return "Created"
    return "NotPickedUp" if random.Random(number).randrange(NOT_COLLECTED_ONE_IN) == 0 else "PickedUp"
