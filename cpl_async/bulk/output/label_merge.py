"""The merged label files of one run: made during the run once their rows are settled, the rest at its end."""

from __future__ import annotations

import asyncio
import hashlib
import re
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import aclosing, contextmanager, suppress
from pathlib import Path

import anyio
from attrs import define, field, frozen

from ...errors import CplError
from ...models.codes import LabelFormat
from ...system.atomic_file import recreate
from ..journal.row_queries import RowQueries
from ..options import JobOptions
from ..records import RowState
from .merge_process import MergedFile, MergePlan, label_place, numbered_name, output_names

__all__ = ["CALLED_OFF", "MERGED_NAME", "IncrementalMerger", "LabelMerger", "MergeError", "MergeOrder", "MergePolicy"]

MERGED_NAME = re.compile(r"labels(-\d{4,})?\.(pdf|zpl)(\.part)?")
CALLED_OFF = (RowState.CANCELLED, RowState.CANCELLING)
"""States of rows whose labels must not be printed any more."""
SETTLED = (RowState.SHIPPED, RowState.REJECTED, *CALLED_OFF)
LEFT_AS_THEY_ARE = (RowState.UNLABELLED, RowState.FOUND)
"""States that are settled too, unless such rows are to be sent again."""
ANY_NUMBER = 2**62


@frozen(kw_only=True)
class MergePolicy:
    """The size of merged label files, and how soon they are made."""

    labels_per_file: int = 1000
    check_interval: float = 3.0
    """Seconds between two checks for files that can be made."""


class MergeError(CplError):
    """The labels are on disk, but could not be merged."""

    advice = "The labels as they came are in the folder parts-… of the output"


@define
class MergeOrder:
    """The list of labels to merge, written label by label; a file that has the same content already is skipped."""

    _names: Callable[[int], str]
    _write: Callable[[str], object]
    _position: int
    _made: dict[str, str]
    _per_file: int
    _count: int = 0
    """Files of the job before the one that is being filled."""
    fresh: dict[str, str] = field(factory=dict)
    """Content of the files that should be made."""
    _waiting: list[tuple[str, int]] = field(factory=list)

    def add(self, file: str, page: int) -> None:
        """Add the next label."""
        self._waiting.append((file, page))
        if len(self._waiting) == self._per_file:
            self.close()

    def close(self) -> None:
        """Complete the current file, if there is one."""
        if not self._waiting:
            return
        position = self._position if self._count == 0 else 1
        joint = MergedFile(name=self._names(self._count), labels=self._waiting, position=position)
        line = joint.as_json()
        content = hashlib.sha256(line.encode()).hexdigest()
        if self._made.get(joint.name) != content:
            self.fresh[joint.name] = content
            self._write(line + "\n")
        self._count += 1
        self._waiting = []


@define
class LabelMerger:
    """The merged label files of one run in one folder."""

    folder: Path
    options: JobOptions
    policy: MergePolicy = field(factory=MergePolicy)
    merged: dict[str, str] = field(factory=dict)
    """Content of each file that this run has made: name → hash of its labels."""

    def names(self, labels: int) -> list[str]:
        """Return the names of the files for a number of labels."""
        return output_names(labels, self._ending, self.policy.labels_per_file) if self.options.merges_labels else []

    def place(self, index: int) -> tuple[int, int]:
        """Return the file, from 0, and the page, from 1, of a label."""
        return label_place(index, self.policy.labels_per_file, a4=self.options.a4, position=self.options.position)

    @contextmanager
    def order(self, names: Callable[[int], str], first: int = 0) -> Iterator[MergeOrder]:
        """Yield an order for :meth:`make`, to be filled.

        :param names: Number of a file, from 0 → its name.
        :param first: Number of the first file that is filled. Default: 0.
        """
        recreate(self._order)
        try:
            with self._order.open("w", encoding="utf-8") as file:
                plan = MergePlan(is_zpl=self.options.label_format == LabelFormat.ZPL, a4=self.options.a4)
                file.write(plan.as_json() + "\n")
                order = MergeOrder(
                    names, file.write, self.options.position, self.merged, self.policy.labels_per_file, first
                )
                yield order
                order.close()
        except BaseException:
            self._order.unlink(missing_ok=True)
            raise

    def numbered(self, number: int) -> str:
        """Return the name of a file of several."""
        return numbered_name(number, self._ending)

    async def make(self, order: MergeOrder) -> MergeError | None:
        """Merge labels in a separate process and return the error, or ``None`` on success."""
        try:
            if not order.fresh:
                return None
            command = [sys.executable, "-m", "cpl_async.bulk.output.merge_process", str(self._order)]
            done = await anyio.run_process(command, check=False, start_new_session=True)  # this process handles Ctrl-C
        except (OSError, MemoryError) as error:  # no file descriptor, process or memory is left
            return MergeError(f"the labels could not be joined: {error or 'out of memory'}")
        finally:
            self._order.unlink(missing_ok=True)
        if done.returncode:
            last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            reason = last[0][:300] if last else f"exit status {done.returncode}"
            return MergeError(f"the labels could not be joined: {reason}")
        self.merged |= order.fresh
        return None

    def remove(self, *, keep: Collection[str]) -> None:
        """Remove merged files, so that they are not printed again by mistake."""
        for file in self.folder.iterdir():
            if MERGED_NAME.fullmatch(file.name) and file.name not in keep:
                file.unlink()

    @property
    def _order(self) -> Path:
        return self.folder / "labels-order.part"

    @property
    def _ending(self) -> str:
        return self.options.label_format.lower()


@define
class IncrementalMerger:
    """Makes merged files while the job runs, so that they can be printed early.

    A file is made once all rows up to its end are settled and more labels follow, so its content does not change any
    more in this run. At the end, each file is compared with the expected content, and made again if it differs.
    """

    joints: LabelMerger
    results: RowQueries
    job: int
    before_first: Callable[[], None]
    """Called before the first file is made."""
    _row: int = 0
    _count: int = 0
    """Number of files made."""
    _waiting: list[tuple[str, int]] = field(factory=list)
    _ended: asyncio.Event = field(factory=asyncio.Event)

    def end(self) -> None:
        """Make no further files; the current one is completed."""
        self._ended.set()

    async def run(self) -> None:
        """Check repeatedly until the end."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.joints.policy.check_interval):
                    await self._ended.wait()
            if self._ended.is_set() or not await self._make_what_is_ready():
                return

    async def _make_what_is_ready(self) -> bool:
        """Make the files that are ready; return ``False`` if that failed: the end of the run reports the error."""
        whole = self.joints.policy.labels_per_file
        with self.joints.order(self.joints.numbered, self._count) as order:
            async with aclosing(self.results.rows(self.job, between=(self._row + 1, ANY_NUMBER))) as rows:
                async for row in rows:
                    if not self._is_settled(row.state):
                        break
                    self._row = row.number
                    if row.state not in CALLED_OFF:
                        self._waiting += [(one.file, one.page or 0) for one in row.parcels if one.file is not None]
                    while len(self._waiting) > whole:  # more follow: with exactly as many there would be one file only
                        for file, page in self._waiting[:whole]:
                            order.add(file, page)
                        del self._waiting[:whole]
        if order.fresh and not self._count:
            self.before_first()
        self._count += len(order.fresh)
        return await self.joints.make(order) is None

    def _is_settled(self, state: RowState) -> bool:
        return state in SETTLED or (state in LEFT_AS_THEY_ARE and not self.joints.options.resend_unlabelled)
