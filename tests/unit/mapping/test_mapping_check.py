"""The static check: a mapping against its contract, its environment and the canonical codes."""

from __future__ import annotations

import pytest

from hub.mapping import WARNINGS, build_set, check, from_json_schema, from_layout, from_xsd
from hub.mapping.contract import ContractNode

XSD = """<?xml version="1.0" encoding="UTF-8"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:simpleType name="c20"><xs:restriction base="xs:string"><xs:maxLength value="20"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="kind"><xs:restriction base="xs:string">
    <xs:enumeration value="0"/><xs:enumeration value="1"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="trade"><xs:restriction base="xs:string"><xs:pattern value="[0-9]{2}"/></xs:restriction></xs:simpleType>
  <xs:element name="ROOT"><xs:complexType><xs:sequence>
    <xs:element name="HEAD"><xs:complexType><xs:sequence>
      <xs:element name="LSH" type="c20"/>
      <xs:element name="YWLX" type="trade" minOccurs="0"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="BODY"><xs:complexType><xs:sequence>
      <xs:choice><xs:element name="YHBH" type="xs:string"/><xs:element name="BH" type="xs:string"/></xs:choice>
      <xs:element name="ZJLX" type="kind" minOccurs="0"/>
      <xs:element name="JE" type="xs:decimal" minOccurs="0"/>
      <xs:element name="N" type="xs:int" minOccurs="0"/>
      <xs:element name="F" type="xs:boolean" minOccurs="0"/>
      <xs:element name="D" type="xs:date" minOccurs="0"/>
      <xs:element name="LIST" minOccurs="0"><xs:complexType><xs:sequence>
        <xs:element name="FJ" maxOccurs="unbounded"><xs:complexType><xs:sequence>
          <xs:element name="LX" type="kind"/><xs:element name="DX" type="xs:int" minOccurs="0"/>
        </xs:sequence></xs:complexType></xs:element>
      </xs:sequence></xs:complexType></xs:element>
    </xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>
"""
CODES = """
tables:
  id_type: {of: DocumentType, out: {RIC: "0", PASSPORT: "1"}, unsupported: [USCC, HM_PERMIT, TW_PERMIT, HMT_RESIDENCE, FPR, HOUSEHOLD]}
  material: {of: materials, out: {ID_CARD: "0"}}
  result: {result: {"0": null, "1": UPS_BUSY}}
  state: {state: {"1": ACCEPTED}}
"""


@pytest.fixture(scope="module")
def xsd(tmp_path_factory):
    path = tmp_path_factory.mktemp("contract") / "m.xsd"
    path.write_text(XSD, encoding="utf-8")
    return from_xsd(path, "ROOT")


def checked(fields, contract, *, codes=CODES, reply=False, **more):
    side = "direction: reply\ntarget: Reply" if reply else "direction: request\nsource: ServiceOrder\ncharset: gbk"
    text = f"mapping: m\n{side}\nzone: Asia/Shanghai\ncontract: c\nfields:\n{fields}"
    name = "m.reply.yaml" if reply else "m.request.yaml"
    more.setdefault("catalogue_tables", {"materials": ["ID_CARD"]})
    return check(build_set("s", {"codes.yaml": codes, name: text}), lambda _: contract, **more)


def rules(fields, contract, **more):
    return [fault.rule for fault in checked(fields, contract, **more)]


MINIMAL = "  HEAD.LSH: serial\n  BODY.YHBH: {from: form.account_no, required: true}\n"


def test_an_xsd_is_read_with_its_facets(xsd):
    assert xsd.at(("HEAD", "LSH")).max_length == 20
    assert xsd.at(("HEAD", "LSH")).required
    assert xsd.at(("BODY", "ZJLX")).enum == ("0", "1")
    assert xsd.at(("HEAD", "YWLX")).pattern == "[0-9]{2}"
    assert not xsd.at(("BODY", "YHBH")).required  # one branch of a choice
    assert [xsd.at(("BODY", name)).kind for name in ("JE", "N", "F", "D")] == ["decimal", "integer", "boolean", "date"]
    assert xsd.at(("BODY", "LIST", "FJ")).kind == "list"
    assert xsd.at(("BODY", "LIST", "FJ", "LX")).kind == "text"
    assert xsd.at(("BODY", "NO")) is None


def test_an_unknown_element_of_an_xsd_is_named(tmp_path):
    (tmp_path / "m.xsd").write_text(XSD, encoding="utf-8")
    with pytest.raises(KeyError, match="NOPE"):
        from_xsd(tmp_path / "m.xsd", "NOPE")


