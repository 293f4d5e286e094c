"""Cases and applications for tests of joint receipts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hub.config import load_configuration
from hub.domain.case import Case, Task
from hub.domain.example import example_case
from hub.domain.outcome import Output
from hub.domain.receipt import Issuer, make_receipt
from hub.domain.states import CaseState, TaskState
from hub.domain.taxonomy import ErrorCode, ServiceError

CATALOGUE = load_configuration().catalogue
NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
NUMBER = "JX6202611243304020000015"
ISSUER = Issuer(
    name_zh="嘉兴市公共事业综合服务窗口",
    places={"330402007": "南湖区建设街道"},
    hotlines={"power": "95598"},
)
APPLICATION = example_case(["JX6-WAT-01", "JX6-ELE-05", "JX6-BUS-03"], "individual", CATALOGUE)
DONE = TaskState.COMPLETED


def task(number=1, state=DONE, *, item="JX6-WAT-01", provider="power", **changes):
    """One task of the case, at the power company if nothing else is said."""
    return Task(
        number=f"{NUMBER}-{number:02}",
        case_number=NUMBER,
        item=item,
        item_zh=CATALOGUE.by_code[item].name_zh,
        provider=provider,
        provider_zh="嘉兴供电公司",
        operation="x",
        state=state,
        state_since=NOW,
        created_at=NOW,
        **{"endpoint": provider, **changes},
    )


def case(*tasks):
    return Case(
        number=NUMBER,
        request_id="x" * 8,
        state=CaseState.PROCESSING,
        division="330402007",
        submitted_at=NOW,
        tasks=tasks or (task(),),
    )


def receipt(*tasks, application=APPLICATION, seq=1, issued_at=NOW):
    return make_receipt(case(*tasks), application, ISSUER, seq=seq, issued_at=issued_at)


def partly():
    """Done, refused for a debt, and under way."""
    return receipt(
        task(1, provider_ref="W2026112400002", outputs=(Output(kind="contract", identifier="HT2026112400017"),)),
        task(
            2,
            TaskState.REJECTED,
            item="JX6-ELE-05",
            provider_ref="3304261124000002",
            error=ServiceError(code=ErrorCode.ELG_ARREARS, provider_code_raw="20003", amount_fen=18650),
        ),
        task(
            3,
            TaskState.IN_PROGRESS,
            item="JX6-BUS-03",
            simulated=True,
            due_at=NOW + timedelta(days=3),
        ),
    )
