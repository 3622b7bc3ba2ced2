"""What happens in one run: sizes, faults, troubles of the hosts, and other programs, all drawn from the seed."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from .simulator import Universe

__all__ = ["LEASE_SECONDS", "ONLY_WRITES", "Scenario", "Trouble", "TroubleKind", "WaitsFor"]

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
OUTAGES = ("empty-list", "ignored-filter")
"""Faults that sometimes last until the last of them ends."""
ONLY_WRITES = ("lost-answer", "late-503", "no-location")
"""Faults that no search meets."""
HOUR, DAY = 3600.0, 86_400.0
OFFSETS = (0.0, 0.0, 60.0, -60.0, HOUR, -HOUR, 3 * DAY, -3 * DAY)
LEASE_SECONDS = 8.0


class TroubleKind(StrEnum):
    """What can happen to a host."""

    CRASH = "crash"
    """It loses its power, and starts again later."""
    SUSPEND = "suspend"
    """It is stopped, and goes on later."""
    CUT = "cut"
    """It cannot reach the carrier for a while."""
    CANCEL = "cancel"
    """Its run is cancelled, and starts again."""
    RESTORE = "restore"
    """It loses its power, and its journal is restored from a backup."""


class WaitsFor(StrEnum):
    """What a trouble waits for after its time has come."""

    NOTHING = "nothing"
    WRITE = "write"
    """The host has recorded that it sends a batch."""
    COMMIT = "commit"
    """The host has changed the journal."""


@frozen(kw_only=True)
class Trouble:
    """A trouble of one host."""

    kind: TroubleKind
    after: float
    """Seconds after the previous one has begun."""
    seconds: float
    """Duration."""
    host: int
    waits_for: WaitsFor
    steps: int
    """Steps of the host after what it waits for."""
    moves_clock: float
    """Seconds by which the host's wall clock differs afterwards, if it starts again."""


@frozen(kw_only=True)
class Scenario:
    """The circumstances of one run."""

    rows: int
    batch_size: int
    max_concurrency: int
    hosts: int
    """Hosts that try to run the same job at the same time, or that share it."""
    shard_size: int
    """Rows in a shard of a job that the hosts share; 0 if one at a time runs the whole job."""
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
    troubles: tuple[Trouble, ...]
    offsets: tuple[float, ...]
    """Seconds by which the wall clock of each host is ahead."""
    second_job_rows: int
    """The first rows that a second job of the account has too, in another spelling of their references."""
    strangers: tuple[tuple[int, float], ...]
    """Rows whose references another program uses for other recipients, and the times of its shipments in seconds."""
    is_cancelled: bool
    """Whether the job is cancelled at the end."""
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

    @property
    def is_shared(self) -> bool:
        """Whether the hosts share the job in shards."""
        return self.shard_size > 0

    @classmethod
    def drawn(cls, universe: Universe) -> Scenario:
        """Return the scenario of this universe."""
        draw = universe.draw
        settle = float((10, 30, 120)[draw("settle", 3)])
        late = draw("late", 4) == 0
        kinds = [name for name in FAULTS if draw(f"has {name}", 3) == 0]
        if late and draw("searches work", 2) == 0:
            kinds = ["lost-answer"]
        is_shared = draw("shared", 3) == 0
        hosts = 2 + draw("workers", 2) if is_shared else 1 + (draw("hosts", 3) == 0)
        rows = 3 + draw("rows", 16)
        faults_end = float(20 + draw("faults end", 160))
        allowed = [TroubleKind.CRASH, TroubleKind.CRASH, TroubleKind.SUSPEND, TroubleKind.CUT, TroubleKind.CANCEL]
        if is_shared:
            allowed += [TroubleKind.SUSPEND] * 3
        elif hosts == 1:
            allowed.append(TroubleKind.RESTORE)
        import_seconds = (0.2, 1.0, 4.0)[draw("import", 3)]
        visible = (0.2 if late else 0.0, 0.2, 0.7)[draw("visible", 3)]
        events = [*WaitsFor, *[WaitsFor.WRITE] * (2 if is_shared else 0)]
        # until another worker has taken the lease over, searched, and sent again
        long_enough = (0.0, 2 * LEASE_SECONDS + settle if is_shared else 0.0)
        troubles = tuple(
            Trouble(
                kind=allowed[draw("trouble", len(allowed))],
                after=(1 + draw("trouble after", 1500)) / (40, 300, 1000)[draw("late trouble", 3)],
                seconds=(1 + draw("trouble seconds", 400)) / (10, 2)[draw("long trouble", 2)]
                + long_enough[draw("long enough", 2)],
                host=draw("trouble host", hosts),
                waits_for=events[draw("waits for", len(events))],
                steps=draw("steps", 12),
                moves_clock=OFFSETS[draw("trouble clock", len(OFFSETS))],
            )
            for _ in range(draw("troubles", 5))
        )
        is_restored = any(trouble.kind is TroubleKind.RESTORE for trouble in troubles)  # under no other run's feet
        has_second_job = not is_shared and not is_restored and draw("has second job", 4) == 0
        return cls(
            rows=rows,
            batch_size=1 + draw("batch", 6),
            max_concurrency=1 + draw("concurrency", 4),
            hosts=hosts,
            shard_size=2 + draw("shard", 6) if is_shared else 0,
            pilot_rows=draw("pilot", 4),
            settle_time=settle,
            import_seconds=import_seconds,
            # imported and visible before the settle time ends
            visible_after=visible * (settle - 2 * import_seconds),
            visible_tail=0.9 if late else 0.0,
            import_errors=(0.0, 0.0, 0.1)[draw("errors", 3)],
            parcels_apart=(0.0, 0.0, 0.02)[draw("apart", 3)] * settle,
            faults=tuple(
                (name, 1.0 if name in OUTAGES and draw("outage", 4) == 0 else share)
                for name in kinds
                for share in [(1 + draw(f"share {name}", FAULTS[name])) / 100]
            ),
            faults_end=faults_end,
            troubles=troubles,
            offsets=tuple(OFFSETS[draw("offset", len(OFFSETS))] for _ in range(hosts + 1)),
            second_job_rows=draw("second job", rows + 1) if has_second_job else 0,
            strangers=tuple(
                (draw("stranger", rows), draw("stranger at", 300) / 20)
                for _ in range(3 if draw("strangers", 6) == 0 else 0)
            ),
            is_cancelled=draw("cancelled", 6) == 0,
            resend_unlabelled=draw("resend", 3) == 0,
            shows_sets=draw("sets", 2) == 0,
            refuses_used_references=draw("used", 4) == 0,
            seed=draw("sandbox", 10_000),
            latency=(0.0005, 0.02, 0.3)[draw("latency", 3)],
        )