def test_a_fitting_mapping_has_no_fault(xsd):
    fields = MINIMAL + (
        "  BODY.ZJLX: {from: applicant.document.type, table: id_type}\n"
        "  BODY.JE: {from: form.amount, fn: yuan}\n"
        "  BODY.N: form.member_count\n"
        "  BODY.F: {from: form.need_external_works, fn: flag}\n"
        '  BODY.D: {from: form.start_date, format: "%Y-%m-%d"}\n'
        "  BODY.LIST.FJ: {each: evidence, fields: {LX: {from: material, table: material}, DX: {from: size, fn: text}}}\n"
    )
    assert checked(fields, xsd) == []


@pytest.mark.parametrize(
    ("rule", "code", "says"),
    [
        ("BODY.NO: serial", "MAP_TARGET", "no field 'BODY.NO'"),
        ("BODY.LIST: serial", "MAP_TYPE", "is an object in the contract"),
        ("BODY.LIST.FJ: serial", "MAP_TYPE", "is a list in the contract"),
        ("BODY.ZJLX: {each: evidence, fields: {A: size}}", "MAP_TYPE", "the rule makes a list"),
        ("BODY.F: form.need_external_works", "MAP_TYPE", "is a boolean"),
        ("BODY.BH: form.amount", "MAP_TYPE", "is a text in the contract, the rule makes an integer"),
        ("BODY.JE: {from: form.amount, fn: yuan_number}", "MAP_TYPE", "is a decimal"),
        ("BODY.ZJLX: {const: '7'}", "MAP_CODES", "may not be '7'"),
        ("BODY.ZJLX: {from: form.reason, default: '9'}", "MAP_CODES", "may not be '9'"),
        ("HEAD.YWLX: {const: abc}", "MAP_CODES", "pattern"),
        (
            "BODY.LIST.FJ: {each: evidence, fields: {LX: {from: material, table: material}, XX: size}}",
            "MAP_TARGET",
            "XX",
        ),
    ],
)
def test_what_does_not_fit_the_contract_is_found(xsd, rule, code, says):
    found = checked(f"{MINIMAL}  {rule}\n", xsd)
    assert found[0].rule == code
    assert found[0].where.startswith("s/m.request.yaml:")
    assert says in found[0].message


def test_a_demanded_field_that_no_rule_sets_is_found(xsd):
    found = checked("  BODY.YHBH: serial\n", xsd)
    assert [(fault.rule, "'HEAD'" in fault.message) for fault in found] == [("MAP_TARGET", True)]


def test_a_demanded_field_of_a_list_item_is_found(xsd):
    found = checked(MINIMAL + "  BODY.LIST.FJ: {each: evidence, fields: {DX: {from: size, fn: text}}}\n", xsd)
    assert [fault.rule for fault in found] == ["MAP_TARGET"]
    assert "'BODY.LIST.FJ.LX'" in found[0].message


def test_an_optional_object_nobody_starts_demands_nothing(xsd):
    assert checked(MINIMAL, xsd) == []


def test_a_demanded_field_that_may_stay_unset_is_advice_until_required(xsd):
    loose = "  HEAD.LSH: {from: form.reason, max_chars: 20}\n  BODY.BH: serial\n"
    assert set(rules(loose, xsd)) == {"MAP_ABSENT"} <= WARNINGS
    assert rules(loose.replace("max_chars", "required: true, max_chars"), xsd) == []


def test_a_demanded_field_alone_in_the_message_or_in_a_list_item_is_not_forgotten():
    root = from_json_schema({"required": ["a"], "properties": {"a": {"type": "string"}}})
    assert rules("  a: {from: form.reason, max_chars: 9}", root) == ["MAP_ABSENT"]
    inner = {"type": "array", "items": {"required": ["a"], "properties": {"a": {"type": "string"}}}}
    root = from_json_schema({"properties": {"l": inner}})
    assert rules("  l: {each: evidence, fields: {a: ref}}", root) == ["MAP_ABSENT"]


