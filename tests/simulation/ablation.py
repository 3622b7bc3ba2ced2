"""The ablation of the safeguards: each one is switched off by a patch, and a seed shows what breaks without it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen

from ..broken_copy import ROOT, applied, copy_to

__all__ = [
    "MOST_SEEDS",
    "Safeguard",
    "break_with",
    "find_seeds",
    "replay_without",
    "safeguards",
    "table",
    "try_recorded_seeds",
]

PATCHES = ROOT / "tests" / "mutations" / "bulk"
PAGE = ROOT / "docs" / "explanations" / "guarantees.md"
BEGIN, END = "<!-- ablation -->", "<!-- end of ablation -->"
MOST_SEEDS = 200
"""Seeds within which a missing safeguard must be found."""
COMMAND = (sys.executable, "-m", "tests.simulation")
REPORT = re.compile(r"^seed (\d+): \w+: (.*)$", re.MULTILINE)


@frozen
class Safeguard:
    """A safeguard of exactly-once, and the patch that switches it off."""

    patch: Path
    title: str
    without: str
    """What happens if it is missing."""
    seed: int
    """Seed that breaks a promise without it; 0 if none is known."""
    breaks: str
    """The promise that this seed breaks."""

    @classmethod
    def read(cls, patch: Path) -> Safeguard:
        """Read the head of a patch."""
        text = patch.read_text(encoding="utf-8")
        head = dict(line.split(": ", 1) for line in text.partition("\n\n")[0].splitlines())
        return cls(patch, head["Safeguard"], head["Without"], int(head["Seed"]), head.get("Breaks", ""))

    def write(self, seed: int, breaks: str) -> None:
        """Write the seed into the head of the patch."""
        _, _, diff = self.patch.read_text(encoding="utf-8").partition("\n\n")
        head = {"Safeguard": self.title, "Without": self.without, "Seed": str(seed), "Breaks": breaks}
        lines = "\n".join(f"{name}: {value}" for name, value in head.items())
        self.patch.write_text(f"{lines}\n\n{diff}", encoding="utf-8")


def safeguards() -> list[Safeguard]:
    """Return all safeguards that have a patch."""
    return [Safeguard.read(patch) for patch in sorted(PATCHES.glob("*.patch"))]


def break_with(safeguard: Safeguard, first: int, count: int) -> tuple[int, str] | None:
    """Return the first of these seeds that breaks a promise without the safeguard, and the promise."""
    with _copy_without(safeguard) as folder:
        done = subprocess.run(
            [*COMMAND, "sweep", str(first), str(count), "--until-broken"],
            cwd=folder,
            env=_environment(folder),
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    found = REPORT.search(done.stdout)
    if found is None and " seeds, 0 broken" not in done.stdout:
        raise RuntimeError(f"{safeguard.patch.name}: {done.stdout[-500:]}{done.stderr[-2000:]}")
    return (int(found[1]), found[2]) if found is not None else None


def replay_without(name: str, seed: int) -> int:
    """Print a run without a safeguard, and return the exit status of the program."""
    with _copy_without(Safeguard.read(PATCHES / f"{name}.patch")) as folder:
        return subprocess.run([*COMMAND, "replay", str(seed)], cwd=folder, env=_environment(folder)).returncode


def _environment(folder: Path) -> dict[str, str]:
    return os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}


def find_seeds(names: Iterable[str], *, writes: bool) -> bool:
    """Find the first seed that breaks a promise without each safeguard, and return whether all of them have one.

    :param names: Names of patches; all of them if it is empty.
    :param writes: Whether the seeds are written into the patches and the table into the docs.
    """
    chosen = [one for one in safeguards() if not names or one.patch.stem in names]
    missed = 0
    for safeguard in chosen:
        found = break_with(safeguard, 1, MOST_SEEDS)
        print(f"{safeguard.patch.stem:<20} {f'seed {found[0]}: {found[1]}' if found else 'not missed'}", flush=True)
        missed += found is None
        if writes:
            safeguard.write(*(found or (0, "")))
    if writes:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{table()}{END}{rest.partition(END)[2]}", encoding="utf-8")
    return not missed


def try_recorded_seeds() -> bool:
    """Try the recorded seed of each safeguard, and return whether most of them still break a promise.

    A change of the code gives a seed another run, so single ones get out of date; :func:`find_seeds` finds others.
    """
    recorded = safeguards()
    outdated = [one.patch.stem for one in recorded if break_with(one, one.seed, 1) is None]
    for name in outdated:
        print(f"{name:<20} the recorded seed is out of date: run `ablate --write`")
    print(f"{len(recorded)} safeguards, {len(outdated)} seeds out of date")
    return len(outdated) < len(recorded) / 2


def table() -> str:
    """Return the table of the docs."""
    lines = [
        "| Safeguard | Without it | Seed | What breaks | Patch |",
        "| --- | --- | --- | --- | --- |",
    ]
    for one in safeguards():
        breaks = re.sub(r"[|*_<>]", " ", one.breaks)
        lines.append(f"| {one.title} | {one.without} | {one.seed} | {breaks} | `{one.patch.stem}` |")
    return "\n".join(lines) + "\n"


@contextmanager
def _copy_without(safeguard: Safeguard) -> Iterator[Path]:
    with TemporaryDirectory(prefix="cpl-ablation-") as name:
        folder = copy_to(Path(name))
        if problem := applied(safeguard.patch, folder):
            raise RuntimeError(problem)
        yield folder
