"""Lost cards: a bundle of orders that travel in files, where the new card waits for the loss report."""

from __future__ import annotations

from hub import CaseState, TaskState, simulated
from hub.domain.case import PreCheckState
from hub.domain.states import CaseOutcome
from simulators.kit.simulator import Profile
from tests.acceptance.story import make_application
from tests.integration.transit_desk import FORMER, FORMER_CARD

QUICK = Profile(pace=0.02, always_open=True)


async def test_new_card_goes_into_a_file_only_after_the_loss_report_is_answered():
    async with simulated("transit", profile=QUICK) as city:
        made = await make_application(city.hub, ("JX6-BUS-05", "JX6-BUS-06"))
        items = tuple(
            each.with_(form={**each.form, "card_no": FORMER_CARD, **lost})
            for each, lost in zip(made.items, ({}, {"reissue_reason": "lost"}), strict=True)
        )
        case = await city.hub.submit(made.with_(theme="JX6-TH-06", items=items, applicant=FORMER))
        assert [task.state for task in case.tasks] == [TaskState.READY, TaskState.PENDING]
        case = await city.hub.wait(case.number, seconds=30)
        assert (case.state, case.outcome) == (CaseState.DECIDED, CaseOutcome.ALL_COMPLETED)
        report, reissue = case.tasks
        assert reissue.precheck.state is PreCheckState.PASSED
        batches = await city.hub._parts.store.run(lambda unit: [unit.task(t.number).row.batch_id for t in case.tasks])
        assert batches[0] != batches[1]
        assert report.outputs[0].kind == "receipt"
        assert reissue.outputs[0].kind == "card"
