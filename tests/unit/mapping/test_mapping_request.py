"""Writing a message: every source, step and condition, and every refusal."""

from __future__ import annotations

from datetime import date

import pytest

from hub.domain.form import OrderForm
from hub.domain.order import DayQuery, EvidencePart
from hub.errors import EncodeError
from hub.mapping import build_set


def with_form(order, **fields):
    return order.with_(form=OrderForm(**fields))


def test_short_form_copies_a_canonical_value(writer, order, env):
    assert writer("  HEAD.LSH: serial")(order, env) == {"HEAD": {"LSH": order.serial}}


def test_an_enum_is_written_as_plain_text(writer, order, env):
    tree = writer("  T: applicant.document.type")(order, env)
    assert tree == {"T": "RIC"}
    assert type(tree["T"]) is str


def test_an_absent_value_leaves_its_field_and_its_object_out(writer, order, env):
    assert writer("  A: serial\n  B.C.D: agent.person.name")(order, env) == {"A": order.serial}


def test_a_default_stands_in_for_an_absent_value_only(writer, order, env):
    write = writer('  A: {from: form.reason, default: "-"}\n  B: {from: form.account_no, default: "-"}')
    assert write(order, env) == {"A": "-", "B": "0012345678"}


def test_a_default_also_covers_an_absent_object_on_the_way(writer, order, people, env):
    write = writer('  A: {from: agent.person.name, default: "-"}')
    assert write(order, env) == {"A": "-"}
    assert write(order.with_(agent=people["agent"]), env) == {"A": "赵经办"}


def test_required_without_value_names_the_wire_field(writer, order, env):
    with pytest.raises(EncodeError) as caught:
        writer("  BODY.X: {from: agent.person.name, required: true}")(order, env)
    assert caught.value.where == "BODY.X"
    assert "VAL_REQUIRED" in str(caught.value)


@pytest.mark.parametrize(("half", "clock"), [("AM", "083000"), ("PM", "133000")])
def test_visit_is_written_with_the_clock_of_its_half_of_the_day(writer, order, env, half, clock):
    write = writer("  A: {from: form.visit_slot, fn: {visit: 083000/133000}}")
    assert write(with_form(order, visit_slot=f"2026-12-02 {half}"), env) == {"A": f"20261202{clock}"}


def test_visit_of_what_is_no_half_of_a_day_is_refused(writer, order, env):
    with pytest.raises(EncodeError, match="VAL_FORMAT"):
        writer("  A: {from: serial, fn: {visit: 083000/133000}}")(order, env)


def test_first_takes_the_first_that_is_present(writer, order, people, env):
    write = writer("  A: {first: [form.new_position, agent.person.mobile, applicant.mobile]}")
    assert write(order, env) == {"A": "13800000000"}
    assert write(order.with_(agent=people["agent"]), env) == {"A": "13900000000"}
    assert write(with_form(order, new_position="北墙"), env) == {"A": "北墙"}


def test_first_of_nothing_is_absent(writer, order, env):
    assert writer("  A: {first: [form.reason, agent.person.mobile]}")(order, env) == {}


def test_a_field_that_only_organisations_have_is_absent_for_a_person(writer, order, people, env):
    write = writer("  A: applicant.legal_rep.name\n  B: applicant.name")
    assert write(order, env) == {"B": "王小明"}
    assert write(order.with_(applicant=people["organisation"]), env) == {"B": "嘉兴某公司"}


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("$params.gsdm", "0401"),
        ("$config.base_url", "http://127.0.0.1"),
        ("$session.token", "t"),
        ("$vars.index", 3),
        ('{from: $now, format: "%Y-%m-%d %H:%M:%S"}', "2026-03-02 00:30:00"),
        ('{from: $now, format: "%Y-%m-%dT%H:%M:%SZ", zone: UTC}', "2026-03-01T16:30:00Z"),
        ('{from: $now, format: "%Y/%-m/%-d %-H:%M"}', "2026/3/2 0:30"),
        ('{from: $now, format: "{v.x}%y%%"}', "{v.x}26%"),
        ("{from: $now, fn: epoch_ms}", 1772382600000),
    ],
)
def test_the_environment_is_at_hand(writer, order, env, rule, value):
    assert writer(f"  A: {rule}")(order, env) == {"A": value}


def test_a_key_that_the_environment_lacks_is_absent(writer, order, env):
    assert writer("  A: $params.nothing\n  B: serial")(order, env) == {"B": order.serial}