def test_a_demanded_field_that_only_a_group_sets_is_advice(xsd):
    fields = (
        "  BODY.BH: serial\n  HEAD.YWLX: variant\ngroups:\n  - {only: {variant: ['01']}, fields: {HEAD.LSH: serial}}\n"
    )
    assert rules(fields, xsd) == ["MAP_ABSENT"]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("serial", []),
        ("task_number", ["MAP_UNBOUNDED"]),
        ("applicant.name", ["MAP_LENGTH"]),
        ("{from: applicant.name, max_chars: 20}", []),
        ("{from: applicant.name, max_bytes: 20}", []),
        ("{from: applicant.name, max_chars: 21}", ["MAP_LENGTH"]),
        ("{const: '123456789012345678901'}", ["MAP_LENGTH"]),
        ("{from: request_id, pad: {width: 21}}", ["MAP_LENGTH"]),
        ("{from: request_id, fn: {prefix: 20}}", []),
        ("{from: request_id, fn: upper}", ["MAP_UNBOUNDED"]),
        ("{from: channel.type, default: x}", []),
    ],
)
def test_lengths_are_judged_before_anything_is_sent(xsd, rule, expected):
    assert rules(f"  HEAD.LSH: {rule}\n  BODY.BH: serial\n", xsd) == expected


def test_a_record_layout_limits_bytes():
    layout = from_layout(
        {
            "name": "D",
            "fields": [
                {"name": "name", "width": 30},
                {"name": "amount", "width": 10, "kind": "number", "required": True},
                {"name": "rest", "width": 2, "kind": "filler"},
            ],
        }
    )
    assert rules(
        "  name: {from: applicant.name, max_bytes: 30}\n  amount: {from: form.amount, fn: fen, default: '0'}", layout
    ) == ["MAP_UNBOUNDED"]
    assert rules("  name: {from: applicant.name, max_chars: 16}\n  amount: form.bandwidth", layout) == [
        "MAP_LENGTH",
        "MAP_ABSENT",
    ]
    assert rules("  rest: {const: x}\n  amount: {const: 1}", layout) == ["MAP_TARGET"]


JSON = {
    "$defs": {
        "cert": {"type": "object", "properties": {"no": {"type": "string", "maxLength": 32}}, "required": ["no"]}
    },
    "type": "object",
    "required": ["outerNo", "cert"],
    "properties": {
        "outerNo": {"type": "string", "maxLength": 32},
        "amt": {"type": "integer"},
        "price": {"type": ["number", "null"]},
        "ok": {"type": "boolean"},
        "cert": {"$ref": "#/$defs/cert"},
        "ids": {"type": "array", "items": {"type": "string", "maxLength": 32}},
        "free": {"type": "object"},
        "kind": {"enum": ["01", "02"]},
        "code": {"type": "integer", "enum": [1, 2]},
    },
    "allOf": [{"properties": {"extra": {"const": "x"}}}],
    "anyOf": [{"required": ["amt"]}, {"properties": {"alt": {"type": "string"}}}],
}


def test_a_json_schema_is_read():
    root = from_json_schema(JSON)
    assert [node.name for node in root.children if node.required] == ["outerNo", "cert"]
    assert root.at(("cert", "no")).max_length == 32
    assert root.at(("price",)).kind == "decimal"
    assert root.at(("free", "anything")).kind == "any"
    assert root.at(("extra",)).enum == ("x",)
    assert root.at(("alt",)).kind == "text"
    assert root.at(("kind",)).kind == "text"
    assert root.at(("nothing",)) is None


def test_a_schema_that_refers_to_itself_ends():
    root = from_json_schema({"$defs": {"n": {"properties": {"n": {"$ref": "#/$defs/n"}}}}, "$ref": "#/$defs/n"})
    assert root.at(("n", "n", "n")).kind == "object"


def test_json_keeps_numbers_and_text_apart():
    root = from_json_schema(JSON)
    base = "  outerNo: request_id\n  cert.no: applicant.document.number\n"
    assert rules(
        f"{base}  amt: form.amount\n  price: form.amount\n  ok: form.contract_accept\n  ids: form.bill_ids", root
    ) == ["MAP_UNBOUNDED"]
    for wrong in (
        "amt: {from: form.amount, fn: yuan}",
        "ok: {from: form.contract_accept, fn: flag}",
        "amt: form.capacity_kva",
    ):
        assert rules(f"{base}  {wrong}", root) == ["MAP_TYPE"]


def test_codes_must_cover_every_canonical_value():
    codes = CODES.replace("FPR, ", "")
    found = checked(
        "  outerNo: request_id\n  cert.no: {from: applicant.document.type, table: id_type}",
        from_json_schema(JSON),
        codes=codes,
    )
    assert [(fault.rule, fault.where) for fault in found] == [("MAP_CODES", "s/codes.yaml:3")]
    assert "FPR" in found[0].message


def test_codes_that_are_not_canonical_are_found():
    codes = CODES.replace('PASSPORT: "1"', 'PASSPORT: "1", VISA: "7"')
    found = checked(
        "  outerNo: request_id\n  cert.no: {from: applicant.document.type, table: id_type}",
        from_json_schema(JSON),
        codes=codes,
    )
    assert "'VISA'" in found[0].message


