"""Calls under a shared token."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.domain.outcome import NotSent
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.errors import DecodeError
from hub.sdk import CallEnded, Refused, Reply, expect_ok, refreshing, refused_as, with_token
from hub.sdk.context import Sessions
from hub.sdk.wire import HttpResponse

NOW = datetime(2026, 11, 24, tzinfo=UTC)


class Ctx:
    """The two doors of a context that tokens go through."""

    def __init__(self) -> None:
        self.sessions = Sessions()

    async def session(self, name, make):
        return await self.sessions.get(name, NOW, make)

    def drop_session(self, name):
        self.sessions.drop(name)


class Utility:
    """Holds good only the last token that it gave, minus `spoilt` of them."""

    def __init__(self, spoilt: int = 0) -> None:
        self.given, self.spoilt, self.calls = 0, spoilt, []

    async def log_in(self):
        self.given += 1
        return f"token-{self.given}", timedelta(hours=1)

    async def call(self, token):
        self.calls.append(token)
        if self.spoilt >= int(token[6:]):
            raise CallEnded(
                NotSent(error=ServiceError(code=ErrorCode.UPS_AUTH, provider="x", provider_code_raw="over"))
            )
        return token


def over(error):
    return error.provider_code_raw == "over"


async def test_one_token_serves_all_calls():
    ctx, utility = Ctx(), Utility()
    for _ in range(3):
        assert await with_token(ctx, utility.log_in, utility.call, over) == "token-1"
    assert utility.given == 1


async def test_a_token_that_is_over_is_renewed_once():
    ctx, utility = Ctx(), Utility(spoilt=1)
    assert await with_token(ctx, utility.log_in, utility.call, over) == "token-2"
    assert utility.calls == ["token-1", "token-2"]


async def test_a_second_refusal_ends_the_call():
    utility = Utility(spoilt=5)
    with pytest.raises(CallEnded):
        await with_token(Ctx(), utility.log_in, utility.call, over)
    assert utility.given == 2


async def test_another_refusal_renews_nothing():
    utility = Utility(spoilt=1)
    with pytest.raises(CallEnded):
        await with_token(Ctx(), utility.log_in, utility.call, lambda _error: False)
    assert utility.given == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (429, "UPS_THROTTLED"),
        (503, "UPS_UNAVAILABLE"),
        (404, "UPS_PROTOCOL"),
        (405, "UPS_PROTOCOL"),
        (415, "UPS_PROTOCOL"),
    ],
)
def test_a_status_that_tells_that_nothing_was_done_is_a_refusal(status, code):
    with pytest.raises(Refused) as refused:
        expect_ok(HttpResponse(status, {"retry-after": "7"}, b""), NOW)
    assert refused.value.code == code
    assert refused.value.retry_after == (timedelta(seconds=7) if status in {429, 503} else None)


@pytest.mark.parametrize("status", [201, 302, 400, 500, 502, 504])
def test_any_other_status_leaves_open_what_was_done(status):
    with pytest.raises(DecodeError):
        expect_ok(HttpResponse(status, {}, b""), NOW)


def test_an_ok_passes():
    assert expect_ok(HttpResponse(200, {}, b""), NOW) is None


class Locked:
    """Refuses every login until it is told not to."""

    def __init__(self) -> None:
        self.tries, self.open = 0, False

    async def log_in(self):
        self.tries += 1
        if not self.open:
            raise CallEnded(NotSent(error=ServiceError(code=ErrorCode.UPS_AUTH, provider_code_raw="1002")))
        return "token", timedelta(hours=1)


async def test_refused_login_is_not_tried_again_before_its_rest_is_over():
    ctx, utility = Ctx(), Locked()

    async def call(token):
        return token

    for _ in range(3):
        with pytest.raises(CallEnded) as ended:
            await with_token(ctx, utility.log_in, call, lambda _: False, rest=timedelta(minutes=30))
        assert ended.value.outcome.retry_after == timedelta(minutes=30)
        assert ended.value.outcome.error.provider_code_raw == "1002"
    assert utility.tries == 1
    utility.open = True
    ctx.drop_session("access refused")
    assert await with_token(ctx, utility.log_in, call, lambda _: False, rest=timedelta(minutes=30)) == "token"


async def test_login_that_got_no_answer_may_be_tried_at_once():
    ctx, tries = Ctx(), []

    async def log_in():
        tries.append(1)
        raise CallEnded(NotSent(error=ServiceError(code=ErrorCode.UPS_UNAVAILABLE)))

    for _ in range(2):
        with pytest.raises(CallEnded) as ended:
            await with_token(ctx, log_in, log_in, lambda _: False, rest=timedelta(minutes=30))
        assert ended.value.outcome.retry_after is None
    assert len(tries) == 2


class Renewing:
    """Logs in with credentials, or with its last second token; refuses any other one."""

    def __init__(self):
        self.asked, self.current, self.spoilt = [], None, False

    async def ask(self, refresh):
        self.asked.append(refresh)
        if refresh is not None and (self.spoilt or refresh != self.current):
            raise CallEnded(NotSent(error=ServiceError(code=ErrorCode.UPS_AUTH, provider="x")))
        self.current = f"second-{len(self.asked)}"
        return Reply(token=f"token-{len(self.asked)}", refresh_token=self.current, lifetime_seconds=3600)


def renewing(ctx, utility):
    return refreshing(ctx, utility.ask, margin=timedelta(minutes=2), keep=timedelta(hours=23))


async def test_login_is_renewed_with_the_second_token_of_the_last_one():
    ctx, utility = Ctx(), Renewing()
    assert await renewing(ctx, utility)() == ("token-1", timedelta(minutes=58))
    assert (await renewing(ctx, utility)())[0] == "token-2"
    assert utility.asked == [None, "second-1"]


async def test_second_token_that_is_refused_is_done_without():
    ctx, utility = Ctx(), Renewing()
    await renewing(ctx, utility)()
    utility.spoilt = True
    assert (await renewing(ctx, utility)())[0] == "token-3"
    assert utility.asked == [None, "second-1", None]


async def test_login_that_is_refused_ends_the_call():
    async def ask(_refresh):
        return Reply(error=ErrorCode.UPS_AUTH, raw_code="10003")

    with pytest.raises(CallEnded) as ended:
        await refreshing(Ctx(), ask, margin=timedelta(0), keep=timedelta(0))()
    assert ended.value.outcome.error.provider_code_raw == "10003"


def test_token_is_over_only_by_the_code_that_says_so():
    is_over = refused_as(ErrorCode.UPS_AUTH, "10002")
    assert is_over(ServiceError(code=ErrorCode.UPS_AUTH, provider_code_raw="10002"))
    assert not is_over(ServiceError(code=ErrorCode.UPS_AUTH, provider_code_raw="10003"))
    assert not is_over(ServiceError(code=ErrorCode.UPS_BUSY, provider_code_raw="10002"))
