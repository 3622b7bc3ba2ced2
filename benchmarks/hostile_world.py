"""Troubles of a proof besides faults and kills: wrong clocks, odd spellings of references, damaged journals."""

from __future__ import annotations

import csv
import random
import shutil
import sqlite3
import sys
import unicodedata
from contextlib import closing
from pathlib import Path

from attrs import define, field

__all__ = ["ISOLATION_LEVELS", "RESPELLED", "JournalTrouble", "clock_of", "respelled", "with_clock", "write_respelled"]

DAY = 86_400.0
INVISIBLE = "\u00ad\u200b\u200d\u2060\ufeff"
SPACES = "\u00a0\u2003\u202f"
ISOLATION_LEVELS = ("read committed", "repeatable read", "serializable")
RESPELLED = 0.2
"""Share of references in another spelling than their normal form."""


def clock_of(chance: random.Random, length: float) -> str:
    """Draw a clock for :mod:`benchmarks.wrong_clock`: up to 3 days behind or ahead, with up to two jumps.

    :param length: Seconds in which it may jump.
    """
    parts = [f"{chance.uniform(-3 * DAY, 3 * DAY):.0f}"]
    for _ in range(chance.choice([0, 1, 2])):
        parts.append(f"{chance.uniform(-3 * DAY, 3 * DAY):.0f}@{chance.uniform(0.5, length):.2f}")
    return ",".join(parts)


def with_clock(clock: str, *arguments: str) -> list[str]:
    """Return the command that runs ``cpl``, or a module after ``-m``, with such a clock."""
    return [sys.executable, "-m", "benchmarks.wrong_clock", f"={clock}", *arguments]


def respelled(reference: str, chance: random.Random) -> str:
    """Return another spelling of a reference that looks the same."""
    place = chance.randrange(1, len(reference))
    odd = reference[:place] + chance.choice(INVISIBLE) + reference[place:]
    odd = odd.replace(" ", chance.choice(SPACES))
    return chance.choice(["", "\u00a0", "\ufeff"]) + unicodedata.normalize(chance.choice(["NFC", "NFD"]), odd)


def write_respelled(source: Path, target: Path, chance: random.Random, *, share: float, rows: int | None = None) -> int:
    """Write rows of a file with some references in another spelling; return their number.

    :param share: Share of the references to spell otherwise.
    :param rows: Number of rows to draw. Default: all, in their order.
    """
    with source.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    chosen = found if rows is None else chance.sample(found, min(rows, len(found)))
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]))
        writer.writeheader()
        for row in chosen:
            odd = chance.random() < share
            writer.writerow(row | {"reference_id": respelled(row["reference_id"], chance)} if odd else row)
    return len(chosen)


@define
class JournalTrouble:
    """Troubles of a journal file while no run uses it."""

    state: Path
    """State folder of the client."""
    chance: random.Random
    copies: int = 0
    refusals: int = 0
    _copy: Path | None = field(default=None, init=False)

    @property
    def file(self) -> Path | None:
        """Path of the journal, or ``None`` if there is no journal yet."""
        return next(self.state.glob("*/journal.sqlite3"), None)

    @property
    def has_copy(self) -> bool:
        """Whether there is a copy to restore."""
        return self._copy is not None and self._copy.exists()

    def keep_copy(self) -> None:
        """Back up the journal when it contains shipments that a search must show."""
        file = self.file
        if file is None:
            return
        with closing(sqlite3.connect(file)) as journal:
            known = journal.execute("SELECT count(*) FROM rows WHERE state = 'shipped' AND unclear_since IS NULL")
            if known.fetchone()[0] < 3:
                return
            self._copy = self.state.with_name("journal-copy.sqlite3")
            self._copy.unlink(missing_ok=True)
            with closing(sqlite3.connect(self._copy)) as copy:
                journal.backup(copy)

    def restore_copy(self) -> None:
        """Replace the journal by its backup."""
        file = self.file
        if self._copy is None or file is None or not self.has_copy:
            return
        for old in file.parent.glob("journal.sqlite3*"):
            old.unlink()
        shutil.move(self._copy, file)
        self.copies += 1

    def take_away(self) -> Path | None:
        """Remove, empty or damage the journal; return the path of its copy."""
        file = self.file
        if file is None:
            return None
        kept = self.state.with_name("journal-kept")
        kept.mkdir()
        for part in file.parent.glob("journal.sqlite3*"):
            shutil.move(part, kept / part.name)
        damage = self.chance.choice(["removed", "emptied", "garbage", "cut"])
        content = (kept / file.name).read_bytes()
        if damage == "emptied":
            file.write_bytes(b"")
        elif damage == "garbage":
            file.write_bytes(self.chance.randbytes(20_000))
        elif damage == "cut":
            file.write_bytes(content[: len(content) // 2])
        return kept

    def put_back(self, kept: Path) -> None:
        """Put the journal back."""
        [folder] = [one for one in self.state.glob("*") if one.is_dir()]
        for old in folder.glob("journal.sqlite3*"):
            old.unlink()
        for part in kept.iterdir():
            shutil.move(part, folder / part.name)
        kept.rmdir()
