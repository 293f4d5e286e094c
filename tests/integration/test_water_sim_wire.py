"""The water simulator on the wire: envelope, signs, charset, crashes, and each fault as bytes."""

import asyncio
import hashlib
import html

import httpx
import pytest
import zeep.exceptions

from tests.integration.water_foreign_client import PATHS, TRANSFER, Foreigner, envelope, running

FAULTY = ["after-commit", "half-status", "half-body", "garbage", "html", "wrong-charset", "crash-after-commit"]


async def post(client, trade, body, **change):
    content, headers = envelope(client, trade, client.xml(body, "RAW1"))
    headers |= change.pop("headers", {})
    async with httpx.AsyncClient() as http:
        return await http.post(client.address, content=change.get("content", content), headers=headers)


async def test_the_wsdl_gives_the_address_it_was_asked_at():
    async with running() as water, httpx.AsyncClient() as http:
        for path in PATHS.values():
            address = f"http://localhost:{water.port}{path}"
            assert f'location="{address}"' in (await http.get(f"{address}?wsdl")).text


async def test_replies_say_gb2312_and_are_gbk():
    async with running() as water:
        water.add_account(YHBH="0100030001", YHMC="张喆垚")
        reply = await post(Foreigner(water), "1001", {"YHBH": "0100030001"})
        assert reply.headers["content-type"] == "text/xml; charset=gb2312"
        assert reply.content.startswith(b'<?xml version="1.0" encoding="gb2312"?>')
        assert "张喆垚" in reply.content.decode("gbk")
        with pytest.raises(UnicodeDecodeError):
            reply.content.decode("gb2312")


async def test_a_request_in_utf8_is_understood_as_well():
    async with running() as water:
        ask = Foreigner(water)
        content, _ = envelope(ask, "3001", ask.xml(TRANSFER))
        text = content.decode("gbk").replace('encoding="gb2312"?><soap', 'encoding="utf-8"?><soap')
        reply = await post(ask, "", {}, content=text.encode(), headers={"Content-Type": "text/xml; charset=utf-8"})
        assert b"RetCode&gt;0000" in reply.content


async def test_characters_outside_gbk_arrive_as_question_marks_and_the_sign_agrees():
    async with running() as water:
        ask = Foreigner(water)
        assert (await ask("3001", {**TRANSFER, "YHMC": "王䶮兰"}, lsh="L1")).code == "0000"
        await water.advance("L1", "50")
        assert (await ask("1001", YHBH="0100012345")).body["YHLIST"][0]["YHMC"] == "王?兰"


@pytest.mark.parametrize("dialect", ["A", "B"])
async def test_a_wrong_sign_is_0007_for_whatever_was_changed(dialect):
    async with running() as water:
        ask = Foreigner(water, dialect)
        xml = ask.xml({"YHBH": "0100012345"})
        other_case = ask.sign("1001", xml).swapcase()
        other_key = Foreigner(water, dialect, "0482").sign("1001", xml)
        for sign in ("0" * 32, other_case, other_key, ask.sign("1002", xml)):
            assert ask.read(await ask.invoke("1001", xml, sign)).code == "0007"
        assert ask.read(await ask.invoke("1001", xml)).code == "0000"


async def test_an_unknown_company_and_an_unlisted_address_are_0007():
    async with running(extra={"allowed_addresses": ["10.0.0.1"]}) as water:
        assert (await Foreigner(water)("1001", YHBH="0100012345")).code == "0007"
    async with running() as water:
        ask = Foreigner(water)
        ask.company = "0499"
        assert (await ask("1001", YHBH="0100012345")).code == "0007"


async def test_an_unknown_trade_and_unreadable_data_are_0006():
    async with running() as water:
        ask = Foreigner(water)
        assert (await ask("7777", YHBH="0100012345")).code == "0006"
        bomb = '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><ROOT><HEAD/><BODY>&e;</BODY></ROOT>'
        for xml in ("<ROOT>", "", bomb):
            reply = ask.read(await ask.invoke("1001", xml))
            assert reply.code == "0006"
            assert "root:" not in reply.message


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"headers": {"SOAPAction": '"http://tempuri.org/Other"'}}, "SOAPAction"),
        ({"content": b"<a"}, "XML"),
        ({"content": b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'}, "DTD"),
        ({"content": b"<a/>"}, "SOAP 1.1"),
        ({"content": "<a>户</a>".encode(), "headers": {"Content-Type": "text/xml; charset=ascii"}}, "ascii"),
    ],
)
async def test_what_is_no_call_is_a_fault_with_status_200(change, said):
    async with running() as water:
        reply = await post(Foreigner(water), "1001", {}, **change)
        assert reply.status_code == 200
        assert b"Fault>" in reply.content
        assert said in reply.content.decode("gbk")
        assert len(water.journal.violations()) == 1


async def test_pages_other_than_the_wsdl_are_200_html_and_other_paths_404():
    async with running() as water, httpx.AsyncClient() as http:
        base = water.connection()["base_url"]
        page = await http.get(base + PATHS["A"])
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert (await http.post(f"{base}/nowhere")).status_code == 404


async def test_a_crash_is_a_fault_with_a_stack_trace_and_the_customers_name():
    async with running() as water:
        name = water.books.accounts["0100099999"].name
        with pytest.raises(zeep.exceptions.Fault) as caught:
            await Foreigner(water)("1001", YHBH="0100099999")
        assert "System.NullReferenceException" in caught.value.message
        assert name in caught.value.message
        reply = await post(Foreigner(water), "1002", {"YHBH": "0100099999"})
        assert reply.status_code == 200