def test_a_date_is_written_without_a_zone_and_does_not_shift(writer, order, env):
    assert writer('  A: {from: form.start_date, format: "%Y%m%d"}', head="")(order, env) == {"A": "20260203"}


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("{from: form.amount, fn: yuan}", "12.50"),
        ("{from: form.amount, fn: yuan_short}", "12.5"),
        ("{from: form.amount, fn: wan}", "0.00125"),
        ("{from: form.amount, fn: fen, pad: {width: 10, fill: '0', side: left}}", "0000001250"),
        ("{from: form.amount, fn: fen_number}", 1250),
        ("form.amount", 1250),
        ("{from: form.account_no, fn: integer}", 12345678),
        ("{from: address.division_code, fn: {prefix: 6}}", "330402"),
        ("{from: address.division_code, fn: [{suffix: 3}, text]}", "001"),
        ("{from: form.start_date, format: '%Y-%m-%d', fn: digits}", "20260203"),
        ("{from: address.full_address, pad: {width: 8}}", "中山路1号   "),
        ("{from: request_id, fn: upper}", "0123456789ABCDEF" * 2),
        ("{const: '01'}", "01"),
        ("{const: 1}", 1),
        ("{const: true}", True),
    ],
)
def test_steps_make_the_wire_spelling(writer, order, env, rule, value):
    assert writer(f"  A: {rule}")(order, env) == {"A": value}


def test_yuan_as_a_number_is_exact(writer, order, env):
    tree = writer("  A: {from: form.amount, fn: yuan_number}")(order, env)
    assert str(tree["A"]) == "12.50"


def test_full_width_letters_of_an_identifier_are_folded(writer, order, env):
    write = writer("  A: {from: form.ownership_proof_no, fn: halfwidth}")
    assert write(with_form(order, ownership_proof_no="浙（2024）\u3000Ａ１号"), env) == {"A": "浙(2024) A1号"}


def test_a_table_turns_canonical_codes_into_wire_codes(writer, order, env):
    write = writer("  A: {from: channel.type, table: channel}\n  B: {from: applicant.document.type, table: id_type}")
    assert write(order, env) == {"A": "01", "B": "0"}


def test_a_table_for_a_boolean(writer, order, env):
    write = writer("  A: {from: form.need_external_works, table: yes_no}\n  B: serial")
    assert write(with_form(order, need_external_works=False), env)["A"] == "N"
    assert "A" not in write(order, env)


def test_an_unsupported_code_names_the_field_and_no_value(writer, order, people, env):
    with pytest.raises(EncodeError) as caught:
        writer("  B.ZJLX: {from: applicant.document.type, table: id_type}")(
            order.with_(applicant=people["stranger"]), env
        )
    assert caught.value.where == "B.ZJLX"
    assert "VAL_CODE" in str(caught.value)
    assert "FPR" not in str(caught.value)


def test_a_text_is_measured_in_bytes_of_the_charset_and_never_cut(writer, order, env):
    write = writer("  B.YHMC: {from: applicant.name, max_bytes: 6}")
    assert write(order, env) == {"B": {"YHMC": "王小明"}}
    longer = order.with_(applicant=order.applicant.with_(name="王小明明"))
    with pytest.raises(EncodeError, match="8 bytes in gbk, at most 6") as caught:
        write(longer, env)
    assert caught.value.where == "B.YHMC"
    assert "王" not in repr(caught.value)


def test_the_same_name_is_longer_in_utf8(writer, order, env):
    with pytest.raises(EncodeError, match="9 bytes"):
        writer("  A: {from: applicant.name, max_bytes: 6}", head="")(order, env)


def test_characters_outside_the_charset_are_counted_not_replaced(writer, order, env):
    write = writer("  A: {from: applicant.name, max_bytes: 60}")
    with pytest.raises(EncodeError, match="2 characters that gbk cannot write") as caught:
        write(order.with_(applicant=order.applicant.with_(name="王㛃𬭎")), env)
    assert caught.value.__context__ is None


def test_max_chars_counts_characters(writer, order, env):
    assert writer("  A: {from: applicant.name, max_chars: 3}")(order, env) == {"A": "王小明"}
    with pytest.raises(EncodeError, match="3 characters, at most 2"):
        writer("  A: {from: applicant.name, max_chars: 2}")(order, env)


def test_padding_never_cuts(writer, order, env):
    with pytest.raises(EncodeError, match="10 characters, exactly 5"):
        writer("  A: {from: form.account_no, pad: {width: 5}}")(order, env)


