"""What happens in one run: sizes, faults, crashes and clocks, all drawn from the seed."""

from __future__ import annotations

from attrs import frozen

from .simulator import Universe

__all__ = ["Crash", "Scenario"]

FAULTS = {
    "lost-answer": 35,
    "late-503": 20,
    "reset": 10,
    "reset-midway": 10,
    "garbage": 8,
    "truncated": 8,
    "no-location": 8,
    "503": 10,
    "429": 10,
    "empty-list": 30,
    "ignored-filter": 15,
    "401": 5,
    "slow": 5,
}
"""Preset of the sandbox → largest share of the requests, in percent."""
HOUR, DAY = 3600.0, 86_400.0
OFFSETS = (0.0, 0.0, 60.0, -60.0, HOUR, -HOUR, 3 * DAY, -3 * DAY)


@frozen(kw_only=True)
class Crash:
    """A loss of power of one process."""

    after: float
    """Seconds after the previous one."""
    down: float
    """Seconds until it starts again."""
    process: int
    moves_clock: float
    """Seconds by which its wall clock differs afterwards."""


@frozen(kw_only=True)
class Scenario:
    """The circumstances of one run."""

    rows: int
    batch_size: int
    max_concurrency: int
    processes: int
    """Processes that try to run the same job at the same time."""
    pilot_rows: int
    settle_time: float
    import_seconds: float
    visible_after: float
    visible_tail: float
    import_errors: float
    parcels_apart: float
    faults: tuple[tuple[str, float], ...]
    """Presets of the sandbox and their shares."""
    faults_end: float
    """Seconds after the start at which the carrier and the network work again."""
    crashes: tuple[Crash, ...]
    offsets: tuple[float, ...]
    """Seconds by which the wall clock of each process is ahead."""
    resend_unlabelled: bool
    shows_sets: bool
    refuses_used_references: bool
    seed: int
    """Seed of the sandbox."""
    latency: float
    """Seconds that data takes from host to host."""

    @property
    def is_late(self) -> bool:
        """Whether shipments may become visible after the settle time, so that duplicates are possible."""
        return self.visible_tail > 0

    @classmethod
    def drawn(cls, universe: Universe) -> Scenario:
        """Return the scenario of this universe."""
        draw = universe.draw
        settle = float((20, 60, 300)[draw("settle", 3)])
        late = draw("late", 8) == 0
        kinds = [name for name in FAULTS if draw(f"has {name}", 3) == 0]
        processes = 1 + (draw("processes", 3) == 0)
        return cls(
            rows=4 + draw("rows", 30),
            batch_size=1 + draw("batch", 9),
            max_concurrency=1 + draw("concurrency", 4),
            processes=processes,
            pilot_rows=draw("pilot", 4),
            settle_time=settle,
            import_seconds=(0.2, 1.0, 4.0)[draw("import", 3)],
            visible_after=(0.0, 0.2, 0.7)[draw("visible", 3)] * settle,
            visible_tail=0.9 if late else 0.0,
            import_errors=(0.0, 0.0, 0.1)[draw("errors", 3)],
            parcels_apart=(0.0, 0.0, 0.02)[draw("apart", 3)] * settle,
            faults=tuple((name, (1 + draw(f"share {name}", FAULTS[name])) / 100) for name in kinds),
            faults_end=float(30 + draw("faults end", 600)),
            crashes=tuple(
                Crash(
                    after=(1 + draw("crash after", 2000)) / 40,
                    down=(1 + draw("crash down", 400)) / 10,
                    process=draw("crash process", processes),
                    moves_clock=OFFSETS[draw("crash clock", len(OFFSETS))],
                )
                for _ in range(draw("crashes", 4))
            ),
            offsets=tuple(OFFSETS[draw("offset", len(OFFSETS))] for _ in range(processes)),
            resend_unlabelled=draw("resend", 3) == 0,
            shows_sets=draw("sets", 2) == 0,
            refuses_used_references=draw("used", 4) == 0,
            seed=draw("sandbox", 10_000),
            latency=(0.0005, 0.02, 0.3)[draw("latency", 3)],
        )
