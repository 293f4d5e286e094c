"""Faults of mapping files: each is found, all are listed, and each names file and line."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import MappingError, NotFound
from hub.mapping import build_set, load_set

REQUEST = """mapping: m
direction: request
source: ServiceOrder
zone: Asia/Shanghai
fields:
  A: serial
  B: {from: applicant.name, max_bytes: 60}
  C: {from: applicant.document.type, table: id_type}
"""
REPLY = """mapping: m
direction: reply
target: Reply
zone: Asia/Shanghai
fields:
  raw_code: H.C
  error: {from: H.C, table: result}
  accounts: {each: L, fields: {account_no: N}}
"""
CODES = """tables:
  id_type: {out: {RIC: "0"}}
  uses: {in: {"1": home}}
  result: {result: {"0": null}}
  state: {state: {"1": ACCEPTED}}
"""


def faults(**texts):
    files = {name.replace("_", ".", 1).replace("_", "."): text for name, text in texts.items()}
    with pytest.raises(MappingError) as caught:
        build_set("s", {"codes.yaml": CODES, **files})
    return caught.value.faults


def with_rule(rule, *, reply=False):
    """A file with `rule` at a known line, and that line."""
    base = REPLY if reply else REQUEST
    text = base + f"  {rule}\n"
    return text, len(text.splitlines())


@pytest.mark.parametrize(
    ("rule", "code", "says"),
    [
        ("X: nothing", "MAP_PATH", "ServiceOrder has no field 'nothing'"),
        ("X: applicant.nothing", "MAP_PATH", "Person or Organisation has no field"),
        ("X: serial.more", "MAP_PATH", "goes on after 'serial', which is a text"),
        ("X: applicant", "MAP_TYPE", "is an object; name one of its fields"),
        ("X: evidence", "MAP_TYPE", "is a list; use each"),
        ("X: evidence.size", "MAP_PATH", "goes on after 'evidence'"),
        ("X: submitted_at", "MAP_TYPE", "a datetime needs a format"),
        ("X: {from: form.start_date, format: '%H'}", "MAP_TYPE", "only a date"),
        ("X: {from: serial, format: '%Y'}", "MAP_TYPE", "a format takes dates"),
        ("X: {from: $now, format: '%Q'}", "MAP_SYNTAX", "'%Q' is unknown"),
        ("X: {from: $now, format: '%Y%Y'}", "MAP_SYNTAX", "none twice"),
        ("X: {from: $now, format: '%Y', zone: Mars/Olympus}", "MAP_SYNTAX", "zone 'Mars/Olympus' is unknown"),
        ("X: {from: serial, table: nothing}", "MAP_CODES", "no table 'nothing'"),
        ("X: {from: serial, table: uses}", "MAP_CODES", "only the other way"),
        ("X: {from: form.need_external_works, table: id_type}", "MAP_CODES", '"true" and "false"'),
        ("X: {from: serial, fn: reverse}", "MAP_FUNCTION", "no function 'reverse'"),
        ("X: {from: serial, fn: yuan}", "MAP_FUNCTION", "yuan does not take a text"),
        ("X: {from: serial, fn: {prefix: two}}", "MAP_FUNCTION", "prefix needs a number"),
        ("X: {from: serial, fn: prefix}", "MAP_FUNCTION", "prefix needs a number"),
        ("X: {from: form.visit_slot, fn: visit}", "MAP_FUNCTION", "visit needs a text"),
        ("X: {from: serial, fn: {upper: 1}}", "MAP_FUNCTION", "upper has no argument"),
        ("X: {from: serial, fn: [1]}", "MAP_SYNTAX", "a function is a name"),
        ("X: {from: serial, join: ','}", "MAP_TYPE", "join takes a list"),
        ("X: {from: form.amount, max_bytes: 3}", "MAP_TYPE", "use fn: text before"),
        ("X: {from: serial, max_bytes: 0}", "MAP_SYNTAX", "from 1 on"),
        ("X: {from: serial, pad: {width: 3, fill: ab}}", "MAP_SYNTAX", "one quoted character"),
        ("X: {from: serial, pad: {width: 3, side: top}}", "MAP_SYNTAX", "left or right"),
        ("X: {from: serial, pad: 3}", "MAP_SYNTAX", "an object"),
        ("X: {from: serial, default: 1}", "MAP_TYPE", "the default is an integer"),
        ("X: {from: serial, default: []}", "MAP_TYPE", "is for lists"),
        ("X: {from: form.reason, default: x, required: true}", "MAP_TYPE", "drop required"),
        ("X: {from: serial, required: yes please}", "MAP_SYNTAX", "true or false"),
        ("X: {from: serial, frm: x}", "MAP_SYNTAX", "did you mean 'from'"),
        ("X: {from: serial, const: x}", "MAP_SYNTAX", "exactly one of"),
        ("X: {table: id_type}", "MAP_SYNTAX", "exactly one of"),
        ("X: {const: 1.5}", "MAP_SYNTAX", "quote anything else"),
        ("X: {const: 2024-01-01}", "MAP_SYNTAX", "quote anything else"),
        ("X: {const: x, fn: upper}", "MAP_SYNTAX", "'fn' is unknown"),
        ("X: {from: serial, null_values: ['']}", "MAP_SYNTAX", "'null_values' is unknown"),
        ("X: {from: [serial, item]}", "MAP_SYNTAX", "use first for several"),
        ("X: {first: []}", "MAP_SYNTAX", "at least one path"),
        ("X: {first: [serial, form.amount]}", "MAP_TYPE", "different kinds"),
        ("X: {from: serial, when: applicant}", "MAP_TYPE", "always present"),
        ("X: {from: serial, only: {variant: [1]}}", "MAP_TYPE", "quote or unquote"),
        ("X: {from: serial, only: {channel.type: [SHOP]}}", "MAP_CODES", "is never 'SHOP'"),
        ("X: {from: serial, only: {}}", "MAP_SYNTAX", "names a path"),
        ("X: {each: evidence}", "MAP_SYNTAX", "'fields' is missing"),
        ("X: {each: serial, fields: {A: size}}", "MAP_TYPE", "no list of objects"),
        ("X: {each: evidence, fields: {A: serial}}", "MAP_PATH", "Evidence has no field 'serial'"),
        ("X: {each: evidence, where: {if: ref}, fields: {A: size}}", "MAP_SYNTAX", "'if' is unknown"),
        ("X: $index", "MAP_SYNTAX", "'$index' is unknown"),
        ("X: $env.HOME", "MAP_SYNTAX", "'$env.HOME' is unknown"),
        ("X: $config.a.b", "MAP_SYNTAX", "is unknown"),
        ("X: applicant..name", "MAP_SYNTAX", "is no name"),
        ("X: applicant.__class__", "MAP_PATH", "has no field '__class__'"),
        ("X: model_dump", "MAP_PATH", "has no field 'model_dump'"),
        ("X: [serial]", "MAP_SYNTAX", "a rule is a path or an object"),
        ("X: 1", "MAP_SYNTAX", "a rule is a path or an object"),
        ("X: no", "MAP_SYNTAX", "quote the path"),
        ("X: {from: on}", "MAP_SYNTAX", "quote the path"),
        ("1: serial", "MAP_CODES", "must be quoted text"),
        ("A B: serial", "MAP_SYNTAX", "is no name"),
        ("A.X: serial", "MAP_CONFLICT", "'A' is a value in line 6"),
        ("A: serial", "YAML", "stands twice"),
    ],
)
def test_a_fault_of_a_request_names_its_line(rule, code, says):
    text, line = with_rule(rule)
    found = faults(m_request_yaml=text)
    assert (found[0].where, found[0].rule) == (f"s/m.request.yaml:{line}", code)
    assert says in found[0].message


@pytest.mark.parametrize(
    ("rule", "code", "says"),
    [
        ("nothing: A", "MAP_PATH", "Reply has no field 'nothing'"),
        ("note.x: A", "MAP_SYNTAX", "have no dots"),
        ("bills: A", "MAP_TYPE", "use each"),
        ("bills: {each: A, fields: {period: B}}", "MAP_TARGET", "every 'total_fen' must be filled"),
        ("bills: {each: A, fields: {nothing: B, total_fen: {from: C, fn: fen}}}", "MAP_PATH", "Bill has no field"),
        ("note: {each: A, fields: {x: B}}", "MAP_TYPE", "no list of objects"),
        ("arrears_fen: A", "MAP_FUNCTION", "is money"),
        ("arrears_fen: {from: A, fn: text}", "MAP_FUNCTION", "is money"),
        ("planned: A", "MAP_TYPE", "a date needs a format"),
        ("planned: {from: A, format: '%Y%m'}", "MAP_TYPE", "the format lacks one"),
        ("note: {from: A, format: '%Y%m%d'}", "MAP_TYPE", "a format makes dates"),
        ("state: A", "MAP_CODES", "needs a table"),
        ("state: {from: A, table: result}", "MAP_CODES", "gives ErrorCode"),
        ("state: {from: A, table: uses}", "MAP_CODES", "gives 'home'"),
        ("note: {from: A, table: id_type}", "MAP_CODES", "only the other way"),
        ("note: {from: A, table: uses, fn: upper}", "MAP_FUNCTION", "no function follows"),
        ("rank: {from: A, table: uses}", "MAP_TYPE", "a table gives codes"),
        ("note: {from: A, rank: nothing}", "MAP_CODES", "no table 'nothing'"),
        ("rank: {from: A, rank: state, format: '%d'}", "MAP_TYPE", "one of table, rank and format"),
        ("note: {from: A, table: uses, unmapped: absent}", "MAP_CODES", "only inside each"),
        ("note: {from: A, unmapped: absent}", "MAP_CODES", "goes with a table"),
        (
            "records: {each: A, fields: {error: {from: B, table: result, unmapped: absent}}}",
            "MAP_CODES",
            "only be UPS_UNMAPPED",
        ),
        (
            "records: {each: A, fields: {state: {from: B, table: state, unmapped: UPS_UNMAPPED}}}",
            "MAP_CODES",
            "only be absent",
        ),
        (
            "nodes: {each: A, fields: {raw_code: B, state: {from: B, table: state, unmapped: absent}}}",
            "MAP_CODES",
            "demanded",
        ),
        ("state: {const: DONE}", "MAP_TYPE", "is no code of this field"),
        ("rank: {from: A, default: x}", "MAP_TYPE", "is no integer"),
        ("note: {from: A, only: {B: [1]}}", "MAP_TYPE", "quoted text"),
        ("note: {from: A, max_bytes: 3}", "MAP_SYNTAX", "'max_bytes' is unknown"),
        ("event_time: {from: A, fn: text}", "MAP_TYPE", "the rule makes a text"),
    ],
)
def test_a_fault_of_a_reply_names_its_line(rule, code, says):
    text, line = with_rule(rule, reply=True)
    found = faults(m_reply_yaml=text)
    assert (found[0].where, found[0].rule) == (f"s/m.reply.yaml:{line}", code)
    assert says in found[0].message


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("x: {out: {RIC: 0}}", "quoted text"),
        ("x: {in: {01: home}}", "must be quoted text"),
        ('x: {out: {NO: "1"}}', "must be quoted text"),
        ('x: {out: {A: "1"}, in: {"1": A}}', "exactly one of"),
        ("x: {of: DocumentType}", "exactly one of"),
        ('x: {both: {A: "1", B: "1"}}', "share a wire code"),
        ("x: {out: {}}", "empty"),
        ("x: {out: [A]}", "an object"),
        ('x: {in: {"1": null}}', "quoted text"),
        ('x: {result: {"1": ELG_NOTHING}}', "is no ErrorCode"),
        ('x: {state: {"1": DONE}}', "is no TaskState"),
        ('x: {out: {A: "1"}, unsupported: [A]}', "is supported"),
        ('x: {out: {A: "1"}, of: 3}', "of names"),
        ('x: {out: {A: "1"}, ofs: y}', "did you mean 'of'"),
    ],
)
def test_a_fault_of_a_code_table_names_its_line(table, says):
    with pytest.raises(MappingError) as caught:
        build_set("s", {"codes.yaml": f"{CODES}  {table}\n"})
    found = caught.value.faults
    assert found[0].where == f"s/codes.yaml:{len(CODES.splitlines()) + 1}"
    assert any(says in fault.message for fault in found)


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("direction: request", "direction: reply", 2, "the file's name says 'request'"),
        ("source: ServiceOrder", "source: Order", 3, "source is one of"),
        ("source: ServiceOrder\n", "", 1, "'source' is missing"),
        ("zone: Asia/Shanghai", "zone: 8", 4, "zone is text"),
        ("zone: Asia/Shanghai", "charset: klingon", 4, "charset 'klingon' is unknown"),
        ("mapping: m", "mapping: '{m}'", 1, "letters, digits"),
        ("zone: Asia/Shanghai", "when: agent", 4, "'when' is unknown"),
        ("fields:\n", "fields: [a]\nx:\n", 5, "an object"),
        ("fields:\n", "fields: &f\n  Z: *f\n", 6, "anchors and aliases"),
        ("mapping: m", "? [a]\n: m", 1, "a key is a text"),
        ("A: serial", "A: 2024-13-45", 6, "looks like a date"),
        ("A: serial", "A: [serial", 7, "expected"),
        ("A: serial", "\tA: serial", 6, "cannot start any token"),
    ],
)
def test_a_fault_of_the_file_itself(old, new, line, says):
    found = faults(m_request_yaml=REQUEST.replace(old, new))
    assert any(says in fault.message for fault in found), found
    assert f"s/m.request.yaml:{line}" in {fault.where for fault in found}


def test_all_faults_of_all_files_are_listed_in_order():
    text = REQUEST + "  X: nothing\n  Y: {from: serial, fn: no}\n"
    found = faults(m_request_yaml=text, m_reply_yaml=REPLY + "  bad: A\n")
    assert [fault.where for fault in found] == ["s/m.reply.yaml:9", "s/m.request.yaml:9", "s/m.request.yaml:10"]


def test_groups_that_may_both_apply_may_not_set_one_field():
    group = "  - only: {{variant: [{0}]}}\n    fields: {{Z: item}}\n"
    exclusive = REQUEST + "groups:\n" + group.format('"01"') + group.format('"02"')
    build_set("s", {"codes.yaml": CODES, "m.request.yaml": exclusive})
    overlapping = REQUEST + "groups:\n" + group.format('"01"') + group.format('"01", "02"')
    assert faults(m_request_yaml=overlapping)[0].rule == "MAP_CONFLICT"
    again = REQUEST + "groups:\n  - only: {variant: ['01']}\n    fields: {A: item}\n"
    assert faults(m_request_yaml=again)[0].where == "s/m.request.yaml:11"


def test_when_and_unless_of_one_path_exclude_each_other():
    text = REQUEST + "groups:\n  - {when: agent, fields: {Z: item}}\n  - {unless: agent, fields: {Z: serial}}\n"
    build_set("s", {"codes.yaml": CODES, "m.request.yaml": text})


def test_a_group_without_condition_is_refused():
    text = REQUEST + "groups:\n  - fields: {Z: item}\n"
    assert "says when it applies" in faults(m_request_yaml=text)[0].message


@pytest.mark.parametrize("name", ["m.yaml", "request.yaml", "m.answer.yaml", ".request.yaml"])
def test_a_file_with_another_name_is_refused(name):
    with pytest.raises(MappingError, match="is named"):
        build_set("s", {name: REQUEST})


def test_a_message_may_have_dots_in_its_name():
    mappings = build_set("s", {"codes.yaml": CODES, "app.submit.request.yaml": REQUEST})
    assert mappings.has("app.submit", "request")
    assert not mappings.has("app.submit", "reply")


def test_a_set_is_read_from_its_folder(tmp_path):
    folder = tmp_path / "water" / "a"
    folder.mkdir(parents=True)
    (folder / "codes.yaml").write_text(CODES, encoding="utf-8")
    (folder / "m.request.yaml").write_text(REQUEST, encoding="utf-8")
    (folder / "README.md").write_text("no mapping", encoding="utf-8")
    mappings = load_set("water/a", tmp_path)
    assert mappings.request("m").mapping.file == "water/a/m.request.yaml"
    with pytest.raises(NotFound, match=r"other\.reply"):
        mappings.reply("other")
    with pytest.raises(MappingError, match="no such folder"):
        load_set("water/c", tmp_path)


def test_a_file_that_is_not_utf8_is_refused():
    assert faults(m_request_yaml=REQUEST.encode() + b"# \xff\n")[0].rule == "YAML"


def _assert_placed(error):
    assert error.faults
    for fault in error.faults:
        assert re.fullmatch(r"s/[\w.]+:[0-9]+", fault.where)
        assert fault.message


@given(st.text(max_size=200))
def test_any_text_loads_or_faults_with_a_line(text):
    with pytest.raises(MappingError) as caught:
        build_set("s", {"codes.yaml": CODES, "m.request.yaml": text})
    _assert_placed(caught.value)


@given(
    st.sampled_from([REQUEST, REPLY, CODES]),
    st.integers(0, 400),
    st.integers(0, 12),
    st.sampled_from(
        ["", "{", "}", "[", ":", "- ", "'", '"', "$", "01", "~", "&a ", "*a", "!!x ", "\n", "  ", ".", "é"]
    ),
)
def test_a_damaged_file_loads_or_faults_with_a_line(base, place, length, inserted):
    text = base[:place] + inserted + base[place + length :]
    name = {REQUEST: "m.request.yaml", REPLY: "m.reply.yaml", CODES: "codes.yaml"}[base]
    try:
        build_set("s", {"codes.yaml": CODES, name: text})
    except MappingError as error:
        _assert_placed(error)


_yaml_words = st.sampled_from(
    [
        "from",
        "first",
        "const",
        "each",
        "fields",
        "table",
        "fn",
        "when",
        "only",
        "serial",
        "id_type",
        "$now",
        "A.B",
        "pad",
    ]
)
_yaml_value = st.recursive(
    st.none() | st.booleans() | st.integers() | _yaml_words | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_yaml_words | st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(_yaml_words | st.text(max_size=4), _yaml_value, max_size=4), st.booleans())
def test_any_rules_load_or_fault_with_a_line(fields, reply):
    import yaml

    base = (REPLY if reply else REQUEST).split("fields:")[0]
    text = base + yaml.safe_dump({"fields": fields}, allow_unicode=True)
    try:
        build_set("s", {"codes.yaml": CODES, f"m.{'reply' if reply else 'request'}.yaml": text})
    except MappingError as error:
        _assert_placed(error)