def test_prefix_of_too_short_a_code_is_refused(writer, order, env):
    with pytest.raises(EncodeError, match="shorter than 12"):
        writer("  A: {from: address.division_code, fn: {prefix: 12}}")(order, env)


def test_when_and_unless_look_at_presence(writer, order, people, env):
    write = writer(
        "  A: {const: yes, when: agent}\n  B: {const: no, unless: agent}".replace("yes", "1").replace("no", "0")
    )
    assert write(order, env) == {"B": 0}
    assert write(order.with_(agent=people["agent"]), env) == {"A": 1}


def test_all_of_several_paths_must_be_present(writer, order, people, env):
    write = writer("  A: {const: 1, when: [agent, form.reason]}\n  B: {const: 1, when: evidence}")
    assert write(order.with_(agent=people["agent"]), env) == {"B": 1}
    assert write(order.with_(agent=people["agent"], form=OrderForm(reason="r"), evidence=()), env) == {"A": 1}


def test_only_compares_with_constants(writer, order, env):
    write = writer(
        '  A: {const: 1, only: {variant: ["01", "02"], channel.type: WINDOW}}\n  B: {const: 1, only: {$params.gsdm: "0402"}}'
    )
    assert write(order, env) == {"A": 1}
    assert write(order.with_(variant="03"), env) == {}


def test_only_on_an_enum_compares_its_code(writer, order, people, env):
    write = writer("  A: {const: 1, only: {applicant.document.type: [RIC]}}")
    assert write(order, env) == {"A": 1}
    assert write(order.with_(applicant=people["stranger"]), env) == {}


def test_groups_apply_together_or_not_at_all(writer, order, env):
    write = writer(
        """  A: serial
groups:
  - only: {variant: ["01"]}
    fields: {B.OLD: form.old_holder_name, B.KIND: {const: x}}
  - only: {variant: ["02"]}
    fields: {B.OLD: {const: y}, C.D: form.reason}
"""
    )
    assert write(order, env) == {"A": order.serial, "B": {"OLD": "李四", "KIND": "x"}}
    assert write(order.with_(variant="02"), env) == {"A": order.serial, "B": {"OLD": "y"}}
    assert write(order.with_(variant="03"), env) == {"A": order.serial}


def test_two_groups_that_apply_fill_one_object(writer, order, people, env):
    write = writer(
        """  A: serial
groups:
  - when: agent
    fields: {B.AGENT: agent.person.name}
  - when: form.old_holder_name
    fields: {B.OLD: form.old_holder_name}
"""
    )
    assert write(order.with_(agent=people["agent"]), env)["B"] == {"AGENT": "赵经办", "OLD": "李四"}
    assert write(with_form(order), env) == {"A": order.serial}


def test_fields_keep_the_order_of_the_file(writer, order, env):
    write = writer("  H.Z: serial\n  B.X: form.account_no\n  H.A: item\n  B.C.D: item\n  B.A: item")
    tree = write(order, env)
    assert list(tree) == ["H", "B"]
    assert list(tree["H"]) == ["Z", "A"]
    assert list(tree["B"]) == ["X", "C", "A"]


def test_each_makes_one_object_for_every_item_that_passes(writer, order, env):
    write = writer(
        """  FJ:
    each: evidence
    where: {has: ref}
    fields:
      LX: {from: material, table: material}
      XH: $index
      SM3: sm3
      LSH: $root.serial
      HEAD.GS: $params.gsdm
"""
    )
    assert write(order, env)["FJ"] == [
        {"LX": "01", "XH": 1, "SM3": "a" * 64, "LSH": order.serial, "HEAD": {"GS": "0401"}},
        {"LX": "02", "XH": 2, "LSH": order.serial, "HEAD": {"GS": "0401"}},
    ]


@pytest.mark.parametrize(
    ("where", "sizes"),
    [("has: sm3", [10]), ("lacks: ref", [0]), ("is: {material: [RE_CERT]}", [20]), ("has: ref, lacks: sm3", [20])],
)
def test_where_lets_items_pass(writer, order, env, where, sizes):
    tree = writer(f"  F: {{each: evidence, where: {{{where}}}, fields: {{S: size}}}}")(order, env)
    assert [item["S"] for item in tree["F"]] == sizes


