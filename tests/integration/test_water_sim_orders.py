"""Orders from acceptance to completion, their attachments and refusals, as a foreign client meets them."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.water_foreign_client import BUYER, CONNECTION, SELLER, TRANSFER, Foreigner, running

FRIDAY_18 = datetime(2026, 1, 9, 10, 0, tzinfo=UTC)
ACCOUNT = {**SELLER, "YHBH": "0100012345"}
KINDS = {
    "01": TRANSFER,
    "02": CONNECTION,
    "03": {
        **BUYER,
        "YSDZ": "南湖区工地一号",
        "XZQH": "330402010",
        "XMMC": "测试工地",
        "SBKJ": "40",
        "RYSL": "12.5",
        "KSRQ": "20260201",
        "JSRQ": "20260630",
    },
    "04": {**ACCOUNT, "SBKJ": "25", "SQYY": "加装热水器"},
    "05": {**ACCOUNT, "YSXZ": "02", "SQYY": "改作店铺"},
    "06": {**ACCOUNT, "BGLXDH": "13900139000", "BGYHMC": "", "BGDZ": ""},
    "07": {**ACCOUNT, "XWZ": "移至户外管道井", "YYSJ": "202601070900-1100"},
    "08": {**ACCOUNT, "KSRQ": "20260201", "BDSZ": "1234.5"},
    "10": {**ACCOUNT, "SQYY": "拆迁", "THZH": "6222020000000000001", "THYH": "测试银行", "THHM": "李建国"},
    "11": {**ACCOUNT, "RKS": "6", "CYLIST": [{"XM": "李小国", "ZJLX": "0", "ZJHM": "330402201001010014"}]},
    "12": {**ACCOUNT, "YYSM": "水量突增"},
}


async def state_of(ask, number):
    ask.water.clock.advance(61)
    return (await ask("3002", SLBH=number)).body


async def test_a_transfer_runs_from_acceptance_to_its_contract():
    async with running() as water:
        ask = Foreigner(water)
        accepted = await ask("3001", TRANSFER, lsh="WT0001")
        assert (accepted.code, accepted.body) == ("0000", {"SLBH": "W2026010500002"})
        shown = (await ask("3002", SLBH="W2026010500002")).body
        assert shown == {
            "SLBH": "W2026010500002",
            "YWLX": "01",
            "YHBH": "0100012345",
            "BLZT": "10",
            "BLYJ": "已受理",
            "HTBH": "",
            "ZSBH": "",
            "DJFY": "0.00",
            "SLSJ": "2026-01-05 09:00:00",
            "ZTSJ": "2026-01-05 09:00:00",
            "BJSJ": "1900-01-01 00:00:00",
        }
        water.clock.advance(timedelta(hours=4))
        assert (await state_of(ask, "W2026010500002"))["BLZT"] == "20"
        water.clock.advance(timedelta(hours=16))
        done = await state_of(ask, "W2026010500002")
        assert (done["BLZT"], done["HTBH"], done["BJSJ"]) == ("50", "HT0401202601060002", "2026-01-06 05:00:00")
        account = (await ask("1001", YHBH="0100012345")).body["YHLIST"][0]
        assert (account["YHMC"], account["ZJHM"]) == ("王秀兰", "330402********0024")
        assert [entry.effect for entry in water.ledger.effects("WT0001")] == ["order"]


async def test_a_designated_holder_becomes_the_holder():
    async with running() as water:
        ask = Foreigner(water)
        holder = {"ZDHZ": "王小明", "ZDZJLX": "0", "ZDZJHM": "330402198001010019"}
        await ask("3001", {**TRANSFER, **holder})
        water.clock.advance(timedelta(days=2))
        assert (await ask("1001", YHBH="0100012345")).body["YHLIST"][0]["YHMC"] == "王小明"


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_every_kind_of_business_is_accepted_and_finishes(kind):
    async with running() as water:
        ask = Foreigner(water)
        number = (await ask("3001", {**KINDS[kind], "YWLX": kind}, lsh="L1")).body["SLBH"]
        if kind in {"02", "04"}:
            water.clock.advance(timedelta(days=9))
            waiting = await state_of(ask, number)
            assert waiting["BLZT"] == "30"
            fee = {"SLBH": number, "JE": waiting["DJFY"], "ZFFS": "01", "ZFLSH": "Z1"}
            assert (await ask("2001", fee, lsh="F1")).code == "0000"
            assert (await state_of(ask, number))["BLZT"] == "40"
        water.clock.advance(timedelta(days=2))
        done = await state_of(ask, number)
        assert done["BLZT"] == "50"
        assert bool(done["HTBH"]) == (kind in {"01", "02", "03"})
        assert bool(done["ZSBH"]) == (kind == "12")
        assert water.journal.violations() == []


@pytest.mark.parametrize(
    ("kind", "tag", "value"),
    [("04", "SBKJ", "25"), ("05", "YSXZ", "02"), ("08", "YHZT", "1"), ("10", "YHZT", "2"), ("11", "RKS", "6")],
)
async def test_a_finished_order_shows_in_the_account(kind, tag, value):
    async with running() as water:
        ask = Foreigner(water)
        number = (await ask("3001", {**KINDS[kind], "YWLX": kind})).body["SLBH"]
        await water.advance(number, "50")
        assert (await ask("1001", YHBH="0100012345")).body["YHLIST"][0][tag] == value


async def test_a_resumption_opens_a_suspended_account():
    async with running() as water:
        ask = Foreigner(water)
        holder = water.books.accounts["0100020003"]
        body = {
            "YHBH": holder.number,
            "YHMC": holder.name,
            "ZJLX": "0",
            "ZJHM": holder.id_number,
            "LXDH": "13800138009",
        }
        assert (await ask("3001", {**body, "YWLX": "09"})).code == "0000"
        water.clock.advance(timedelta(days=1))
        assert (await ask("1001", YHBH=holder.number)).body["YHLIST"][0]["YHZT"] == "0"


async def test_an_empty_element_leaves_unchanged_what_is_on_file():
    async with running() as water:
        ask = Foreigner(water)
        await ask("3001", {**KINDS["06"], "YWLX": "06"})
        water.clock.advance(timedelta(days=1))
        await ask("1001", YHBH="0100012345")
        account = water.books.accounts["0100012345"]
        assert (account.name, account.mobile) == ("李建国", "13900139000")


async def test_a_new_connection_gets_a_number_of_its_company():
    async with running() as water:
        ask = Foreigner(water, company="0482")
        number = (await ask("3001", CONNECTION)).body["SLBH"]
        assert (await ask("3002", SLBH=number)).body["YHBH"] == ""
        await water.advance(number, "50")
        account = (await state_of(ask, number))["YHBH"]
        assert account == "0823000001"
        assert (await ask("1001", YHBH=account)).body["YHLIST"][0]["SBKJ"] == "20"


async def test_fees_depend_on_size_and_external_works_and_must_be_exact():
    async with running() as water:
        ask = Foreigner(water)
        number = (await ask("3001", {**CONNECTION, "SBKJ": "25", "SFWX": "1"})).body["SLBH"]
        fee = {"SLBH": number, "JE": "2880.00", "ZFFS": "01", "ZFLSH": "Z1"}
        assert (await ask("2001", fee)).code == "0004"
        await water.advance(number, "30")
        assert (await state_of(ask, number))["DJFY"] == "2880.00"
        wrong = await ask("2001", {**fee, "JE": "2879.99"})
        assert (wrong.code, wrong.body) == ("0010", {"QFJE": "2880.00"})
        assert (await ask("2001", fee, lsh="F1")).code == "0000"
        assert (await ask("2001", fee, lsh="F1")).code == "0011"
        assert (await ask("2002", YLSH="F1")).code == "0004"


async def test_hours_rest_at_the_weekend_and_follow_the_pace():
    async with running(FRIDAY_18, pace=0.5) as water:
        ask = Foreigner(water)
        number = (await ask("3001", TRANSFER)).body["SLBH"]
        water.clock.advance(timedelta(hours=2))
        assert (await state_of(ask, number))["ZTSJ"] == "2026-01-09 20:00:00"
        water.clock.advance(timedelta(days=2))
        assert (await state_of(ask, number))["BLZT"] == "20"
        water.clock.advance(timedelta(hours=8))
        done = await state_of(ask, number)
        assert (done["BLZT"], done["BJSJ"]) == ("50", "2026-01-12 04:00:00")
    async with running(FRIDAY_18, always_open=True) as water:
        ask = Foreigner(water)
        number = (await ask("3001", TRANSFER)).body["SLBH"]
        water.clock.advance(timedelta(hours=20))
        assert (await state_of(ask, number))["BJSJ"] == "2026-01-10 14:00:00"


async def test_pace_zero_finishes_at_once():
    async with running(FRIDAY_18 + timedelta(days=1), pace=0.0) as water:
        ask = Foreigner(water)
        number = (await ask("3001", TRANSFER)).body["SLBH"]
        assert (await ask("3002", SLBH=number)).body["BLZT"] == "50"


async def test_3001_repeated_while_open_names_the_open_order_and_makes_no_second():
    async with running() as water:
        ask = Foreigner(water)
        first = await ask("3001", TRANSFER, lsh="WT0001")
        again = await ask("3001", TRANSFER, lsh="WT0001")
        assert (again.code, again.body) == ("0005", first.body)
        assert (await ask("3002", YLSH="WT0001")).body["SLBH"] == first.body["SLBH"]
        assert water.ledger.count("order") == 1


async def test_3001_meets_the_order_of_another_channel_which_is_not_found_by_ones_own_serial():
    async with running() as water:
        ask = Foreigner(water)
        holder = water.books.accounts["0100020004"].name
        reply = await ask("3001", {**TRANSFER, "YHBH": "0100020004", "YYHM": holder}, lsh="WT0001")
        assert reply.code == "0005"
        assert (await ask("3002", YLSH="WT0001")).code == "0001"
        assert (await ask("3002", SLBH=reply.body["SLBH"])).body["YWLX"] == "01"


async def test_3001_is_not_idempotent_by_serial_once_the_order_is_final():
    async with running() as water:
        ask = Foreigner(water)
        inspection = {**KINDS["12"], "YWLX": "12"}
        first = (await ask("3001", inspection, lsh="WT0001")).body["SLBH"]
        await water.advance(first, "60")
        second = (await ask("3001", inspection, lsh="WT0001")).body["SLBH"]
        assert second != first
        assert (await ask("3002", YLSH="WT0001")).body["SLBH"] == second
        assert water.ledger.count("order") == 2


async def test_two_connections_of_one_person_differ_by_address():
    async with running() as water:
        ask = Foreigner(water)
        assert (await ask("3001", CONNECTION)).code == "0000"
        assert (await ask("3001", CONNECTION)).code == "0005"
        assert (await ask("3001", {**CONNECTION, "YSDZ": "南湖区另一处"})).code == "0000"


@pytest.mark.parametrize(
    ("change", "code", "carried"),
    [
        ({"YHBH": "0199999999"}, "0001", {}),
        ({"YHBH": "0810012345"}, "0012", {}),
        ({"YYHM": "李建设"}, "0002", {}),
        ({"YHBH": "0100020002"}, "0004", {}),
        ({"YHBH": "0100020003"}, "0004", {}),
        ({"YHBH": "0100020001", "YYHM": None}, "0003", {"QFJE": "128.60"}),
        ({"YHBH": "0100020008", "YYHM": None}, "0003", {"QFJE": "56.30"}),
    ],
)
async def test_3001_refuses_an_unfit_account(change, code, carried):
    async with running() as water:
        if change.get("YYHM", "") is None:
            change = {**change, "YYHM": water.books.accounts[change["YHBH"]].name}
        reply = await Foreigner(water)("3001", {**TRANSFER, **change})
        assert (reply.code, reply.body) == (code, carried)
        assert water.ledger.count() == 0


async def test_3001_by_somebody_else_than_the_holder_is_refused():
    async with running() as water:
        reply = await Foreigner(water)("3001", {**KINDS["04"], **BUYER, "YWLX": "04"})
        assert reply.code == "0002"


BREACHES = {
    "a required field is missing": ({"CQZH": None}, "CQZH"),
    "a required field is empty": ({"YYHM": ""}, "YYHM"),
    "a field of another business": ({"SBKJ": "20"}, "SBKJ"),
    "an unknown field": ({"FOO": "1"}, "FOO"),
    "a code not in its list": ({"JSFS": "7"}, "JSFS"),
    "an unknown kind of business": ({"YWLX": "13"}, "YWLX"),
    "a name beyond sixty bytes": ({"YHMC": "长" * 31}, "YHMC"),
    "an ID number of seventeen": ({"ZJHM": "33040219520314002"}, "ZJHM"),
    "a designated holder without number": ({"ZDHZ": "某某"}, "ZDHZ"),
    "a mobile with letters": ({"LXDH": "138 0013"}, "LXDH"),
    "the same file twice": ({"FJLIST": [{"FJLX": "01", "WJM": "a", "DX": "1"}] * 2}, "FJLIST"),
    "a file without size": ({"FJLIST": [{"FJLX": "01", "WJM": "a"}]}, "DX"),
}


@pytest.mark.parametrize("what", BREACHES)
async def test_3001_outside_the_contract_is_0006_and_in_the_journal_without_values(what):
    change, place = BREACHES[what]
    body = {tag: value for tag, value in {**TRANSFER, **change}.items() if value is not None}
    async with running() as water:
        reply = await Foreigner(water)("3001", body)
        assert reply.code == "0006"
        assert place in reply.message
        (violation,) = water.journal.violations()
        assert place in violation
        assert not any(value and value in violation for value in (body["YHMC"], body["ZJHM"], body["LXDH"]))
        assert water.ledger.count() == 0


async def test_3001_wants_dates_that_exist_and_follow_each_other():
    async with running() as water:
        ask = Foreigner(water)
        site = {**KINDS["03"], "YWLX": "03"}
        assert "KSRQ" in (await ask("3001", {**site, "KSRQ": "20260230"})).message
        assert "JSRQ" in (await ask("3001", {**site, "JSRQ": "20260131"})).message


async def test_sixty_bytes_of_name_are_just_right():
    async with running() as water:
        assert (await Foreigner(water)("3001", {**TRANSFER, "YHMC": "长" * 30})).code == "0000"


async def test_3002_by_number_is_throttled_for_a_minute_but_not_by_serial():
    async with running() as water:
        ask = Foreigner(water)
        number = (await ask("3001", TRANSFER, lsh="L1")).body["SLBH"]
        codes = [(await ask("3002", SLBH=number)).code for _ in range(2)]
        water.clock.advance(59)
        codes.append((await ask("3002", SLBH=number)).code)
        codes += [(await ask("3002", YLSH="L1")).code for _ in range(2)]
        water.clock.advance(1)
        codes.append((await ask("3002", SLBH=number)).code)
        assert codes == ["0000", "0008", "0008", "0000", "0000", "0000"]


async def test_unknown_orders_and_orders_of_another_company_are_told_apart():
    async with running() as water:
        number = (await Foreigner(water)("3001", TRANSFER)).body["SLBH"]
        assert (await Foreigner(water)("3002", SLBH="W2026010599999")).code == "0001"
        assert (await Foreigner(water, company="0482")("3002", SLBH=number)).code == "0012"
        assert (await Foreigner(water)("3003", SLBH="W2026010599999")).code == "0001"
        assert (await Foreigner(water)("3005", SLBH="W2026010599999")).code == "0001"


async def test_3003_cancels_before_works_begin_and_frees_the_account():
    async with running() as water:
        ask = Foreigner(water)
        number = (await ask("3001", TRANSFER, lsh="L1")).body["SLBH"]
        assert [(await ask("3003", SLBH=number)).code for _ in range(2)] == ["0000", "0000"]
        shown = await state_of(ask, number)
        assert (shown["BLZT"], shown["BJSJ"][:10]) == ("70", "2026-01-05")
        water.clock.advance(timedelta(days=5))
        assert (await ask("1001", YHBH="0100012345")).body["YHLIST"][0]["YHMC"] == "李建国"
        assert (await ask("3001", TRANSFER)).code == "0000"
        assert [entry.effect for entry in water.ledger.effects("L1")] == ["order", "cancel"]


async def test_3003_is_too_late_once_works_began_or_all_is_done():
    async with running() as water:
        ask = Foreigner(water)
        for state in ("30", "40", "50"):
            number = (await ask("3001", {**CONNECTION, "YSDZ": f"南湖区{state}号"})).body["SLBH"]
            await water.advance(number, state)
            assert (await ask("3003", SLBH=number)).code == "0004"


async def test_a_rejected_order_says_so_and_changes_nothing():
    async with running() as water:
        ask = Foreigner(water)
        await ask("3001", TRANSFER, lsh="L1")
        await water.advance("L1", "60")
        shown = (await ask("3002", YLSH="L1")).body
        assert (shown["BLZT"], shown["BLYJ"]) == ("60", "资料不符, 退件")
        water.clock.advance(timedelta(days=5))
        assert (await ask("1001", YHBH="0100012345")).body["YHLIST"][0]["YHMC"] == "李建国"


@pytest.mark.parametrize(("order", "state"), [("L9", "50"), ("L1", "30"), ("L1", "99")])
async def test_advance_refuses_what_cannot_be(order, state):
    async with running() as water:
        await Foreigner(water)("3001", TRANSFER, lsh="L1")
        with pytest.raises((KeyError, ValueError)):
            await water.advance(order, state)


async def test_dialect_b_names_the_fields_by_its_own_tags():
    async with running() as water:
        ask = Foreigner(water, "B", "0481")
        assert "ownershipProofNo" in (await ask("3001", {**TRANSFER, "CQZH": ""})).message
        assert "settleMode" in (await ask("3001", {**TRANSFER, "JSFS": "7"})).message
        assert "accountNo | orderNo" in (await ask("2001", {"JE": "1.00", "ZFFS": "01", "ZFLSH": "Z"})).message
