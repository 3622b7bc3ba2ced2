"""Labels print, and do nothing else to a printer or in a viewer."""

from __future__ import annotations

import io

import pikepdf
import pytest

from cpl_async import Client, LabelSettings
from cpl_async.models.codes import LabelFormat
from cpl_async.resources.label_sanitizer import ActiveLabel, printable
from cpl_async.sandbox import Sandbox

from ...conftest import shipment

LABEL = b"^XA\n^CI28\n^FO10,10^A0N,30,20^FH_^FDKol\xc3\xadn^FS\n^XZ\n"


@pytest.mark.parametrize(
    "attack",
    [
        b"~JR", b"~JA", b"^IDR:*.*", b"^IDE:LOGO.GRF", b"^JUS", b"^KP1234", b"^NS", b"^ST01,01,2020", b"~CC+",
        b"^CC+", b"^CD;", b"^CT!", b"^SZA", b"^HH", b"~HS", b"^DFE:EVIL.ZPL", b"~DGE:LOGO.GRF,1,1,FF", b"~EG",
        b"^\nJUS", b"^ jus", b"^\r\nID", b"~dye:x,b,g,3,1,abc", b"^TOE:,R:", b"^ZZ", b"^QQ", b"^JB", b"^MWY",
        b"! U1 setvar \"ip.addr\" \"1.2.3.4\"\r\n", b"\x1b%-12345X@PJL RESET\r\n", b"\nN\nfactory\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", [0, 4, LABEL.index(b"^FO"), LABEL.index(b"^XZ"), len(LABEL)])
def test_commands_that_change_a_printer_are_removed(attack: bytes, place: int) -> None:
    attacked = LABEL[:place] + attack + LABEL[place:]
    kept = printable(attacked, LabelFormat.ZPL)
    assert [line for line in kept.splitlines() if line.strip()] == LABEL.splitlines()


def test_what_a_label_brings_along_stays() -> None:
    binary = b"^GFB,9,9,3,~JR^ID\n\xff\x00^FS"
    content = b"~DGR:LOGO.GRF,2,1,FF\n00\n^XA^FO1,1^XGR:LOGO.GRF^FS\n^MD5^PR4^PQ2~SD15\n" + binary + b"^XZ\n"
    assert printable(content, LabelFormat.ZPL) == content
    assert printable(LABEL, None) == LABEL


def pdf(**active: object) -> bytes:
    document = pikepdf.new()
    page = document.add_blank_page(page_size=(300, 300))
    script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.launchURL('https://example.com')")
    if "page" in active:
        page.obj.AA = pikepdf.Dictionary(O=script)
    if "open" in active:
        document.Root.OpenAction = script
    if "names" in active:
        document.Root.Names = pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=["x", script]))
    if "link" in active:
        link = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 300, 300], A=script)
        page.obj.Annots = pikepdf.Array([document.make_indirect(link)])
    output = io.BytesIO()
    document.save(output)
    return output.getvalue()


@pytest.mark.parametrize("where", ["page", "open", "names", "link"])
@pytest.mark.parametrize("label_format", [LabelFormat.PDF, None])
def test_actions_are_taken_out_of_a_pdf(where: str, label_format: LabelFormat | None) -> None:
    cleaned = printable(pdf(**{where: True}), label_format)
    with pikepdf.open(io.BytesIO(cleaned)) as document:
        assert {"/AA", "/OpenAction", "/Names", "/AcroForm"}.isdisjoint(document.Root.keys())
        assert {"/AA", "/Annots"}.isdisjoint(document.pages[0].obj.keys())
        assert len(document.pages) == 1
    assert b"launchURL" not in cleaned


def test_a_pdf_without_actions_is_left_as_it_is() -> None:
    content = pdf()
    assert printable(content, LabelFormat.PDF) is content
    with pytest.raises(ActiveLabel, match="no readable PDF"):
        printable(b"%PDF-1.4 torn", LabelFormat.PDF)


@pytest.mark.parametrize(
    "inside",
    [
        b"<script>x</script>", b"<svg:script/>", b"<g onload='x'/>", b"<a href=\"javascript:x\">", b"<foreignObject/>",
        b"<image href='https://example.com/x.png'/>", b"<!ENTITY x 'y'>", b"<set attributeName='href'/>",
    ],
)  # fmt: skip
def test_a_picture_that_acts_is_refused(inside: bytes) -> None:
    with pytest.raises(ActiveLabel, match="SVG"):
        printable(b"<svg xmlns='http://www.w3.org/2000/svg'>" + inside + b"</svg>", LabelFormat.SVG)


@pytest.mark.parametrize("name", ["Zpl", "Pdf", "Svg", "Png"])
async def test_labels_of_the_server_stay_the_same(sandbox: Sandbox, client: Client, name: str) -> None:
    batch = await client.shipment_batches.create([shipment()], labels=LabelSettings(format=name))
    await batch.wait(timeout=60)
    content = (await batch.label(limit=1)).content
    assert printable(content, LabelFormat(name)) == content
