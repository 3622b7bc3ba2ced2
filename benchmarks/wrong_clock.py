"""A runner for ``cpl``, or a module, with a wall clock that is wrong and jumps.

python -m benchmarks.wrong_clock =-7200,86400@3 ship rows.csv
python -m benchmarks.wrong_clock =86400 -m celery worker

The first argument lists the differences from the true time in seconds: the first one applies from the start, each
further one from the number of seconds after ``@``. The monotonic clocks of the machine are unchanged.
"""

from __future__ import annotations

import runpy
import sys
import threading
import time

import time_machine

from cpl_async.cli import main
from cpl_async.system.clock import SystemClock, use_clock

__all__ = ["WrongClock", "parse"]


class WrongClock(SystemClock):
    """A wall clock that differs from the machine's."""

    def __init__(self, difference: float) -> None:
        self.difference = difference
        """Seconds by which it is ahead."""

    def wall(self) -> float:
        """Return the seconds since the epoch, as this clock shows them."""
        return super().wall() + self.difference


def parse(text: str) -> list[tuple[float, float]]:
    """Return pairs of seconds after the start and difference in seconds."""
    pairs = []
    for part in text.split(","):
        difference, _, after = part.partition("@")
        pairs.append((float(after or 0), float(difference)))
    return sorted(pairs)


def jump(traveller: time_machine.Traveller, clock: WrongClock, pairs: list[tuple[float, float]]) -> None:
    """Move the clocks at each of the given times."""
    began, now = time.monotonic(), pairs[0][1]
    for after, difference in pairs[1:]:
        time.sleep(max(0.0, began + after - time.monotonic()))
        traveller.shift(difference - now)
        now = clock.difference = difference


if __name__ == "__main__":
    differences = parse(sys.argv[1].removeprefix("="))
    is_module = sys.argv[2] == "-m"
    sys.argv = sys.argv[3:] if is_module else ["cpl", *sys.argv[2:]]
    wrong = WrongClock(differences[0][1])
    travel = time_machine.travel(time.time() + differences[0][1], tick=True)
    with use_clock(wrong), travel as coordinates:
        threading.Thread(target=jump, args=(coordinates, wrong, differences), daemon=True).start()
        if is_module:
            sys.path.insert(0, "")
            runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        else:
            main()
