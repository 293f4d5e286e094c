"""The joint receipt as a PDF: its text, its fonts, its QR, rare characters, and the same bytes every time.

UPDATE_GOLDENS=1 writes the texts anew: review them.
"""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import pypdf
import pypdfium2
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.states import TaskState
from hub.engine.papers.proof import Signer, find_code, short
from hub.paper import receipt_pdf
from tests.receipts import APPLICATION, partly, receipt, task

FOLDER = Path(__file__).parents[2] / "golden" / "receipts"
SIGNER = Signer(b"k" * 32)
RARE = "䶮𬭎㐂龘"


def pdf(made):
    return receipt_pdf(made, SIGNER.code(made), short(made))


def text(content):
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(content)).pages)


class Picture:
    """A rendered page in the form that the QR reader takes."""

    def __init__(self, page):
        bitmap = page.render(scale=2, grayscale=True)
        self._pixels = bytes(bitmap.buffer)
        shape = (bitmap.height, bitmap.width)
        self.__array_interface__ = {
            "shape": shape, "typestr": "|u1", "version": 3, "data": self._pixels, "strides": (bitmap.stride, 1),
        }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("partly", partly),
        ("done", lambda: receipt(task(1), task(2, item="JX6-ELE-05"))),
        ("refused", lambda: receipt(task(1, TaskState.CANCELLED), task(2, TaskState.COMPENSATED, item="JX6-ELE-05"))),
    ],
)
def test_text_of_a_receipt_is_the_reviewed_one(name, make):
    found, golden = text(pdf(make())), FOLDER / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDENS"):
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text("utf-8")


def test_the_same_receipt_gives_the_same_bytes():
    assert pdf(partly()) == pdf(partly())


def test_the_file_is_archival_with_its_fonts_inside_and_small():
    content = pdf(partly())
    reader = pypdf.PdfReader(BytesIO(content))
    assert b"pdfaid:part" in content
    assert len(content) < 150_000, "the font is 30 million bytes; only what is used goes along"
    fonts = reader.pages[0]["/Resources"]["/Font"].values()
    for font in fonts:
        descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert {"/FontFile2", "/FontFile3"} & set(descriptor)
        assert font.get_object()["/BaseFont"][7] == "+", "a subset"
    box = reader.pages[0].mediabox
    assert (round(box.width), round(box.height)) == (595, 842)


def test_the_qr_holds_the_code_and_nothing_personal():
    made = partly()
    page = pypdfium2.PdfDocument(pdf(made))[0]
    (found,) = zxingcpp.read_barcodes(Picture(page))
    assert found.text == SIGNER.code(made)
    assert find_code(found.text).good(SIGNER.public)


def test_the_code_can_be_typed_from_the_paper_and_is_found_in_the_file():
    made = partly()
    content = pdf(made)
    assert find_code(content) == find_code(SIGNER.code(made))
    assert find_code(text(content)) == find_code(SIGNER.code(made))


def test_rare_characters_of_names_and_places_are_shown():
    applicant = APPLICATION.applicant.with_(name="䶮某")
    address = APPLICATION.address.with_(full_address=f"嘉兴市{RARE}路1号2幢301室")
    shown = text(pdf(receipt(task(), application=APPLICATION.with_(applicant=applicant, address=address))))
    assert "䶮*" in shown
    assert RARE in shown


@pytest.mark.parametrize("unknown", ["😀", "\x07"])
def test_a_character_that_the_font_lacks_is_marked_never_left_out(unknown):
    address = APPLICATION.address.with_(full_address=f"嘉兴市{unknown}南湖路1号2幢301室")
    assert "嘉兴市〓南湖路" in text(pdf(receipt(task(), application=APPLICATION.with_(address=address))))


@pytest.mark.parametrize("markup", ['#import "x"', "*粗* _斜_ $x$ @ref <tag>", "\\ \" ' ` // /* */ [ ] { }"])
def test_what_is_told_is_never_read_as_markup(markup):
    made = partly().with_(address=markup)
    assert markup.replace(" ", "")[:6] in text(pdf(made)).replace(" ", "").replace("‘", "'").replace("“", '"')


def test_a_receipt_for_twenty_tasks_has_a_second_page_with_its_head_and_the_number():
    made = receipt(*(task(number, TaskState.REJECTED) for number in range(1, 21)))
    pages = [page.extract_text() for page in pypdf.PdfReader(BytesIO(pdf(made))).pages]
    assert len(pages) > 1
    assert all("办理事项" in page for page in pages[:2])
    assert all(f"共 {len(pages)} 页" in page for page in pages)


def test_the_mark_of_simulators_is_on_every_page_and_only_theirs():
    simulated = [task(number, simulated=True) for number in range(1, 21)]
    for page in pypdf.PdfReader(BytesIO(pdf(receipt(*simulated)))).pages:
        assert "非真实办件" in page.extract_text()
    assert "模拟" not in text(pdf(receipt(task(1))))


@given(st.text(max_size=20))
@settings(max_examples=8, deadline=None)
def test_any_text_makes_a_receipt(words):
    assert pdf(partly().with_(address=words)).startswith(b"%PDF")
