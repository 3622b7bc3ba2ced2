"""``python -m tests.simulation``: sweep over seeds, crash at each commit, or replay a run as a readable trace.

sweep FIRST COUNT [--bounded] [--until-broken]   run many seeds
crashes [TIMES]          crash before and after each commit; TIMES more at drawn commits of the recovery
replay SEED [--bounded] [--without PATCH]   print one run: who did what, when, and what the carrier had
ablate [PATCH...] [--write]   find the first seed that breaks a promise without each safeguard
"""

from __future__ import annotations

import sys
import time
import traceback
from collections import Counter
from random import Random

from .ablation import find_seeds
from .crashes import CrashPoint, count_commits, crash_at
from .shop import Run, run_seed


def replay(seed: int, *, bounded_preemption: bool) -> int:
    """Print one run: who did what, when, and what the carrier had."""
    run = run_seed(seed, bounded_preemption=bounded_preemption)
    print(run.scenario)
    print("\n".join(run.trace))
    if run.outcome.error is not None:
        traceback.print_exception(run.outcome.error)
    print(
        f"seed {seed}: {run.outcome.value}, {run.outcome.seconds:.0f} virtual seconds, digest {run.outcome.digest[:16]}"
    )
    return 0 if run.is_good else 1


def sweep(first: int, count: int, *, bounded_preemption: bool, until_broken: bool = False) -> int:
    """Run many seeds and print what was found and reached."""
    reached: Counter[str] = Counter()
    broken: list[Run] = []
    began, virtual = time.perf_counter(), 0.0
    for seed in range(first, first + count):
        run = run_seed(seed, bounded_preemption=bounded_preemption)
        reached += run.outcome.reached
        virtual += run.outcome.seconds
        if not run.is_good:
            broken.append(run)
            print(f"seed {seed}: {type(run.outcome.error).__name__}: {str(run.outcome.error)[:200]}", flush=True)
            if until_broken:
                break
    print(f"{count} seeds, {len(broken)} broken, {time.perf_counter() - began:.0f} s, {virtual:.0f} virtual seconds")
    for name, times in sorted(reached.items()):
        print(f"{times:>8}  {name}")
    return 1 if broken else 0


def crashes(recoveries: int) -> int:
    """Crash before and after each commit of a small job, and print what was found.

    :param recoveries: Number of runs with a second crash, at a drawn commit of the recovery.
    """
    commits = count_commits()
    points = [CrashPoint(number, is_after) for number in range(1, commits + 1) for is_after in (False, True)]
    random = Random(0)
    runs = [(point,) for point in points] + [tuple(random.choices(points, k=2)) for _ in range(recoveries)]
    broken = 0
    for run in runs:
        try:
            crash_at(*run)
        except Exception as error:
            broken += 1
            print(f"crash at {run}: {error}\n" + "\n".join(getattr(error, "__notes__", [])), flush=True)
    print(f"{commits} commits, {len(runs)} crashes, {broken} broken")
    return 1 if broken else 0


def main() -> int:
    """Read the arguments."""
    bounded = "--bounded" in sys.argv
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    if words[:1] == ["replay"]:
        return replay(int(words[1]), bounded_preemption=bounded)
    if words[:1] == ["sweep"]:
        return sweep(
            int(words[1]), int(words[2]), bounded_preemption=bounded, until_broken="--until-broken" in sys.argv
        )
    if words[:1] == ["ablate"]:
        return 0 if find_seeds(words[1:], writes="--write" in sys.argv) else 1
    if words[:1] == ["crashes"]:
        return crashes(int(words[1]) if words[1:] else 0)
    print(__doc__)
    return 2


if __name__ == "__main__":
    raise SystemExit(main())
