"""The power adapter's webhook: what the simulator sends is believed, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.power.adapter import PowerAdapter
from hub.domain.states import TaskState
from hub.sdk import CallbackRefused, Env, heard
from hub.wire import crypto
from hub.wire.exchange import HttpRequest
from simulators.kit.faults import Faults
from simulators.kit.http import HttpReply, HttpServer
from tests.integration.power_hub import MAPPINGS, START, fake_config, fixed_draw, order_of, running

PRIVATE = bytes([3]) * 32
ADAPTER = PowerAdapter("power", fake_config())
NODES = MAPPINGS.codes.tables["node"].reading()
EVENT = {
    "code": "1",
    "eventId": "0123456789abcdef" * 2,
    "appNo": 3304261124000001,
    "outerNo": "26112433040200000101",
    "nodeCode": "02",
    "nodeTime": "20261124100000",
}


def signed(event):
    text = "&".join(f"{name}={event[name]}" for name in sorted(event))
    return {**event, "signSm2": crypto.sm2_sign(PRIVATE, text.encode(), fixed_draw())}


def received(event, now=START, adapter=ADAPTER):
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    return heard(adapter, MAPPINGS, HttpRequest("POST", "/callbacks/power", (), body), Env(now=now))


class Receiver:
    """Gives what arrives to the adapter, and answers as it says."""

    def __init__(self, hub):
        self.hub, self.taken, self.refused = hub, [], 0
        self._server = HttpServer(self._handle, Faults(), hub.clock)

    async def __aenter__(self):
        await self._server.start()
        return self

    async def __aexit__(self, *_):
        await self._server.stop()

    async def _handle(self, call):
        request = HttpRequest(call.method, call.path, tuple(call.headers.items()), call.body)
        try:
            self.taken.append(heard(self.hub.adapter, MAPPINGS, request, Env(now=self.hub.clock.now())))
        except CallbackRefused:
            self.refused += 1
            answer = self.hub.adapter.callback_answer(taken=False)
        else:
            answer = self.hub.adapter.callback_answer(taken=True)
        return HttpReply(answer.status, list(answer.headers.items()), answer.body)

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.port}/callbacks/power"


async def accepted(hub, receiver):
    hub.equipment = replace(hub.equipment, callback_url=receiver.url)
    order = order_of("JX6-ELE-01")
    return order, await hub.run("accept", order)


async def test_every_node_of_a_real_order_is_taken_and_never_sent_again():
    async with running() as hub, Receiver(hub) as receiver:
        order, outcome = await accepted(hub, receiver)
        await hub.clock.advance(hours=40)
        assert [event.outcome.kind for event in receiver.taken] == [
            "accepted",
            "progress",
            "progress",
            "progress",
            "completed",
        ]
        assert {event.serial for event in receiver.taken} == {order.serial}
        assert {event.provider_ref for event in receiver.taken} == {outcome.provider_ref}
        assert len({event.event_id for event in receiver.taken}) == 5
        assert receiver.refused == 0


async def test_wrong_signature_is_refused_and_the_repeat_is_taken():
    async with running() as hub, Receiver(hub) as receiver:
        hub.power.faults.arm("callback-badsign", operation="callback")
        await accepted(hub, receiver)
        await hub.clock.advance(minutes=2)
        assert (receiver.refused, len(receiver.taken)) == (1, 1)


async def test_duplicate_has_the_same_event_id():
    async with running() as hub, Receiver(hub) as receiver:
        hub.power.faults.arm("callback-duplicate", operation="callback")
        await accepted(hub, receiver)
        await hub.clock.advance(minutes=2)
        first, second = receiver.taken
        assert first.event_id == second.event_id


async def test_events_out_of_order_can_be_put_in_order():
    async with running() as hub, Receiver(hub) as receiver:
        hub.power.faults.arm("callback-reorder", operation="callback")
        order, _ = await accepted(hub, receiver)
        await hub.power.advance(order.serial, "02")  # within the hour for which the first event is held
        await hub.clock.advance(hours=40)
        ordered = sorted(receiver.taken, key=lambda event: (event.outcome.event_time, event.outcome.rank))
        assert [event.outcome.raw_code for event in ordered] == ["01", "02", "03", "05", "06"]
        assert [event.outcome.raw_code for event in receiver.taken] != ["01", "02", "03", "05", "06"]


def test_nodes_of_events_mean_what_the_query_says_but_for_the_end_that_only_the_query_explains():
    events = {node: received(signed({**EVENT, "nodeCode": node})).outcome for node in NODES}
    states = {node: getattr(outcome, "state", None) or outcome.kind.upper() for node, outcome in events.items()}
    assert states == {**{node: TaskState(state) for node, state in NODES.items()}, "07": TaskState.IN_PROGRESS}


@pytest.mark.parametrize("node", sorted(NODES))
def test_each_node_becomes_its_outcome_with_time_and_rank(node):
    callback = received(signed({**EVENT, "nodeCode": node}))
    assert (callback.outcome.raw_code, callback.outcome.event_time) == (node, START)
    assert callback.outcome.rank == list(NODES).index(node) + 1
    assert callback.outcome.kind == {"01": "accepted", "06": "completed"}.get(node, "progress")


@pytest.mark.parametrize(
    "change",
    [
        {"appNo": 3304261124000002},
        {"outerNo": "26112433040200000102"},
        {"nodeCode": "06"},
        {"nodeTime": "20261124100001"},
        {"eventId": "f" * 32},
        {"extra": "x"},
        {"signSm2": "0" * 128},
    ],
)
def test_event_changed_on_the_way_is_refused(change):
    with pytest.raises(CallbackRefused, match="signature"):
        received({**signed(EVENT), **change})


@pytest.mark.parametrize(
    "change",
    [{"code": 1}, {"code": "0"}, {"appNo": "3304261124000001"}, {"nodeTime": "20261332250000"}, {"eventId": "x"}],
)
def test_event_that_breaks_the_contract_is_refused_although_signed(change):
    with pytest.raises(CallbackRefused, match=f"contract at {next(iter(change))}"):
        received(signed({**EVENT, **change}))


@pytest.mark.parametrize("change", [{"extra": None}, {"extra": True}, {"extra": [1]}, {"extra": 1.5}])
def test_event_with_a_field_that_cannot_be_signed_is_refused(change):
    with pytest.raises(CallbackRefused, match="neither text"):
        received(signed({**EVENT, **change}))


def test_signed_field_that_nobody_knows_is_tolerated():
    assert received(signed({**EVENT, "extra": "x"})).serial == EVENT["outerNo"]


def test_unknown_node_is_refused():
    with pytest.raises(CallbackRefused, match="node"):
        received(signed({**EVENT, "nodeCode": "99"}))


@pytest.mark.parametrize("shift", [timedelta(minutes=-6), timedelta(days=1, minutes=1)])
def test_event_from_the_future_or_of_long_ago_is_refused(shift):
    with pytest.raises(CallbackRefused, match="future"):
        received(signed(EVENT), START + shift)


@pytest.mark.parametrize("shift", [timedelta(minutes=-4), timedelta(hours=23)])
def test_event_a_little_early_or_repeated_for_hours_is_taken(shift):
    assert received(signed(EVENT), START + shift).event_id == EVENT["eventId"]


@given(st.binary(max_size=80) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_anything_else_is_refused_and_never_repeated(body):
    with pytest.raises(CallbackRefused) as refused:
        received(body if isinstance(body, bytes) else body.encode())
    assert len(str(refused.value)) < 80


def test_answer_is_what_the_platform_wants():
    yes, no = ADAPTER.callback_answer(taken=True), ADAPTER.callback_answer(taken=False)
    assert (yes.status, json.loads(yes.body)) == (200, {"code": "1"})
    assert no.status != 200
