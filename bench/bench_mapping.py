"""What the mapping language costs: the compiled mapping of a water order against the same function by hand.

Method. One canonical order with three materials is written by a mapping of 40 rules (34 values, 6 for each of the
three materials), compiled from YAML, and by a function that an experienced engineer would write. Both must give
equal trees. They run interleaved, in blocks of a few hundred calls, each block timed in CPU time of this process
with the collector off; the figure is the median of the blocks, and the ratio is the median of the ratios of
neighbouring blocks, so that a noisy machine disturbs both alike. The ratio may fall below 1: generated code can
afford what nobody writes by hand, such as isoformat in place of strftime, and a look at the length before a text
is encoded to be measured.

    python bench/bench_mapping.py [--json] [--blocks 101] [--calls 400]
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parents[1]))

from hub.domain.address import Address
from hub.domain.application import Channel
from hub.domain.evidence import Evidence
from hub.domain.form import OrderForm
from hub.domain.money import format_yuan
from hub.domain.order import ServiceOrder
from hub.domain.party import Agent, DocumentType, IdentityDocument, PartyRef, Person
from hub.mapping import Env, build_set

CODES = """
tables:
  channel: {out: {WINDOW: "01", TERMINAL: "02", WEB: "03", MOBILE: "03", HOTLINE: "03"}}
  id_type: {out: {RIC: "0", PASSPORT: "1", HM_PERMIT: "2", TW_PERMIT: "2", USCC: "9"}}
  material: {out: {ID_CARD: "01", RE_CERT: "02", TRANSFER_AGREEMENT: "03"}}
  settle: {out: {old_holder_pays: "1", new_holder_takes_over: "2"}}
"""
MAPPING = """
mapping: bench.water.3001.request
direction: request
source: ServiceOrder
charset: gbk
zone: Asia/Shanghai
fields:
  HEAD.GSDM: {from: $params.gsdm, required: true}
  HEAD.LSH: serial
  HEAD.JYSJ: {from: $now, format: "%Y-%m-%d %H:%M:%S"}
  HEAD.CZY: {from: channel.operator, default: "0000"}
  HEAD.QDLX: {from: channel.type, table: channel}
  BODY.YWLX: variant
  BODY.BZ: {const: "1"}
  BODY.YHBH: {from: form.account_no, required: true}
  BODY.YHMC: {from: applicant.name, max_bytes: 60}
  BODY.ZJLX: {from: applicant.document.type, table: id_type}
  BODY.ZJHM: applicant.document.number
  BODY.LXDH: applicant.mobile
  BODY.CSRQ: {from: applicant.birth_date, fn: digits}
  BODY.XZQH: address.division_code
  BODY.YSDZ: {from: address.full_address, max_bytes: 200}
  BODY.DL: address.thoroughfare
  BODY.XQ: address.locator_name
  BODY.MP: address.locator_designator
  BODY.BDCDYH: property_unit_no
  BODY.QJFS: delivery
  BODY.SQSJ: {from: submitted_at, format: "%Y-%m-%d %H:%M:%S"}
  BODY.YYHM: {from: form.old_holder_name, max_bytes: 60}
  BODY.CQZH: form.ownership_proof_no
  BODY.ZDHZ: form.designated_holder.name
  BODY.ZDZJLX: {from: form.designated_holder.document.type, table: id_type}
  BODY.ZDZJHM: form.designated_holder.document.number
  BODY.BDSZ: {from: form.meter_reading, fn: text}
  BODY.JSFS: {from: form.settle_mode, table: settle}
  BODY.JE: {from: form.amount, fn: yuan}
  BODY.KSRQ: {from: form.start_date, format: "%Y%m%d"}
  BODY.JSRQ: {from: form.end_date, format: "%Y%m%d"}
  BODY.SQYY: {from: form.reason, max_bytes: 200}
  BODY.JBRXM: {from: agent.person.name, max_bytes: 60}
  BODY.JBRDH: agent.person.mobile
  BODY.FJLIST.FJ:
    each: evidence
    where: {has: ref}
    fields:
      FJLX: {from: material, table: material}
      XH: $index
      WJM: {from: file_name, max_bytes: 100}
      LX: media_type
      DX: size
      SM3: sm3
