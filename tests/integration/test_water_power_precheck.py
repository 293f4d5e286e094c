"""A pre-check and the order after it: what is foreseen is what the utility then decides, and asking changes nothing."""

from __future__ import annotations

import pytest

from hub.domain.outcome import Absent
from hub.domain.taxonomy import ErrorCode
from simulators.power.accounts import Bill
from tests.integration import power_hub, water_hub
from tests.integration.test_power_adapter_orders import ORDERS as POWER_ORDERS
from tests.integration.test_power_adapter_orders import acceptable as power_order
from tests.integration.test_power_adapter_orders import add_firm
from tests.integration.test_water_adapter_orders import ready

# What the two say in other words: a closed account counts as none there, a suspended one as bound by its contract.
SAME = {ErrorCode.ELG_ACCOUNT_NOT_FOUND: ErrorCode.ELG_STATUS, ErrorCode.ELG_CONTRACT: ErrorCode.ELG_STATUS}
OWED = [{"ZDYF": "202610", "SL": "10", "SF": "20.00", "PWF": "9.50"}]


def verdict(outcome):
    """Whether an order may go, or why not."""
    return None if outcome.kind in {"accepted", "completed"} else SAME.get(outcome.error.code, outcome.error.code)


async def both(hub, order):
    """The pre-check's verdict and then the order's own."""
    checked = await hub.run("precheck", order)
    assert not [call for call in hub.calls if call.effect]
    if isinstance(checked, Absent):
        return None
    return verdict(checked), verdict(await hub.run("accept", order)), checked


@pytest.mark.parametrize("code", water_hub.ACCEPTED)
@pytest.mark.parametrize(
    ("dialect", "facts"),
    [
        *(("A", facts) for facts in ({"YHZT": "1"}, {"YHZT": "2"}, {"YHZT": "3"}, {"bills": OWED}, {"YHMC": "别人"})),
        *(("B", facts) for facts in ({}, {"bills": OWED})),
    ],
    ids=str,
)
async def test_water_decides_on_every_item_as_the_check_foresaw(dialect, code, facts):
    async with water_hub.running(dialect) as hub:
        order = ready(hub, water_hub.acceptable(code, dialect))
        number = order.form.account_no
        if facts and number:
            other = {"ZJHM": "330402195203140024"} if "YHMC" in facts else {}
            hub.account(number, **({"name": facts["YHMC"]} | other if "YHMC" in facts else facts))
        found = await both(hub, order)
        assert (found is None) is (number is None)
        if found:
            assert found[0] is found[1]


async def test_water_names_the_debts_that_bar_an_order_and_those_that_do_not():
    async with water_hub.running() as hub:
        hub.account("0100029001", bills=OWED)
        barred = await hub.run("precheck", water_hub.order_of("JX6-WAT-01", form={"account_no": "0100029001"}))
        assert (barred.error.code, barred.error.amount_fen) == (ErrorCode.ELG_ARREARS, 2950)
        assert barred.error.provider == "water"
        other = water_hub.acceptable("JX6-WAT-06", form={"account_no": "0100029001"})
        (answer,) = (await hub.run("precheck", other)).outputs
        assert answer.data["bills"][0]["total_fen"] == 2950


@pytest.mark.parametrize("name", ["阿卜杜热西提·买买提依明·吐尔逊江", "王㛃䶮", "欧阳"])
async def test_name_that_water_cuts_or_cannot_write_still_fits_its_holder(name):
    async with water_hub.running() as hub:
        hub.account("0100029001", name)
        order = water_hub.order_of("JX6-WAT-01", form={"account_no": "0100029001", "old_holder_name": name})
        assert verdict(await hub.run("precheck", order)) is None
        stranger = order.with_(form=order.form.with_(old_holder_name="王某"))
        assert verdict(await hub.run("precheck", stranger)) is ErrorCode.IDN_MISMATCH


@pytest.mark.parametrize(("system", "module"), [("water", water_hub), ("power", power_hub)])
async def test_utility_that_is_down_is_no_obstacle(system, module):
    async with module.running() as hub:
        getattr(hub, system).faults.arm("down")
        code = {"water": "JX6-WAT-01", "power": "JX6-ELE-05"}[system]
        outcome = await hub.run("precheck", module.order_of(code))
        assert outcome.kind == "not_sent"


@pytest.mark.parametrize("code", POWER_ORDERS)
@pytest.mark.parametrize(
    "facts",
    [{}, {"status": "1"}, {"status": "9"}, {"name": "别人"}, {"bills": [{"month": "202510", "amount": 9650}]}],
    ids=str,
)
async def test_power_decides_on_every_item_as_the_check_foresaw(code, facts):
    async with power_hub.running() as hub:
        add_firm(hub, "旧公司" if code == "JX6-ELE-06" else power_hub.FIRM.name)
        order = power_order(code)
        if order.form.account_no:
            account = hub.power._services.accounts.find(order.form.account_no)
            for fact, value in facts.items():
                if fact == "bills":
                    account.charge(Bill(value[0]["month"], value[0]["amount"]))
                else:
                    setattr(account, fact, value)
        found = await both(hub, order)
        assert (found is None) is (order.form.account_no is None)
        if found:
            assert found[0] is found[1]


async def test_power_check_of_a_firm_s_account_asks_twice_and_sends_no_order():
    async with power_hub.running() as hub:
        add_firm(hub, "旧公司")
        await hub.run("precheck", power_order("JX6-ELE-06"))
        assert [call.message for call in hub.calls] == ["token", "consumer.query", "bill.arrears"]
        assert hub.power.ledger.count("order") == 0
