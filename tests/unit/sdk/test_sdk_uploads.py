"""Materials put to signed addresses."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.sdk import CallEnded, ErrorCode, Evidence, Reply, ServiceOrder, upload_signed
from hub.sdk.wire import HttpResponse, crypto

NOW = datetime(2026, 11, 24, tzinfo=UTC)
CONTENTS = {"r1": b"one", "r2": b"two", "r3": b"one"}
FILES = [Evidence(material="PROPERTY", ref=ref, media_type="application/pdf") for ref in CONTENTS]


class Ctx:
    """The doors of a context that an upload goes through; addresses of `stale` take nothing."""

    endpoint = "power"

    def __init__(self, stale=()):
        self.puts, self.stale = [], stale

    def now(self):
        return NOW

    async def evidence(self, evidence):
        return CONTENTS[evidence.ref]

    async def fetch(self, message, request):
        self.puts.append((message, request.url, request.body))
        return HttpResponse(403 if request.url in self.stale else 200, {}, b"")


async def put(ctx, *evidence):
    asked = []

    async def place(part, again):
        asked.append((part.evidence.file_name, part.evidence.size, part.evidence.sm3, again))
        number = f"{part.evidence.sm3[:4]}{again}"
        return Reply(file_id=number, upload_url=f"https://files/{number}")

    order = ServiceOrder.model_construct(evidence=evidence)
    return await upload_signed(ctx, "put", order, place, lambda answer: answer.status == 200), asked


async def test_file_goes_to_its_address_and_a_physical_one_nowhere():
    ctx, digest = Ctx(), crypto.sm3(b"one").hex()
    numbers, asked = await put(ctx, FILES[0], Evidence(material="LICENCE"))
    assert numbers == (digest[:4],)
    assert asked == [("property.pdf", 3, digest, "")]
    assert ctx.puts == [("put", f"https://files/{digest[:4]}", b"one")]


async def test_two_materials_of_the_same_content_have_one_number():
    numbers, _ = await put(Ctx(), *FILES)
    assert len(numbers) == 2


async def test_address_that_has_lapsed_is_asked_for_anew():
    first = crypto.sm3(b"one").hex()[:4]
    numbers, asked = await put(Ctx({f"https://files/{first}"}), FILES[0])
    assert [again for *_, again in asked] == ["", NOW.isoformat()]
    assert numbers == (f"{first}{NOW.isoformat()}",)


async def test_file_that_no_address_takes_ends_the_call_with_nothing_done():
    first = crypto.sm3(b"one").hex()[:4]
    with pytest.raises(CallEnded) as ended:
        await put(Ctx({f"https://files/{first}", f"https://files/{first}{NOW.isoformat()}"}), FILES[0])
    outcome = ended.value.outcome
    assert (outcome.kind, outcome.error.code, outcome.error.provider) == (
        "not_sent",
        ErrorCode.UPS_UNAVAILABLE,
        "power",
    )
