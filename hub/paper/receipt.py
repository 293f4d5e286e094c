"""The joint receipt as a PDF: data for the template beside this file, set by typst with an embedded font.

The archival profile refuses any character that the font cannot show, so no receipt ever has a box in a name's place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from importlib.resources import as_file
from io import BytesIO
from typing import Any, Final

import segno
import typst

from hub.clock import SHANGHAI
from hub.domain.advice import Tone
from hub.domain.receipt import Receipt, ReceiptLine

_FONTS = "manimgx_fonts_cjk"
_PROFILE: Final = "a-2u"
_UNKNOWN = "〓"
_PROBE = b"""
#set document(date: datetime(year: 2000, month: 1, day: 1, hour: 0, minute: 0, second: 0), title: "x")
#set text(font: "Noto Sans CJK SC", fallback: false)
#sys.inputs.text
"""
_TITLES = {"final": "公共事业统一办理结果回执", "interim": "公共事业统一办理进度回执"}
_SUBTITLES = {
    "final": "一次申请 · 多家单位 · 一张回执　本回执汇总各单位的办理结果",
    "interim": "一次申请 · 多家单位 · 一张回执　部分事项尚未办结，全部办结后另出结果回执",
}
_NOTES = (
    "本回执由平台按各单位系统的答复汇总出具，姓名、证件号码和地址已作遮盖；合同、证明等以各单位出具的文件为准。",
    "核验：扫描右上角二维码，或在窗口出示本回执；核验码含平台签名，内容有改动即不能通过。",
)
_SIMULATED = "模拟环境出具：单位、人员和结果均为虚构，不具有任何效力。"


def receipt_pdf(receipt: Receipt, code: str, digest: str) -> bytes:
    """Set a receipt; `code` is what the QR holds, `digest` its short form for the eye."""
    data = _data(receipt, code, digest)
    try:
        return _set(data)
    except typst.TypstError:
        return _set(_displayable(data))


def _set(data: dict[str, Any]) -> bytes:
    return _compiled(_template().read_bytes(), {"data": json.dumps(data, ensure_ascii=False)})


def _compiled(source: bytes, inputs: dict[str, str]) -> bytes:
    """Set a document. Raises TypstError, also when the font lacks a character."""
    with as_file(resources.files(_FONTS)) as folder:
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder])
        made: bytes = typst.compile(source, font_paths=fonts, sys_inputs=inputs, pdf_standards=_PROFILE, timestamp=0)
    return made


def _template() -> Any:
    return resources.files("hub.paper") / "receipt.typ"


def _data(receipt: Receipt, code: str, digest: str) -> dict[str, Any]:
    local = receipt.issued_at.astimezone(SHANGHAI)
    final = receipt.stage == "final"
    todo = [[line.item_zh, line.next] for line in receipt.lines if line.acts]
    nothing = "全部事项已有结果，您无需再操作。" if final else "无需操作；全部办结后另出结果回执。"
    return {
        **receipt.model_dump(mode="json", include={"case_number", "seq", "issuer", "summary", "simulated"}),
        "title": _TITLES[receipt.stage],
        "subtitle": _SUBTITLES[receipt.stage],
        "date": [local.year, local.month, local.day, local.hour, local.minute, local.second],
        "code": code,
        "digest": digest,
        "qr": _qr(code),
        "tone": _tone(receipt.lines),
        "headline": f"其中 {len(todo)} 项需要您处理" if todo else None,
        "facts": _facts(receipt),
        "lines": [_line(line) for line in receipt.lines],
        "todo": todo,
        "nothing_to_do": nothing,
        "notes": [*_NOTES, *((_SIMULATED,) if receipt.simulated else ())],
    }


def _facts(receipt: Receipt) -> list[list[str]]:
    facts = [
        ["申请人", receipt.applicant],
        ["证件", receipt.document],
        ["经办人", receipt.agent or "本人办理"],
        ["服务地址", receipt.address],
        ["受理", " ".join(each for each in (_moment(receipt.accepted_at), receipt.accepted_by) if each)],
        ["出具", f"{_moment(receipt.issued_at)}（第 {receipt.seq} 号）"],
        ["取件方式", receipt.delivery],
    ]
    return [*facts, ["一件事", receipt.theme_zh]] if receipt.theme_zh else facts


def _line(line: ReceiptLine) -> dict[str, Any]:
    return line.model_dump(mode="json")


def _moment(when: Any) -> str:
    return str(when.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"))


def _tone(lines: tuple[ReceiptLine, ...]) -> Tone:
    """The whole sheet's colour: what the citizen has to do comes first, then what is under way."""
    tones = {line.tone for line in lines}
    if tones <= {"done"}:
        return "done"
    if "acts" in tones or {"done", "refused"} <= tones:
        return "acts"
    return "open" if "open" in tones else "refused"


def _qr(code: str) -> str:
    file = BytesIO()
    segno.make(code, error="m", micro=False).save(file, kind="svg", border=2, dark="#1b2430", xmldecl=False)
    return file.getvalue().decode()


def _displayable(data: dict[str, Any]) -> dict[str, Any]:
    """The same data with a mark for each character that the font does not have."""
    lacking = _lacking("".join(sorted(set(_words(data)))))
    marked: dict[str, Any] = _replaced(data, {ord(each): _UNKNOWN for each in lacking})
    return marked


def _words(data: Any) -> Iterator[str]:
    """Every text in the data, character by character."""
    match data:
        case dict():
            for each in data.values():
                yield from _words(each)
        case list():
            for each in data:
                yield from _words(each)
        case str():
            yield from data


def _replaced(data: Any, marks: dict[int, str]) -> Any:
    match data:
        case dict():
            return {key: _replaced(each, marks) for key, each in data.items()}
        case list():
            return [_replaced(each, marks) for each in data]
        case str():
            return data.translate(marks)
        case _:
            return data


def _lacking(characters: str) -> str:
    """Those of some characters that the font cannot show, found by trying ever smaller parts."""
    if not characters or _shows(characters):
        return ""
    if len(characters) == 1:
        return characters
    middle = len(characters) // 2
    return _lacking(characters[:middle]) + _lacking(characters[middle:])


def _shows(characters: str) -> bool:
    try:
        _compiled(_PROBE, {"text": " ".join(characters)})
    except typst.TypstError:
        return False
    return True
