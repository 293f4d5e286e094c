"""Records of exchanges: forms as people read them, and no token that a call was made under."""

from datetime import UTC, datetime

from hub.engine.evidence import record_of
from hub.sdk.context import Call
from hub.wire.exchange import HttpRequest, Phase

AT = datetime(2026, 11, 24, 1, tzinfo=UTC)
FORM = (("Content-Type", "application/x-www-form-urlencoded; charset=GB18030"),)


def recorded(headers, body, **changes):
    request = HttpRequest("POST", "http://boss.example/", headers, body)
    return record_of(Call("BS3004", True, AT, Phase.SENT, request=request, **changes), secret=False).request


def test_form_is_recorded_unescaped_so_that_what_is_personal_can_be_found_in_it():
    shown = recorded(FORM, b"xml=%3CN%3E%CD%F5%993%A92%3C%2FN%3E&a=1+2")
    assert (shown["body"], shown["charset"]) == ("xml=<N>王𬭎</N>&a=1 2", "gb18030")


def test_what_is_no_form_is_recorded_as_it_is():
    assert recorded((("Content-Type", "text/xml"),), b"<a>%41+</a>")["body"] == "<a>%41+</a>"


def test_token_of_the_call_is_left_out_of_body_and_tree():
    call = Call(
        "BS3004",
        True,
        AT,
        Phase.SENT,
        request_tree={"HEAD": {"SESSIONID": "S3CRET"}, "LIST": [{"A": "xS3CRETx"}], "N": 1},
        request=HttpRequest("POST", "http://boss.example/", FORM, b"xml=%3CS%3ES3CRET%3C%2FS%3E"),
        tokens=("S3CRET",),
    )
    record = record_of(call, secret=False)
    assert record.request["body"] == "xml=<S>***</S>"
    assert record.request_tree == {"HEAD": {"SESSIONID": "***"}, "LIST": [{"A": "x***x"}], "N": 1}
    assert "S3CRET" not in record.model_dump_json()