async def test_an_ordered_crash_has_no_effect_and_a_late_one_has():
    async with running() as water:
        ask = Foreigner(water)
        water.faults.arm("crash")
        water.faults.arm("crash-after-commit")
        for expected in (0, 1):
            with pytest.raises(zeep.exceptions.Fault, match="王秀兰"):
                await ask("3001", TRANSFER, lsh="L1")
            assert len(water.ledger.effects("L1")) == expected
        assert (await ask("3001", TRANSFER, lsh="L1")).code == "0005"


async def test_an_unknown_code_may_appear():
    async with running() as water:
        water.faults.arm("unknown-code")
        water.faults.arm("unknown-code", operation="1001", code="9999")
        assert (await Foreigner(water)("3001", TRANSFER)).code == "0047"
        reply = await Foreigner(water)("1001", YHBH="0100012345")
        assert (reply.code, reply.message) == ("9999", "系统错误")
        assert water.ledger.count() == 0


@pytest.mark.parametrize("dialect", ["A", "B"])
async def test_busy_is_0008_without_effect(dialect):
    async with running() as water:
        ask = Foreigner(water, dialect)
        water.faults.arm("busy")
        assert (await ask("3001", TRANSFER, lsh="L1")).code == "0008"
        assert water.ledger.count() == 0
        assert (await ask("3001", TRANSFER, lsh="L1")).code == "0000"


async def raw(water, body, deadline=1.0):
    """What the wire gives for a transfer: all bytes until the end, or None for a reset."""
    ask = Foreigner(water)
    content, headers = envelope(ask, "3001", ask.xml(body, "L1"))
    lines = [f"POST {PATHS['A']} HTTP/1.1", "Host: x", "Connection: close", f"Content-Length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    reader, writer = await asyncio.open_connection("127.0.0.1", water.port)
    try:
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        return await asyncio.wait_for(reader.read(), deadline)
    except ConnectionResetError:
        return None
    finally:
        writer.close()


async def test_before_commit_leaves_no_trace_but_in_the_journal():
    async with running() as water:
        water.faults.arm("before-commit")
        assert await raw(water, TRANSFER) is None
        assert water.ledger.count() == 0
        assert [(entry.operation, entry.fault) for entry in water.journal.entries] == [("3001", "before-commit")]


@pytest.mark.parametrize("kind", FAULTY)
async def test_faults_after_the_commit_keep_one_effect_which_an_inquiry_finds(kind):
    async with running() as water:
        whole = html.unescape((await raw(water, TRANSFER)).decode("gbk"))
        assert "<RetCode>0000</RetCode>" in whole
        await water.reset()
        water.faults.arm(kind)
        answer = await raw(water, TRANSFER)
        if kind == "after-commit":
            assert answer is None
        elif kind == "half-status":
            assert answer == b"HTTP/1.1 2"
        elif kind == "wrong-charset":
            assert "成功".encode() in answer
        else:
            assert b"</soap:Envelope>" not in answer or b"Fault" in answer
        assert [(entry.code, entry.fault) for entry in water.journal.entries] == [("0000", kind)]
        found = await Foreigner(water)("3002", YLSH="L1")
        assert found.body["SLBH"] == water.ledger.effects("L1")[0].facts["slbh"]
        assert [entry.effect for entry in water.ledger.effects("L1")] == ["order"]


async def test_dribble_outlasts_the_deadline_with_the_effect_done():
    async with running() as water:
        water.faults.arm("dribble")
        with pytest.raises(TimeoutError):
            await raw(water, TRANSFER, deadline=0.3)
        assert len(water.ledger.effects("L1")) == 1


async def test_a_lost_payment_reply_is_found_by_repeating_the_serial():
    async with running() as water:
        ask = Foreigner(water)
        payment = {"YHBH": "0100020001", "JE": "128.60", "ZFFS": "04", "ZFLSH": "Z1"}
        water.faults.arm("after-commit")
        with pytest.raises(httpx.ReadError):
            await ask("2001", payment, lsh="P1")
        assert (await ask("2001", payment, lsh="P1")).code == "0011"
        assert water.ledger.count("payment") == 1


async def test_hang_refusal_and_outage_serve_nobody():
    async with running() as water:
        water.faults.arm("connect-hang")
        with pytest.raises(TimeoutError):
            await raw(water, TRANSFER, deadline=0.1)
        for kind in ("refused", "down"):
            water.faults.arm(kind)
            with pytest.raises(ConnectionRefusedError):
                await raw(water, TRANSFER)
            water.faults.clear()
        assert water.ledger.count() == 0
        assert (await raw(water, TRANSFER)).startswith(b"HTTP/1.1 200")


async def test_fifty_callers_at_once_make_one_order():
    async with running() as water:
        replies = await asyncio.gather(*(raw(water, TRANSFER, 5) for _ in range(50)))
        texts = [html.unescape(reply.decode("gbk")) for reply in replies]
        assert sum("<RetCode>0000<" in text for text in texts) == 1
        assert sum("<RetCode>0005<" in text for text in texts) == 49
        assert water.ledger.summary() == {"order": 1}


async def test_the_same_seed_and_calls_give_the_same_journal_and_books():
    digests = set()
    for _ in range(2):
        async with running() as water:
            ask = Foreigner(water)
            for body in ({"YHBH": "0100020001"}, {"YHBH": "0199999999"}):
                await ask("1001", body)
            await ask("3001", TRANSFER)
            entries = [{**entry.as_dict(), "peer": ""} for entry in water.journal.entries]
            digests.add(hashlib.sha256(repr((entries, water.state())).encode()).hexdigest())
    assert len(digests) == 1