def test_a_table_of_free_text_must_say_what_it_covers():
    fields = "  outerNo: request_id\n  cert.no: {each: evidence, fields: {LX: {from: material, table: material}}}"
    contract = ContractNode("m", "any")
    assert rules(fields, contract) == []
    assert rules(fields, contract, catalogue_tables={"materials": ["ID_CARD", "PHOTO"]}) == ["MAP_CODES"]
    assert "of" in checked(fields, contract, catalogue_tables={})[0].message
    listed = CODES.replace("of: materials", "of: [ID_CARD]")
    assert rules(fields, contract, codes=listed, catalogue_tables={}) == []


def test_fixed_words_need_no_of():
    codes = CODES + '  channel: {out: {WINDOW: "1"}}\n'
    found = checked("  A: {from: channel.type, table: channel}", ContractNode("m", "any"), codes=codes)
    assert "TERMINAL, WEB, MOBILE, HOTLINE" in found[0].message


def test_keys_of_the_environment_are_checked():
    contract = ContractNode("m", "any")
    fields = "  A: $config.url\n  B: {const: x, when: $params.gsdm}\n  C: $session.x\n"
    found = checked(fields, contract)
    assert [fault.rule for fault in found] == ["MAP_PATH", "MAP_PATH"]
    assert "$config.url" in found[0].message
    assert checked(fields, contract, config_keys=["url"], params_keys={"gsdm"}) == []


def test_a_contract_that_cannot_be_read_is_a_fault():
    def lost(name):
        raise FileNotFoundError(name)

    text = "mapping: m\ndirection: request\nsource: none\ncontract: nowhere.xsd\nfields: {A: $now}"
    text = text.replace("$now", "{const: x}")
    found = check(build_set("s", {"m.request.yaml": text}), lost)
    assert [fault.rule for fault in found] == ["MAP_CONTRACT"]


REPLY = from_json_schema(
    {
        "type": "object",
        "properties": {
            "code": {"enum": [0, 1]},
            "node": {"type": "string", "enum": ["1", "2"]},
            "data": {
                "type": "object",
                "properties": {
                    "list": {"type": "array", "items": {"type": "object", "properties": {"no": {"type": "string"}}}},
                    "ids": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
    }
)


def test_a_fitting_reply_has_no_fault():
    fields = "  error: {from: code, table: result}\n  missing: data.ids\n  accounts: {each: data.list, where: {has: 'no'}, fields: {account_no: 'no'}}\n"
    assert checked(fields, REPLY, reply=True) == []


@pytest.mark.parametrize(
    ("rule", "code", "says"),
    [
        ("note: data.nothing", "MAP_PATH", "'data.nothing'"),
        ("note: {from: code, when: nothing}", "MAP_PATH", "'nothing'"),
        ("note: data", "MAP_TYPE", "is an object"),
        ("note: data.ids", "MAP_TYPE", "is a list; use each"),
        ("accounts: {each: data.ids, fields: {account_no: 'no'}}", "MAP_TYPE", "are no objects"),
        ("accounts: {each: data.list, fields: {account_no: nr}}", "MAP_PATH", "'data.list.nr'"),
        ("accounts: {each: data.list, where: {has: x}, fields: {account_no: 'no'}}", "MAP_PATH", "'data.list.x'"),
        ("state: {from: node, table: state}", "MAP_CODES", "does not know 2 of 'node'"),
        ("rank: {from: node, rank: state}", "MAP_CODES", "does not know 2"),
    ],
)
def test_what_a_reply_cannot_find_is_found(rule, code, says):
    found = checked(f"  {rule}\n", REPLY, reply=True)
    assert found[0].rule == code
    assert says in found[0].message


def test_arrange_puts_fields_into_the_order_of_the_contract(xsd):
    tree = {
        "BODY": {"JE": "1", "LIST": {"FJ": [{"DX": "1", "LX": "0"}]}, "BH": "2", "EXTRA": {}},
        "HEAD": {"YWLX": "01", "LSH": "1"},
    }
    arranged = xsd.arrange(tree)
    assert arranged == tree
    assert list(arranged) == ["HEAD", "BODY"]
    assert list(arranged["HEAD"]) == ["LSH", "YWLX"]
    assert list(arranged["BODY"]) == ["BH", "JE", "LIST", "EXTRA"]
    assert list(arranged["BODY"]["LIST"]["FJ"][0]) == ["LX", "DX"]
