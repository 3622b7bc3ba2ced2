"""The process that merges labels in the order of the input.

``python -m cpl_async.bulk.output.merge_process ORDER``:

ORDER is a file of JSON lines in the folder of the labels: first the plan, then each merged file with its labels.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from attrs import asdict, frozen

from ...system.atomic_file import replacing

__all__ = ["MergePlan", "MergedFile", "label_place", "main", "numbered_name", "output_names"]

SHEET = (841.89, 595.28)
"""An A4 sheet in landscape, in points: two rows of two labels, in reading order."""


@frozen(kw_only=True)
class MergePlan:
    """The layout of merged labels."""

    is_zpl: bool = False
    a4: bool = False

    def as_json(self) -> str:
        """Return the plan as the first line of an order."""
        return json.dumps(asdict(self))


@frozen(kw_only=True)
class MergedFile:
    """One merged file."""

    name: str
    labels: list[tuple[str, int]]
    """File below the folder and page from 0, in the order of merging."""
    position: int = 1
    """Position of the first label on the first sheet. Default: 1."""

    def as_json(self) -> str:
        """Return the file as a further line of an order."""
        return json.dumps(asdict(self))


def output_names(parcels: int, ending: str, per_file: int) -> list[str]:
    """Return the names of the merged files: one, or numbered ones.

    :param per_file: Labels of one file.
    """
    if parcels <= per_file:
        return [f"labels.{ending}"] if parcels else []
    return [numbered_name(number, ending) for number in range(-(-parcels // per_file))]


def numbered_name(number: int, ending: str) -> str:
    """Return the name of one merged file of several, which are numbered from 0."""
    return f"labels-{number + 1:04}.{ending}"


def label_place(index: int, per_file: int, *, a4: bool, position: int) -> tuple[int, int]:
    """Return the merged file, from 0, and the page, from 1, of a label."""
    file, within = divmod(index, per_file)
    if not a4:
        return file, within + 1
    return file, (within + (position - 1 if file == 0 else 0)) // 4 + 1


def main() -> None:
    """Execute the order named on the command line."""
    if hasattr(os, "nice"):
        os.nice(15)  # requests of the engine have priority
    execute(Path(sys.argv[1]))


def execute(order: Path) -> None:
    """Execute an order: labels are read from its folder, and merged files are written there."""
    folder = order.parent
    with order.open(encoding="utf-8") as file:
        plan = MergePlan(**json.loads(next(file)))
        for line in file:
            joint = MergedFile(**json.loads(line))
            labels = [(folder / part, page) for part, page in joint.labels]
            with replacing(folder / joint.name) as fresh:
                if plan.is_zpl:
                    _merge_zpl(labels, fresh)
                else:
                    _merge_pdf(labels, fresh, plan.a4, joint.position)


def _merge_zpl(labels: Sequence[tuple[Path, int]], target: Path) -> None:
    last: Path | None = None
    programs: list[bytes] = []
    with target.open("wb") as file:
        for part, page in labels:
            if part != last:
                programs = [text + b"^XZ\n" for text in part.read_bytes().split(b"^XZ")[:-1]]
                last = part
            file.write(programs[page].lstrip())


def _merge_pdf(labels: Sequence[tuple[Path, int]], target: Path, a4: bool, position: int) -> None:
    import pikepdf

    with pikepdf.new() as joint, ExitStack() as stack:  # read whole: a thousand open files would be too many
        parts: dict[Path, pikepdf.Pdf] = {}
        place = position - 1
        sheet: pikepdf.Page | None = None
        for part, page in labels:
            if part not in parts:
                parts[part] = stack.enter_context(pikepdf.open(io.BytesIO(part.read_bytes())))
            source = parts[part].pages[page]
            if not a4:
                joint.pages.append(source)
                continue
            if sheet is None or place == 4:
                place = 0 if sheet is not None else place
                sheet = joint.add_blank_page(page_size=SHEET)
            wide, high = SHEET[0] / 2, SHEET[1] / 2
            left, bottom = place % 2 * wide, (1 - place // 2) * high
            sheet.add_overlay(source, pikepdf.Rectangle(left, bottom, left + wide, bottom + high))
            place += 1
        joint.save(target, compress_streams=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)


if __name__ == "__main__":
    main()
