"""Any choice of canonical paths, conditions and wire places: generated code agrees with a plain interpreter."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.form import BankAccount, ContactChange, OrderForm
from hub.domain.order import ServiceOrder
from hub.mapping import build_set
from hub.mapping.canonical import leaves, of_model, walk

ROOT = of_model(ServiceOrder)
ALL = [names for names in leaves(ROOT) if not isinstance(walk(ROOT, names), str)]
PLAIN = [names for names in ALL if walk(ROOT, names)[-1].kind in {"text", "integer", "decimal", "boolean"}]
DATES = [names for names in ALL if walk(ROOT, names)[-1].kind == "date"]
MAYBE = [("agent",), *[names for names in PLAIN if any(shape.optional for shape in walk(ROOT, names))]]


def value_of(order, names):
    for name in names:
        order = getattr(order, name, None)
    return order


@st.composite
def guards(draw):
    kind = draw(st.sampled_from(["none", "none", "when", "unless", "only"]))
    if kind == "none":
        return {}
    if kind == "only":
        return {"only": {"variant": draw(st.lists(st.sampled_from(["01", "02"]), min_size=1, max_size=2, unique=True))}}
    paths = draw(st.lists(st.sampled_from(MAYBE), min_size=1, max_size=2, unique=True))
    return {kind: [".".join(names) for names in paths]}


def holds(guard, order):
    present = [value_of(order, path.split(".")) is not None for path in guard.get("when", [])]
    absent = [value_of(order, path.split(".")) is None for path in guard.get("unless", [])]
    return all(present) and all(absent) and ("only" not in guard or order.variant in guard["only"]["variant"])


@st.composite
def rules(draw, prefix):
    found = {}
    for index in range(draw(st.integers(1, 8))):
        place = draw(st.sampled_from(["", "A.", "A.X.", "A.Y.", "B.", "B.X.Z."]))
        names = draw(st.sampled_from(PLAIN + DATES))
        rule = {"from": ".".join(names), **draw(guards())}
        if names in DATES:
            rule["format"] = "%Y%m%d"
        if draw(st.booleans()) and walk(ROOT, names)[-1].kind == "text":
            rule["default"] = "?"
        found[f"{place}{prefix}{index}"] = rule
    return found


def interpreted(order, sections):
    tree = {}
    for guard, fields in sections:
        for target, rule in fields.items():
            value = value_of(order, rule["from"].split("."))
            value = rule.get("default") if value is None else value
            if not (holds(guard, order) and holds(rule, order)) or value is None:
                continue
            *above, last = target.split(".")
            place = tree
            for name in above:
                place = place.setdefault(name, {})
            place[last] = value.strftime("%Y%m%d") if isinstance(value, date) else value
    return tree


@st.composite
def orders(draw, base, people):
    form = OrderForm(
        account_no=draw(st.sampled_from([None, "0012345678"])),
        amount=draw(st.sampled_from([None, 1])),
        start_date=draw(st.sampled_from([None, date(2026, 2, 3)])),
        meter_reading=draw(st.sampled_from([None, Decimal("1.5")])),
        contract_accept=draw(st.sampled_from([None, False])),
        designated_holder=draw(st.sampled_from([None, people["ref"]])),
        contact_change=draw(st.sampled_from([None, ContactChange(mobile="1")])),
        bank_account=draw(st.sampled_from([None, BankAccount(bank="b", account_no="1", holder="h")])),
        new_address=draw(st.sampled_from([None, base.address])),
    )
    company = people["organisation"]
    return base.with_(
        form=form,
        variant=draw(st.sampled_from(["01", "02", "03"])),
        agent=draw(st.sampled_from([None, people["agent"]])),
        applicant=draw(st.sampled_from([base.applicant, company, company.with_(legal_rep=base.applicant)])),
    )


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_generated_code_agrees_with_a_plain_interpreter(order, people, env, data):
    sections = [({}, data.draw(rules("F")))]
    for number in range(data.draw(st.integers(0, 2))):
        guard = data.draw(guards().filter(bool))
        sections.append((guard, data.draw(rules(f"G{number}_"))))
    document = {
        "mapping": "m",
        "direction": "request",
        "source": "ServiceOrder",
        "zone": "UTC",
        "fields": sections[0][1],
    }
    if len(sections) > 1:
        document["groups"] = [{**guard, "fields": fields} for guard, fields in sections[1:]]
    write = build_set("s", {"m.request.yaml": json.dumps(document)}).request("m")
    for _ in range(5):
        given_order = data.draw(orders(order, people))
        assert write(given_order, env) == interpreted(given_order, sections), write.source


def test_every_canonical_path_can_be_mapped(order, env):
    assert len(PLAIN) > 60
    fields = {f"F{index}": ".".join(names) for index, names in enumerate(PLAIN)}
    document = {"mapping": "m", "direction": "request", "source": "ServiceOrder", "fields": fields}
    tree = build_set("s", {"m.request.yaml": json.dumps(document)}).request("m")(order, env)
    assert tree == {
        key: value for key, path in fields.items() if (value := value_of(order, path.split("."))) is not None
    }


def test_the_bench_compares_equal_trees():
    bench = Path(__file__).parents[3] / "bench" / "bench_mapping.py"
    done = subprocess.run(
        [sys.executable, str(bench), "--json", "--blocks", "3", "--calls", "5"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(done.stdout)["rules"] == 40
