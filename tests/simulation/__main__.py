"""``python -m tests.simulation``: sweep over seeds, crash at each commit, or replay a run as a readable trace.

Set ``PYTHONHASHSEED=0``: the order of sets is a part of each run.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random

import click

from .ablation import find_seeds, replay_without, try_recorded_seeds
from .crashes import CrashPoint, count_commits, try_crashes
from .shop import run_seed
from .sweep import SEEDS_TO_REACH_ALL, Verdict, in_order, run_seeds, unreached

KEPT = Path(__file__).with_name("failing_seeds.txt")
"""Seeds that have failed once, each with its mode: they are tried first in each sweep."""


@click.group(help=__doc__)
def main() -> None:
    """Read the arguments."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        environment = os.environ | {"PYTHONHASHSEED": "0"}
        os.execve(sys.executable, [sys.executable, "-m", __package__ or "", *sys.argv[1:]], environment)


@main.command()
@click.argument("first", type=int)
@click.argument("count", type=int)
@click.option("--bounded", is_flag=True, help="Bound the preemptions.")
@click.option("--until-broken", is_flag=True, help="End with the first broken promise.")
@click.option("--keep", is_flag=True, help="Keep failing seeds, so that each later sweep tries them.")
def sweep(first: int, count: int, *, bounded: bool, until_broken: bool, keep: bool) -> None:
    """Run COUNT seeds from FIRST on, and print what was found and reached."""
    kept = [] if until_broken else [seed for seed in _kept(bounded=bounded) if not first <= seed < first + count]
    reached: Counter[str] = Counter()
    broken: list[Verdict] = []
    began, virtual = time.perf_counter(), 0.0
    with closing(run_seeds([*kept, *range(first, first + count)], bounded_preemption=bounded)) as verdicts:
        for verdict in verdicts:
            reached += verdict.reached
            virtual += verdict.seconds
            if verdict.broken:
                broken.append(verdict)
                print(f"seed {verdict.seed}: {verdict.broken}", flush=True)
                if keep:
                    _keep(verdict.seed, bounded=bounded)
                if until_broken:
                    break
    for name, times in sorted(reached.items()):
        print(f"{times:>8}  {name}")
    left = unreached(reached)
    for name in left:
        print(f"not reached: {name}")
    seconds = time.perf_counter() - began
    print(
        f"{count} seeds, {len(broken)} broken, {len(left)} not reached, {seconds:.0f} s, {virtual:.0f} virtual seconds"
    )
    if broken or (left and count >= SEEDS_TO_REACH_ALL):
        sys.exit(1)


def _kept(*, bounded: bool) -> list[int]:
    lines = KEPT.read_text(encoding="utf-8").splitlines() if KEPT.exists() else []
    mode = "bounded" if bounded else "random"
    return [int(line.split()[1]) for line in lines if line.startswith(mode)]


def _keep(seed: int, *, bounded: bool) -> None:
    if seed not in _kept(bounded=bounded):
        with KEPT.open("a", encoding="utf-8") as file:
            file.write(f"{'bounded' if bounded else 'random'} {seed}\n")


@main.command()
@click.argument("seed", type=int)
@click.option("--bounded", is_flag=True, help="Bound the preemptions.")
@click.option("--without", metavar="PATCH", help="Switch a safeguard off: the name of a patch in tests/mutations/bulk.")
def replay(seed: int, *, bounded: bool, without: str | None) -> None:
    """Print one run: who did what, when, on which host, and what the carrier had."""
    if without is not None:
        sys.exit(replay_without(without, seed))
    run = run_seed(seed, bounded_preemption=bounded)
    print(run.scenario)
    print("\n".join(run.trace))
    if run.outcome.error is not None:
        traceback.print_exception(run.outcome.error)
    print(
        f"seed {seed}: {run.outcome.value}, {run.outcome.seconds:.0f} virtual seconds, digest {run.outcome.digest[:16]}"
    )
    sys.exit(0 if run.is_good else 1)


@main.command()
@click.option("--recoveries", default=0, help="Runs with a second crash, at a drawn commit of the recovery.")
@click.option("--all", "all_of_them", is_flag=True, help="A second crash at each commit of each recovery.")
def crashes(recoveries: int, *, all_of_them: bool) -> None:
    """Crash before and after each commit of a small job, and print what was found."""
    commits = count_commits()
    points = _points(commits)
    runs = broken = 0
    seconds: list[tuple[CrashPoint, ...]] = []
    for result in in_order(try_crashes, [(point,) for point in points]):
        runs, broken = runs + 1, broken + result.is_broken(print)
        seconds += [(*result.points, point) for point in _points(result.commits)]
    chosen = seconds if all_of_them else Random(0).sample(seconds, min(recoveries, len(seconds)))
    for result in in_order(try_crashes, chosen):
        runs, broken = runs + 1, broken + result.is_broken(print)
    print(f"{commits} commits, {len(seconds)} in recoveries, {runs} runs, {broken} broken")
    sys.exit(1 if broken else 0)


def _points(commits: int) -> list[CrashPoint]:
    return [CrashPoint(number, is_after) for number in range(1, commits + 1) for is_after in (False, True)]


@main.command()
@click.argument("patches", nargs=-1)
@click.option("--write", is_flag=True, help="Write the seeds into the patches, and the table into the docs.")
@click.option("--recorded", is_flag=True, help="Try the recorded seeds only.")
def ablate(patches: tuple[str, ...], *, write: bool, recorded: bool) -> None:
    """Switch each safeguard off, and find the first seed that breaks a promise without it."""
    sys.exit(0 if (try_recorded_seeds() if recorded else find_seeds(patches, writes=write)) else 1)


if __name__ == "__main__":
    main()
