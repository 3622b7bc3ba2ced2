"""Labels are real in every format: of the right size, legible in all of Central Europe, readable by a scanner."""

from __future__ import annotations

import io
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import pytest
import zxingcpp
from PIL import Image, ImageFont

from cpl_async.sandbox.labels import LabelDrawer
from cpl_async.sandbox.labels.layout import LabelData, TextMark, font_file, layout

from ..pictures import codes_in, page_sizes

LETTERS = "áčďéěíňóřšťúůýžäľĺŕôąćęłńśźżőűăâîșțşţßöüÁČĎÉĚÍŇÓŘŠŤÚŮÝŽÄĽĹŔÔĄĆĘŁŃŚŹŻŐŰĂÂÎȘȚ–€„“"
LABEL = LabelData(
    number="40900000001",
    product="COND",
    recipient=("Országos Széchényi Könyvtár", "", "Szent György tér 4-5-6", "1014 Budapest", "HU"),
    contact="+420777000036",
    cash="18 990.00 HUF",
    note="Křehké – příjem na podatelně",
    reference="2026-00036",
)


@pytest.mark.parametrize("bold", [True, False])
def test_the_font_has_every_letter_of_its_countries(bold: bool) -> None:
    font = ImageFont.truetype(font_file(bold), 40)
    missing = font.getmask("\uffff").getbbox(), bytes(font.getmask("\uffff"))
    for letter in LETTERS:
        assert (font.getmask(letter).getbbox(), bytes(font.getmask(letter))) != missing, letter


def test_a_pdf_page_is_a_label_that_a_scanner_reads() -> None:
    content = LabelDrawer().draw([LABEL])
    assert page_sizes(content) == [(127, 110)]
    assert codes_in(content) == [["40900000001"]]


@pytest.mark.parametrize("position", [1, 2, 3, 4])
def test_a_sheet_begins_at_its_position(position: int) -> None:
    content = LabelDrawer(a4=True, position=position).draw([LABEL] * 4)
    assert [len(codes) for codes in codes_in(content)] == [count for count in (5 - position, position - 1) if count]
    assert set(page_sizes(content)) == {(297, 210)}


@pytest.mark.parametrize("label_format", ["Png", "Jpeg"])
@pytest.mark.parametrize("dpi", [203, 300, 600])
def test_a_picture_has_the_labels_size_and_can_be_scanned(label_format: str, dpi: int) -> None:
    image = Image.open(io.BytesIO(LabelDrawer(format=label_format, dpi=dpi).draw([LABEL])))
    assert image.format == label_format.upper()
    assert image.size == (round(127 / 25.4 * dpi), round(110 / 25.4 * dpi))
    assert [code.text for code in zxingcpp.read_barcodes(image)] == ["40900000001"]


def test_a_drawing_is_xml_with_all_the_words() -> None:
    root = ElementTree.fromstring(LabelDrawer(format="Svg").draw([LABEL]))
    assert root.get("width") == "127mm"
    words = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "Országos Széchényi Könyvtár" in words
    assert "Křehké – příjem na podatelně" in words


def test_a_program_for_printers_escapes_what_would_be_a_command() -> None:
    evil = LabelData(number="40900000001", product="PRIV", recipient=("A^XZ~JA_B", "", "S", "C", "CZ"))
    text = LabelDrawer(format="Zpl").draw([evil]).decode()
    assert text.startswith("^XA\n^CI28\n^PW1015\n^LL879")
    assert text.count("^XZ") == 1
    assert "A_5EXZ_7EJA_5FB" in text
    assert re.search(r"\^BY4\^BCN,192,N,N,N,A\^FD40900000001\^FS", text)


def test_long_words_are_made_smaller_and_stay_on_the_label() -> None:
    long = LabelData(
        number="40900000001", product="PRIV", recipient=("W" * 50, "M" * 50, "S" * 60, "0 " + "C" * 50, "CZ")
    )
    texts = [mark for mark in layout(long) if isinstance(mark, TextMark)]
    assert min(text.size for text in texts) >= 6
    font = {
        bold: ImageFont.truetype(font_file(bold), 100, layout_engine=ImageFont.Layout.BASIC) for bold in (True, False)
    }
    for text in texts:
        assert text.x + font[text.bold].getlength(text.text) / 100 * text.size * 25.4 / 72 <= 127


def test_documents_drawn_at_once_do_not_disturb_each_other() -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as threads:
            drawn = list(threads.map(lambda _: LabelDrawer().draw([LABEL]), range(64)))
    finally:
        sys.setswitchinterval(before)
    assert all(content.startswith(b"%PDF") for content in drawn)