def test_an_error_inside_a_list_names_the_place(writer, order, env):
    write = writer("  B.FJ: {each: evidence, fields: {LX: {from: material, table: material}}}")
    with pytest.raises(EncodeError) as caught:
        write(order, env)
    assert caught.value.where == "B.FJ[2].LX"


def test_an_empty_list_is_left_out_defaulted_or_refused(writer, order, env):
    bare = order.with_(evidence=())
    rule = "  F: {{each: evidence, fields: {{S: size}}{0}}}"
    assert writer(rule.format(""))(bare, env) == {}
    assert writer(rule.format(", default: []"))(bare, env) == {"F": []}
    with pytest.raises(EncodeError, match="VAL_REQUIRED"):
        writer(rule.format(", required: true"))(bare, env)


def test_a_list_of_plain_values_stays_one_or_is_joined(writer, order, env):
    write = writer(
        '  A: {from: form.bill_ids, fn: upper}\n  B: {from: form.bill_ids, join: ",", max_bytes: 5}\n  C: {from: form.functions, default: []}'
    )
    assert write(with_form(order, bill_ids=("a", "b")), env) == {"A": ["A", "B"], "B": "a,b", "C": []}
    with pytest.raises(EncodeError, match="7 bytes"):
        write(with_form(order, bill_ids=("aaa", "bbb")), env)


def test_steps_work_on_every_item_of_a_plain_list(writer, order, env):
    write = writer("  A: {from: form.bill_ids, fn: digits, max_bytes: 3}")
    assert write(with_form(order, bill_ids=("a1", "b22")), env) == {"A": ["1", "22"]}
    with pytest.raises(EncodeError, match="4 bytes"):
        write(with_form(order, bill_ids=("1", "2222")), env)


def test_parties_in_a_form_list(writer, order, people, env):
    write = writer("  L.CY: {each: form.member_ids, fields: {XM: name, LX: {from: document.type, table: id_type}}}")
    assert write(with_form(order, member_ids=(people["ref"],)), env) == {"L": {"CY": [{"XM": "李四", "LX": "0"}]}}
    assert write(order, env) == {}


def test_root_inside_each_may_be_absent(writer, order, people, env):
    write = writer("  F: {each: evidence, fields: {S: size, A: $root.agent.person.name}}")
    assert write(order, env)["F"][0] == {"S": 10}
    assert write(order.with_(agent=people["agent"]), env)["F"][0] == {"S": 10, "A": "赵经办"}


def test_a_chunk_is_written_from_its_own_model(writer, order, env):
    write = writer(
        "  XH: {from: index, fn: text}\n  NR: {from: content, fn: base64}\n  LSH: order.serial", source="EvidencePart"
    )
    part = EvidencePart(order=order, evidence=order.evidence[0], index=2, count=3, content=b"\x00\xff")
    assert write(part, env) == {"XH": "2", "NR": "AP8=", "LSH": order.serial}


def test_a_message_may_have_no_source(writer, env):
    write = writer("  appKey: $config.base_url\n  t: {const: x}", source="none")
    assert write(None, env) == {"appKey": "http://127.0.0.1", "t": "x"}


def test_another_model_than_the_file_says_is_a_programming_error(writer, env):
    with pytest.raises(TypeError, match="ServiceOrder"):
        writer("  A: serial")(DayQuery(serial="1", request_id="2", day=date(2026, 1, 1)), env)


@pytest.mark.parametrize("value", [object(), ["secret"], {"secret": 1}, 1.5])
def test_a_strange_value_of_the_environment_is_refused_without_being_shown(writer, order, env, value):
    write = writer("  A: {from: $vars.x, fn: text, max_bytes: 3}")
    strange = type(env)(now=env.now, vars={"x": value})
    with pytest.raises(EncodeError) as caught:
        write(order, strange)
    assert caught.value.where == "A"
    assert "secret" not in str(caught.value)


def test_the_generated_source_is_plain_and_kept(writer):
    source = writer("  HEAD.LSH: serial\n  HEAD.X: agent.person.name").source
    assert source.startswith("def write(s, env):")
    assert "'LSH': s.serial," in source
    assert source.count("is not None") <= 2


def test_wire_names_never_become_code(order, env):
    text = "mapping: m\ndirection: request\nsource: ServiceOrder\nfields:\n  户号.x-1: serial\n  B: {const: \"'+__import__('os')+'\"}"
    tree = build_set("t", {"m.request.yaml": text}).request("m")(order, env)
    assert tree == {"户号": {"x-1": order.serial}, "B": "'+__import__('os')+'"}