"""
CHANNELS = {"WINDOW": "01", "TERMINAL": "02", "WEB": "03", "MOBILE": "03", "HOTLINE": "03"}
ID_TYPES = {
    DocumentType.RIC: "0",
    DocumentType.PASSPORT: "1",
    DocumentType.HM_PERMIT: "2",
    DocumentType.TW_PERMIT: "2",
    DocumentType.USCC: "9",
}
MATERIALS = {"ID_CARD": "01", "RE_CERT": "02", "TRANSFER_AGREEMENT": "03"}
SETTLE = {"old_holder_pays": "1", "new_holder_takes_over": "2"}
SHANGHAI = ZoneInfo("Asia/Shanghai")


def fitting(text: str, most: int) -> str:
    if len(text.encode("gbk")) > most:
        raise ValueError("too long")
    return text


# One long function on purpose: splitting it would make the comparison kinder to the compiled code.
def by_hand(order: ServiceOrder, env: Env) -> dict[str, Any]:  # noqa: C901, PLR0912, PLR0915 -- see above
    applicant, form, address = order.applicant, order.form, order.address
    company = env.params.get("gsdm")
    if company is None:
        raise ValueError("GSDM")
    if form.account_no is None:
        raise ValueError("YHBH")
    head = {
        "GSDM": company,
        "LSH": order.serial,
        "JYSJ": env.now.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
        "CZY": "0000" if order.channel.operator is None else order.channel.operator,
        "QDLX": CHANNELS[order.channel.type],
    }
    body: dict[str, Any] = {
        "YWLX": order.variant,
        "BZ": "1",
        "YHBH": form.account_no,
        "YHMC": fitting(applicant.name, 60),
        "ZJLX": ID_TYPES[applicant.document.type],
        "ZJHM": applicant.document.number,
    }
    if applicant.mobile is not None:
        body["LXDH"] = applicant.mobile
    birth_date = getattr(applicant, "birth_date", None)
    if birth_date is not None:
        body["CSRQ"] = "".join(c for c in birth_date if c in "0123456789")
    body["XZQH"] = address.division_code
    body["YSDZ"] = fitting(address.full_address, 200)
    if address.thoroughfare is not None:
        body["DL"] = address.thoroughfare
    if address.locator_name is not None:
        body["XQ"] = address.locator_name
    if address.locator_designator is not None:
        body["MP"] = address.locator_designator
    if order.property_unit_no is not None:
        body["BDCDYH"] = order.property_unit_no
    body["QJFS"] = order.delivery
    body["SQSJ"] = order.submitted_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    if form.old_holder_name is not None:
        body["YYHM"] = fitting(form.old_holder_name, 60)
    if form.ownership_proof_no is not None:
        body["CQZH"] = form.ownership_proof_no
    holder = form.designated_holder
    if holder is not None:
        body["ZDHZ"] = holder.name
        body["ZDZJLX"] = ID_TYPES[holder.document.type]
        body["ZDZJHM"] = holder.document.number
    if form.meter_reading is not None:
        body["BDSZ"] = format(form.meter_reading, "f")
    if form.settle_mode is not None:
        body["JSFS"] = SETTLE[form.settle_mode]
    if form.amount is not None:
        body["JE"] = format_yuan(form.amount)
    if form.start_date is not None:
        body["KSRQ"] = form.start_date.strftime("%Y%m%d")
    if form.end_date is not None:
        body["JSRQ"] = form.end_date.strftime("%Y%m%d")
    if form.reason is not None:
        body["SQYY"] = fitting(form.reason, 200)
    if order.agent is not None:
        body["JBRXM"] = fitting(order.agent.person.name, 60)
        if order.agent.person.mobile is not None:
            body["JBRDH"] = order.agent.person.mobile
    files: list[dict[str, Any]] = []
    for material in order.evidence:
        if material.ref is None:
            continue
        entry: dict[str, Any] = {"FJLX": MATERIALS[material.material], "XH": len(files) + 1}
        if material.file_name is not None:
            entry["WJM"] = fitting(material.file_name, 100)
        if material.media_type is not None:
            entry["LX"] = material.media_type
        entry["DX"] = material.size
        if material.sm3 is not None:
            entry["SM3"] = material.sm3
        files.append(entry)
    if files:
        body["FJLIST"] = {"FJ": files}
    return {"HEAD": head, "BODY": body}


def example() -> ServiceOrder:
    document = IdentityDocument(type=DocumentType.RIC, number="330402199001011234")
    materials = ("ID_CARD", "RE_CERT", "TRANSFER_AGREEMENT")
    return ServiceOrder(
        task_number="JX6202603013304020000011-01",
        case_number="JX6202603013304020000011",
        serial="26030133040200000101",
        request_id="0" * 32,
        item="JX6-WAT-01",
        operation="3001:01",
        variant="01",
        business_type="transfer",
        audience="individual",
        submitted_at=datetime(2026, 3, 1, 2, 30, tzinfo=UTC),
        channel=Channel(operator="C001"),
        applicant=Person(name="王小明", document=document, mobile="13800000000", birth_date="1990-01-01"),
        agent=Agent(person=Person(name="赵经办", document=document, mobile="13900000000")),
        address=Address(
            division_code="330402001",
            full_address="嘉兴市南湖区中山路1号",
            thoroughfare="中山路",
            locator_designator="1号",
        ),
        property_unit_no="330402001001GB00001F00010001",
        form=OrderForm(
            account_no="0012345678",
            old_holder_name="李四",
            ownership_proof_no="浙(2024)嘉兴市不动产权第0012345号",
            designated_holder=PartyRef(name="王小明", document=document),
            meter_reading=Decimal("1234.5"),
            settle_mode="old_holder_pays",
            amount=1250,
            start_date=date(2026, 3, 1),
            reason="房屋买卖",
        ),
        evidence=tuple(
            Evidence(material=m, file_name=f"{m}.pdf", media_type="application/pdf", size=1000, sm3="a" * 64, ref=m)
            for m in materials
        ),
    )


def block(call: Callable[[ServiceOrder, Env], Any], order: ServiceOrder, env: Env, calls: int) -> float:
    start = time.process_time_ns()
    for _ in range(calls):
        call(order, env)
    return (time.process_time_ns() - start) / calls / 1000


def main() -> int:
    arguments = argparse.ArgumentParser(description="The cost of the mapping language.")
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--blocks", type=int, default=101)
    arguments.add_argument("--calls", type=int, default=400)
    chosen = arguments.parse_args()
    started = time.process_time_ns()
    mappings = build_set("bench", {"codes.yaml": CODES, "m.request.yaml": MAPPING})
    load_ms = (time.process_time_ns() - started) / 1e6
    compiled = mappings.request("m")
    order = example()
    env = Env(now=datetime(2026, 3, 1, 16, 30, tzinfo=UTC), params={"gsdm": "0401"})
    if compiled(order, env) != by_hand(order, env):
        print("the two trees differ", file=sys.stderr)
        return 1
    gc.disable()
    pairs = [
        (block(by_hand, order, env, chosen.calls), block(compiled, order, env, chosen.calls))
        for _ in range(chosen.blocks)
    ]
    result = {
        "rules": 40,
        "by_hand_us": round(statistics.median(hand for hand, _ in pairs), 2),
        "compiled_us": round(statistics.median(made for _, made in pairs), 2),
        "ratio": round(statistics.median(made / hand for hand, made in pairs), 3),
        "load_ms": round(load_ms, 1),
    }
    if chosen.json:
        print(json.dumps(result))
    else:
        print(f"{'':12}{'us a message':>14}")
        print(f"{'by hand':12}{result['by_hand_us']:>14}")
        print(f"{'compiled':12}{result['compiled_us']:>14}")
        print(f"{'ratio':12}{result['ratio']:>14}    (one load and compile: {result['load_ms']} ms)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
