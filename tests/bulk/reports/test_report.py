"""The report says what became of a job, to people, and on one page that needs nothing else."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import zipfile
from html import unescape
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from attrs import evolve

from cpl_async.bulk.reports import html
from cpl_async.bulk.reports import html as page
from cpl_async.bulk.reports.data import Duplicate, History, RejectionReason, ReportData, RequestKind, UndecidedReference
from cpl_async.bulk.reports.html import page_of
from cpl_async.bulk.reports.process import run_report_process
from cpl_async.bulk.reports.timeline import TimedCount, TimeSpan, counted, highest, spread_of, timeline_over, waiting
from cpl_async.messages import texts

from ..browser import chromium

PACKAGE = Path(page.__file__).parents[2]
NOON = 1795518000.0  # 24 November 2026, 12:00 in Prague
DAY = 86_400.0


def course_of(size: int, times: list[float]) -> History:
    """Return what happened when in a job of so many batches that took such times."""
    dice = random.Random(7)
    sends = [NOON + 3 + 0.9 * n + (DAY if n >= 0.6 * size else 0) for n in range(size)]
    over = [sent + time for sent, time in zip(sends, times, strict=True)]
    half = 0.54 * size
    grid = timeline_over([TimeSpan(NOON, NOON + half + 60), TimeSpan(NOON + DAY + half, NOON + DAY + 0.9 * size + 60)])
    changes = sorted(
        [*(TimedCount(at, 1) for at in sends), *(TimedCount(at, -1) for at in over)], key=lambda moment: moment.at
    )
    return History(
        grid=grid,
        sent=counted(grid, (TimedCount(at, 100) for at in sends)),
        imported=counted(grid, (TimedCount(at, 99) for at in over)),
        shipped=counted(grid, (TimedCount(at + 1, 98) for at in over)),
        open_batches=highest(grid, changes),
        waiting=waiting(grid, (TimeSpan(at - dice.expovariate(2), at) for at in sends)),
    )


def job(size: int = 1000, **others: Any) -> ReportData:
    """Return a job of so many batches of 100 rows, which stopped once and went on the next day."""
    dice = random.Random(7)
    times = [dice.lognormvariate(1.6, 0.5) for _ in range(size)]
    course = course_of(size, times)
    rows = 100 * size
    data = ReportData(
        job="vánoce",
        system="production",
        made_at=course.grid.runs[-1].end + 3,
        rows=rows,
        shipped=rows - 2 * size - 250,
        unlabelled=0,
        rejected=2 * size,
        undecided=250,
        parcels=rows,
        batches=size,
        requests=7 * size,
        seconds=course.grid.seconds,
        runs=2,
        reasons=[
            RejectionReason("zip_code: 'ABC 12' is no postal code", size),
            RejectionReason("<script>alert(1)</script> & co", size - 7),
        ],
        open_rows=[
            UndecidedReference(f"REF-{n:04}", f"REF-{n:04}: lost answer [correlation id a-{n}]") for n in range(300)
        ],
        course=course,
        import_times=spread_of(times),
        request_kinds=[RequestKind("send", size + 12, 12), RequestKind("state", 4 * size, 31)],
        zone="Europe/Prague",
    )
    return evolve(data, **others)


def words_of(page: str) -> str:
    """Return what a page says, without its style, tags and line breaks."""
    text = re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL)
    return " ".join(unescape(text).replace("\u00a0", " ").split())


def files_in(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}


# the page


def test_each_text_of_the_reports_is_used() -> None:
    folder = Path(html.__file__).parent
    source = "".join(file.read_text() for file in folder.rglob("*") if file.suffix in (".py", ".j2"))
    known = {*texts("report", "en"), *texts("manifest", "en")}
    made = {f"kind_{kind}" for kind in ("send", "state", "labels", "label", "token", "look_up")}
    made |= {f"{state}_note" for state in ("shipped", "unlabelled", "rejected", "undecided")}
    assert {name for name in known - made if not re.search(rf"[\"'.]{name}\b", source)} == set()


def test_the_figures_are_on_the_page_as_the_reader_writes_them() -> None:
    english, czech = words_of(page_of(job())), words_of(page_of(job(language="cs")))
    assert "97,750 of 100,000 rows shipped with labels." in english
    assert "Hotovo se štítkem: 97 750 z 100 000 řádků." in czech
    assert "24 Nov 2026 12:00 – 25 Nov 2026 12:16 CET" in english
    assert "24. 11. 2026 12:00 – 25. 11. 2026 12:16 CET" in czech
    assert "5,012 requests in all runs, 43 of them without a good answer (0.9%)" in english
    assert "polovina importována do 4,9 s, 95 % do 11 s" in czech


def test_rejected_rows_are_grouped_by_reason() -> None:
    text = words_of(page_of(job()))
    assert "1,000 zip_code: '…' is no postal code 993 <script>alert(1)</script> & co 7 for other reasons" in text


def test_undecided_rows_are_listed_up_to_a_limit() -> None:
    text = words_of(page_of(job()))
    assert "REF-0199 REF-0199: lost answer [correlation id a-199] and 50 rows more" in text
    assert "REF-0200" not in text


def test_doubles_are_named_with_both_numbers() -> None:
    page = page_of(job(doubles=[Duplicate("REF-9", ["40900000001", "40900000002"])]))
    assert "REF-9 40900000001, 40900000002" in words_of(page)
    assert "Possible doubles" not in words_of(page_of(job()))
    many = words_of(page_of(job(doubles=[Duplicate(f"REF-{n}", ["1", "2"]) for n in range(203)])))
    assert "Possible doubles 203" in many
    assert "and 3 more" in many


@pytest.mark.parametrize("language", ["en", "cs"])
def test_references_can_be_left_out(language: str) -> None:
    double = Duplicate("REF-9", ["40900000001", "40900000002"])
    text = words_of(page_of(job(references=False, doubles=[double], language=language)))
    assert "REF-" not in text
    assert "…: lost answer" in text
    assert "250" in text
    assert "40900000001, 40900000002" in text


def test_quoted_values_and_addresses_are_not_on_the_page() -> None:
    reasons = [
        RejectionReason("name: 'Jan Novák' is odd", 1),
        RejectionReason('"Brno" isn\'t it', 2),
        RejectionReason("jan@novak.cz is no mail", 3),
    ]
    rows = [UndecidedReference("r", "Street 'Dlouhá 1' is odd")]
    page = page_of(job(reasons=reasons, unlabelled=1, unlabelled_reasons=reasons, open_rows=rows))
    assert [word for word in ("Novák", "Brno", "novak", "Dlouhá") if word in page] == []
    assert "isn't it" in words_of(page)


def test_text_is_never_markup() -> None:
    odd = "<script>alert(1)</script>$x^2$"
    page = page_of(
        job(
            job=odd,
            system=odd,
            reasons=[RejectionReason(odd, 3)],
            open_rows=[UndecidedReference(odd, odd)],
            doubles=[Duplicate(odd, [odd])],
            request_kinds=[RequestKind(odd, 4, 1), RequestKind("send", 4, 1)],
        )
    )
    assert "<script" not in page
    assert words_of(page).count(odd) >= 8
    drawn = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert sum(odd in words_of(drawing) for drawing in drawn) == 2


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page = page_of(job())
    assert "http:" not in page
    assert "https:" not in page
    assert not re.search(r"\b(src|srcset|action|@import)\b\s*[=(]", page)
    assert {link[0] for link in re.findall(r'href="([^"]*)', page)} == {"#"}
    assert "default-src 'none'" in page


def test_each_plot_is_drawn_for_desk_and_phone() -> None:
    page = page_of(job())
    assert page.count("<svg") == page.count("</svg>") == 8
    for title in ("Throughput", "Waiting", "How long an import takes", "Requests"):
        assert page.count(f'role="img"><title>{title}</title><desc>') == 2
    names = re.findall(r' id="([^"]*)"', page)
    assert len(names) == len(set(names))
    assert set(re.findall(r"(?:url\(|href=\")#([^\")]*)", page)) <= set(names)
    assert page.count("<details>") == 4


def test_the_same_data_make_the_same_page() -> None:
    assert page_of(job()) == page_of(job())


def test_little_data_are_said_in_words() -> None:
    grid = timeline_over([TimeSpan(NOON, NOON + 0.2)])
    course = History(grid=grid, sent=[2, 0], imported=[0, 2], shipped=[0, 2], open_batches=[1, 1], waiting=[0, 0])
    page = page_of(job(1, course=course, import_times=spread_of([0.1]), request_kinds=[], requests=3))
    assert "<svg" not in page
    assert "Too little for a plot: 2 rows sent, 2 imported, 2 with labels in 0.20 s." in words_of(page)
    assert "Too few batches for a curve: 1 batch, imported in 0.10 s to 0.10 s." in words_of(page)
    assert "3 requests in all runs; their kinds are not known." in words_of(page)


def test_gaps_between_runs_are_marked() -> None:
    for number, said in ((1, ""), (3, "dashed lines show"), (40, "The time between the 40 runs is left out.")):
        grid = timeline_over(TimeSpan(NOON + 1000 * n, NOON + 1000 * n + 90) for n in range(number))
        values = [5.0] * grid.bins
        course = History(grid=grid, sent=values, imported=values, shipped=values, open_batches=values, waiting=values)
        page = page_of(job(course=course, import_times=spread_of([])))
        assert ("left out" in page) is (number > 1)
        assert said in words_of(page)
        assert ("stroke-dasharray" in page) is (number == 3)


def test_a_straggler_does_not_press_the_curve_to_the_wall() -> None:
    page = page_of(job(import_times=spread_of([4.0] * 30 + [5.0] * 10 + [900.0])))
    assert "the slowest took 15 min 0 s. The axis ends at 7.6 s; slower batches are beyond it." in words_of(page)


def test_an_empty_job_has_a_page_too() -> None:
    nothing = {"shipped": 0, "rejected": 0, "undecided": 0, "reasons": [], "open_rows": []}
    page = page_of(job(10, rows=0, batches=0, requests=0, course=None, request_kinds=[], **nothing))
    assert "There was nothing to ship." in page
    assert "Nothing was sent in this job." in page


@pytest.mark.parametrize(("system", "shown"), [("production", False), ("sandbox", True), ("testing", True)])
def test_a_job_that_was_not_real_says_so(system: str, shown: bool) -> None:
    assert ("Not real shipments" in page_of(job(system=system))) is shown


# the process


def test_a_million_rows_cost_no_more_than_ten_thousand() -> None:
    small, big = job(100).as_json(), job(10_000).as_json()
    assert len(big) < 1.1 * len(small) < 60_000


async def test_the_report_is_made_beside_its_data(tmp_path: Path) -> None:
    data = tmp_path / "data.json"
    data.write_text(job().as_json(), encoding="utf-8")
    assert await run_report_process("report", data) is None
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page_of(job())
    assert files_in(tmp_path).keys() == {"data.json", "report.html"}


async def test_a_failed_report_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("old")
    data = tmp_path / "data.json"
    data.write_text('{"job": "x"}')
    assert (await run_report_process("report", data) or "").startswith(
        "ValueError: ReportData: required field missing @ $.system"
    )
    assert files_in(tmp_path) == {"data.json": '{"job": "x"}', "report.html": "old"}


def test_the_engine_loads_nothing_that_draws() -> None:
    names = "report_process, data, timeline, process, manifest_process, manifest_data, formatting"
    program = f"import sys; from cpl_async.bulk.reports import {names}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"matplotlib", "numpy", "jinja2", "reportlab", "cpl_async.sandbox"} & set(done.stdout.split())


@pytest.mark.parametrize(("paper", "missing"), [("report", "matplotlib"), ("manifest", "reportlab")])
def test_without_its_extra_a_paper_says_what_to_install(tmp_path: Path, paper: str, missing: str) -> None:
    from cpl_async.bulk.reports.manifest_data import ManifestHeader, write_manifest_data

    data = tmp_path / "data"
    if paper == "report":
        data.write_text(job().as_json())
    else:
        write_manifest_data(data, ManifestHeader(job="j", at=NOON, sender=[]), [])
    program = f"import sys; sys.modules['{missing}'] = None; sys.argv[1:] = [{str(data)!r}]"
    program += f"; from cpl_async.bulk.reports.{paper}_process import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.strip() == f"the {paper} needs {missing}: pip install 'cpl-sdk[report]'"


# the browser

LOOK = """({
    wide: document.documentElement.scrollWidth,
    plots: [...document.querySelectorAll('.plot svg')].filter(svg => svg.getBoundingClientRect().width).length,
    beyond: [...document.querySelectorAll('main *')].filter(
        element => element.checkVisibility() && !element.closest('.scroll')
            && element.getBoundingClientRect().right > innerWidth + 0.5).length,
    letters: Math.min(...[...document.querySelectorAll('.plot text')].filter(text => text.checkVisibility())
        .map(text => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a)),
    paper: getComputedStyle(document.body).backgroundColor,
    ink: getComputedStyle(document.querySelector('.plot text')).fill,
})"""


@pytest.mark.parametrize("language", ["en", "cs"])
async def test_a_browser_shows_it_on_phone_and_desk_in_light_and_dark(tmp_path: Path, language: str) -> None:
    file = tmp_path / "report.html"
    file.write_text(
        page_of(job(language=language, doubles=[Duplicate("R" * 100, ["1" * 11, "2" * 11])])), encoding="utf-8"
    )
    async with chromium(tmp_path) as browser:
        for width in (390, 1280):
            inks = []
            for dark in (False, True):
                await browser.open(file, width=width, dark=dark)
                seen = await browser.value(LOOK)
                assert browser.asked == [file.as_uri()]
                assert (seen["wide"], seen["beyond"], seen["plots"]) == (width, 0, 4)
                assert seen["letters"] >= 11
                inks.append((seen["paper"], seen["ink"]))
            assert inks == [("rgb(253, 253, 253)", "rgb(89, 99, 110)"), ("rgb(20, 23, 27)", "rgb(163, 173, 184)")]


async def test_it_prints_on_a_few_sheets_of_a4_in_ink_on_white(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(page_of(job(open_rows=job().open_rows[:10])), encoding="utf-8")
    async with chromium(tmp_path) as browser:
        await browser.open(file, dark=True)
        dark = {"name": "prefers-color-scheme", "value": "dark"}
        await browser.call("Emulation.setEmulatedMedia", media="print", features=[dark])
        assert await browser.value("getComputedStyle(document.body).color") == "rgb(27, 31, 36)"
        document = pypdfium2.PdfDocument(await browser.printed())
    assert 2 <= len(document) <= 4
    assert {tuple(round(edge / 72 * 25.4) for edge in page.get_size()) for page in document} == {(210, 297)}
    text = "".join(page.get_textpage().get_text_range() for page in document)
    assert "97,750" in text
    assert text.count("half within") == 1
    assert document[0].render(scale=1).to_pil().convert("L").getpixel((5, 5)) == 255
    document.close()


def test_reports_are_made_from_a_package_in_a_zip_file(tmp_path: Path) -> None:
    """As in an application that is packed with zipapp or shiv."""
    archive = tmp_path / "application.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in sorted(PACKAGE.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                packed.write(path, path.relative_to(PACKAGE.parent))
    rows = PACKAGE.parent / "examples" / "shipments.csv"
    done = subprocess.run(
        [sys.executable, "-P", "-c", "import cpl_async.cli as c; print(c.__file__, flush=True); c.main()",
         "ship", str(rows), "--sandbox", "--out", "out"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(archive), "CPL_STATE_DIR": str(tmp_path / "state")},
        capture_output=True, encoding="utf-8", timeout=120,
    )  # fmt: skip
    assert str(archive) in done.stdout, done.stderr
    assert done.returncode in (0, 1), done.stderr  # some rows of the example are refused
    assert "cannot be" not in done.stderr
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"labels.pdf", "report.html", "manifest.pdf", "summary.json"} <= made, done.stderr
