"""The toy utility in one-thing bundles: it can be asked beforehand, enters things, and takes back what is done."""

from __future__ import annotations

import yaml

from hub.sdk import Absent, Context, Outcome, ServiceOrder, TaskState, outcome_of, read, write
from tests.toy.adapter import ToyAdapter
from tests.toy.server import ToyServer
from tests.toy.talking import TalkingAdapter

LEAD, ONE, TWO = "JX6-WAT-01", "JX6-WAT-05", "JX6-WAT-06"
_WAIT = {"after": LEAD, "gate": "legal_effect", "precheck": True}
_GATE = {"kind": "legal_effect", "label_zh": "登簿", "label_en": "entry"}
_AFTER = {"kind": "completed", "label_zh": "依次", "label_en": "in turn"}


def _joint(kind):
    return {"kind": kind, "label_zh": "联合", "label_en": "joint"}


BUNDLES = {
    "JX6-TH-91": {"lead": LEAD, "gate": _GATE, "dependencies": [{"item": ONE, **_WAIT}, {"item": TWO, **_WAIT}]},
    "JX6-TH-92": {
        "lead": LEAD,
        "gate": _GATE,
        "dependencies": [{"item": ONE, **_WAIT, "commit": "early"}, {"item": TWO, **_WAIT}],
    },
    "JX6-TH-93": {
        "gate": _AFTER,
        "dependencies": [
            {"item": ONE, "after": LEAD, "gate": "completed"},
            {"item": TWO, "after": ONE, "gate": "completed", "precheck": True},
        ],
    },
    "JX6-TH-94": {"gate": _joint("joint_check")},
    "JX6-TH-95": {"gate": _joint("joint_survey")},
}
LEGAL, EARLY, CHAIN, CHECK, SURVEY = BUNDLES


def write_bundles(folder):
    """Put the bundles of the toy utility into a configuration folder, in place of the shipped ones."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {"name_zh": "玩具一件事", "name_en": "toy"}
    made = [{"id": name, **names, "members": [LEAD, ONE, TWO], **each} for name, each in BUNDLES.items()]
    for bundle in made:
        if bundle.get("lead"):
            bundle["members"] = [ONE, TWO]
    (folder / "bundles.yaml").write_text(yaml.safe_dump({"bundles": made}, allow_unicode=True))
    return folder


class BundledAdapter(TalkingAdapter):
    manifest = "bundled.yaml"

    @read("precheck", message="precheck")
    async def precheck(self, order: ServiceOrder, ctx: Context) -> Outcome:
        return outcome_of(await ctx.call("precheck", order), done=True)

    @write("compensate", message="compensate", inquiry="undone")
    async def compensate(self, order: ServiceOrder, ctx: Context) -> Outcome:
        return outcome_of(await ctx.call("compensate", order), done=True)

    @read("undone", message="find")
    async def undone(self, order: ServiceOrder, ctx: Context) -> Outcome:
        reply = await ctx.call("find", order)
        return outcome_of(reply) if reply.state is TaskState.CANCELLED else Absent()


class KeepingAdapter(ToyAdapter):
    """Takes nothing back."""


KeepingAdapter.operations = {name: each for name, each in ToyAdapter.operations.items() if name != "cancel"}


class BundledServer(ToyServer):
    """Besides: `check` answers every pre-check; an order is entered since `entered[serial]`, and stuck by `stuck_by`."""

    def __init__(self, clock, *, port=0):
        super().__init__(clock, port=port)
        self.check = {"code": "ok"}
        self.entered = {}
        self.stuck_by = {}

    def _precheck(self, serial):
        return self.check

    def _compensate(self, serial):
        self.ledger.record("undone", serial)
        self.orders[serial] = None
        return {"code": "ok", "state": "gone"}

    def _find(self, serial):
        answer = super()._find(serial)
        if serial in self.entered and serial in self.orders:
            answer["entered"] = self.entered[serial].strftime("%Y%m%d%H%M%S")
        return answer

    _progress = _find

    def _state(self, serial):
        return self.stuck_by.get(serial) or super()._state(serial)
