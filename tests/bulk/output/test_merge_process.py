"""Labels are joined in the order of the input, a thousand a file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cpl_async.bulk.output.merge_process import MergedFile, MergePlan, label_place, output_names
from cpl_async.sandbox.labels import LabelDrawer
from cpl_async.sandbox.labels.layout import LabelData

from ...pictures import codes_in, page_sizes


def labels(*numbers: int) -> list[LabelData]:
    return [LabelData(number=f"4090000{number:04}", product="PRIV", recipient=("A",)) for number in numbers]


def join(folder: Path, joint: MergedFile, plan: MergePlan) -> None:
    lines = folder / "order"
    lines.write_text("\n".join([plan.as_json(), joint.as_json()]))
    subprocess.run([sys.executable, "-m", "cpl_async.bulk.output.merge_process", lines], check=True, timeout=60)


@pytest.mark.parametrize(
    ("parcels", "names"),
    [(0, []), (1, ["labels.pdf"]), (1000, ["labels.pdf"]), (1001, ["labels-0001.pdf", "labels-0002.pdf"])],
)
def test_beyond_a_thousand_parcels_there_are_numbered_files(parcels: int, names: list[str]) -> None:
    assert output_names(parcels, "pdf", 1000) == names


@pytest.mark.parametrize(
    ("index", "a4", "position", "place"),
    [
        (0, False, 1, (0, 1)),
        (999, False, 1, (0, 1000)),
        (1000, False, 1, (1, 1)),
        (0, True, 1, (0, 1)),
        (3, True, 1, (0, 1)),
        (4, True, 1, (0, 2)),
        (1, True, 4, (0, 2)),
        (1000, True, 4, (1, 1)),
        (1004, True, 4, (1, 2)),
    ],
)
def test_a_labels_place_is_known_without_looking(index: int, a4: bool, position: int, place: tuple[int, int]) -> None:
    assert label_place(index, 1000, a4=a4, position=position) == place


def test_pages_come_in_the_order_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(LabelDrawer().draw(labels(1, 2, 3)))
    (tmp_path / "b.pdf").write_bytes(LabelDrawer().draw(labels(4)))
    joint = MergedFile(name="labels.pdf", labels=[("a.pdf", 2), ("b.pdf", 0), ("a.pdf", 0)])
    join(tmp_path, joint, MergePlan())
    content = (tmp_path / "labels.pdf").read_bytes()
    assert codes_in(content) == [["40900000003"], ["40900000004"], ["40900000001"]]
    assert page_sizes(content) == [(127, 110)] * 3


def test_sheets_begin_at_the_position_and_hold_four(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(LabelDrawer().draw(labels(1, 2, 3, 4, 5, 6)))
    joint = MergedFile(name="labels.pdf", labels=[("a.pdf", page) for page in range(6)], position=3)
    join(tmp_path, joint, MergePlan(a4=True))
    content = (tmp_path / "labels.pdf").read_bytes()
    assert codes_in(content) == [["40900000001", "40900000002"], [f"4090000000{number}" for number in (3, 4, 5, 6)]]
    assert page_sizes(content) == [(297, 210)] * 2


def test_zpl_programs_come_in_the_order_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.zpl").write_bytes(LabelDrawer(format="Zpl").draw(labels(1, 2)))
    (tmp_path / "b.zpl").write_bytes(LabelDrawer(format="Zpl").draw(labels(3)))
    joint = MergedFile(name="labels.zpl", labels=[("b.zpl", 0), ("a.zpl", 1), ("a.zpl", 0)])
    join(tmp_path, joint, MergePlan(is_zpl=True))
    text = (tmp_path / "labels.zpl").read_text(encoding="utf-8")
    assert text.count("^XA") == text.count("^XZ") == 3
    assert text.index("^FD40900000003") < text.index("^FD40900000002") < text.index("^FD40900000001")
