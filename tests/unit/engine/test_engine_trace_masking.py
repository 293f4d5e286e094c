"""What a masked trace shows of people who are no party to the case, and of answers that nobody read."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.config import load_configuration
from hub.domain.example import example_application
from hub.domain.party import DocumentType, IdentityDocument, Person
from hub.domain.reply import Reply, UtilityAccount
from hub.engine.evidence import record_of
from hub.engine.trace import masked_exchange
from hub.sdk.context import Call
from hub.wire.exchange import HttpRequest, HttpResponse, Phase

AT = datetime(2026, 11, 24, 2, tzinfo=UTC)
STRANGER = Person(
    name="欧阳文心",
    document=IdentityDocument(type=DocumentType.RIC, number="33040219700101001X"),
    mobile="13911112222",
)
MINE = (("name", "王秀兰"),)


def shown(**call):
    request = HttpRequest("POST", "http://gas.example", (), "王秀兰 欧阳文心 13911112222 1幢2单元301室".encode())
    return str(
        masked_exchange(record_of(Call("m", False, AT, Phase.RECEIVED, request=request, **call), secret=False), MINE)
    )


def test_owner_of_an_account_whom_only_the_utility_named_is_masked():
    account = UtilityAccount(account_no="10099999", holder_name="欧阳文心", address="嘉兴市中山东路9号3幢402室")
    body = "<c><n>欧阳文心</n><no>10099999</no><a>嘉兴市中山东路9号3幢402室</a></c>".encode()
    text = shown(
        response=HttpResponse(200, {}, body),
        response_tree={"n": "欧阳文心", "a": "嘉兴市中山东路9号3幢402室"},
        reply=Reply(accounts=(account,)),
    )
    assert not [value for value in ("欧阳文心", "10099999", "402室", "王秀兰") if value in text]


def test_persons_of_the_other_orders_in_one_file_are_masked():
    made = example_application("JX6-BUS-03", "individual", load_configuration().catalogue)
    text = shown(source=[made.with_(applicant=STRANGER)], request_tree={"D": [{"name": "欧阳文心"}]})
    assert not [value for value in ("欧阳文心", "13911112222") if value in text]


def test_flat_of_an_address_is_masked_in_its_parts():
    made = example_application("JX6-GAS-03", "individual", load_configuration().catalogue)
    home = made.address.with_(locator_designator="1幢2单元301室")
    text = shown(source=made.with_(address=home), request_tree={"building": "1幢", "room": "301室"})
    assert not [value for value in ("1幢", "301室") if value in text]


def test_body_of_an_answer_that_was_not_understood_is_not_shown_masked():
    text = shown(response=HttpResponse(500, {}, "System.Exception: 欧阳文心".encode()))
    assert "欧阳文心" not in text.partition("'response'")[2]
    assert "<masked>" in text
