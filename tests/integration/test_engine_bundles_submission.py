"""Bundles at the window: what is refused when it is handed in, and what `hub check` finds before."""

from __future__ import annotations

import pytest

from hub.clock import VirtualClock
from hub.config import check_configuration, load_configuration, shipped
from hub.engine.selfcheck import undoing_faults
from hub.errors import ApplicationInvalid
from hub.registry import Found, Registry
from tests.toy.adapter import ToyAdapter
from tests.toy.bundled import EARLY, LEAD, LEGAL, ONE, TWO, BundledAdapter, KeepingAdapter, write_bundles
from tests.toy.filing import FilingAdapter
from tests.toy.hubs import MAPPINGS, TUESDAY, application, overlay, toy_hub
from tests.toy.server import ToyServer


def _shipped_without_undoing(folder):
    """The catalogue, with the early item not undoable."""
    text = shipped().joinpath("catalogue.yaml").read_text(encoding="utf-8")
    place = text.index("  provenance:", text.index(f"- code: {ONE}\n"))
    (folder / "catalogue.yaml").write_text(f"{text[:place]}  undoable: false\n{text[place:]}", encoding="utf-8")


async def test_early_commit_where_nothing_can_be_taken_back_is_refused_at_submission(tmp_path):
    write_bundles(tmp_path / "config")
    clock = VirtualClock(TUESDAY)
    async with (
        ToyServer(clock) as server,
        toy_hub(tmp_path, server, clock, adapter=KeepingAdapter) as hub,
    ):
        with pytest.raises(ApplicationInvalid) as caught:
            await hub.submit(application(LEAD, ONE, TWO, theme=EARLY))
        assert [(fault.where, fault.rule) for fault in caught.value.faults] == [("items[1].code", "NOT_UNDOABLE")]
        assert server.calls == []
        assert (await hub.submit(application(LEAD, ONE, TWO, theme=LEGAL))).tasks[1].gated


def test_early_commit_of_what_cannot_be_undone_is_a_fault_of_the_configuration(tmp_path):
    folder = overlay(write_bundles(tmp_path))
    _shipped_without_undoing(folder)
    faults = check_configuration(load_configuration(overlay=folder))
    assert [fault.message for fault in faults if "undone" in fault.message] == [
        f"{ONE} cannot be undone, so it is not committed early"
    ]


@pytest.mark.parametrize(
    ("adapter", "faulty"), [(BundledAdapter, False), (ToyAdapter, False), (KeepingAdapter, True), (FilingAdapter, True)]
)
def test_early_commit_at_an_adapter_that_takes_nothing_back_is_found_by_the_self_check(tmp_path, adapter, faulty):
    folder = overlay(write_bundles(tmp_path), adapter=adapter.spec.id)
    found = Registry((Found(adapter.spec.id, "tests", adapter),), (MAPPINGS,))
    faults = list(undoing_faults(load_configuration(overlay=folder), found))
    assert bool(faults) is faulty
    for fault in faults:
        assert (fault.rule, fault.where.rpartition("/")[2].partition(":")[0]) == ("NOT_UNDOABLE", "bundles.yaml")
