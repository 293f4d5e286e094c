"""The gas companies' adapter: nothing there is idempotent, so a doubt is resolved by searching for the order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from adapters.gas import codec, precheck
from hub.sdk import (
    Absent,
    AccountQuery,
    Adapter,
    BusinessKey,
    CallEnded,
    Collect,
    Collected,
    Completed,
    Context,
    DayQuery,
    Draw,
    Env,
    ErrorCode,
    Evidence,
    EvidencePart,
    Faulty,
    FileRecord,
    NotSent,
    Outcome,
    Progress,
    Rejected,
    Reply,
    ServiceError,
    ServiceOrder,
    TaskState,
    Tree,
    Unknown,
    all_pages,
    as_http,
    collect,
    error_of,
    first_order,
    firsts,
    from_feed,
    lacking,
    not_decided,
    outcome_of,
    paid,
    read,
    refusal,
    too_large,
    with_cancelled,
    write,
)
from hub.sdk.wire import WireRequest, WireResponse

_CITY_TIME = ZoneInfo("Asia/Shanghai")
_LAG_SECONDS = 45  # searches are about half a minute behind
_MOST_BYTES = 2 * 1024 * 1024
_NOBODY = "00000000"
_FINAL = {TaskState.COMPLETED, TaskState.REJECTED, TaskState.CANCELLED}
_SLOT_TAKEN = "GAS-1008"
_NOTES = {
    "GAS-1007": "IC-card meter: the card is written at a terminal",
    _SLOT_TAKEN: "the visit is taken: another half day is to be chosen",
}


class GasAdapter(Adapter):
    """Speaks to one gas company's customer service."""

    def encode(self, message: str, tree: Tree, env: Env, draw: Draw) -> WireRequest:
        return codec.request(message, tree, env, draw)

    def decode(self, message: str, response: WireResponse, env: Env) -> Tree:
        return codec.reply(message, as_http(response), env, effect=self.spec.messages[message].effect)

    # orders

    @write(
        "accept",
        serves=("createServiceOrder:*",),
        message="createServiceOrder",
        inquiry="find",
        visibility_lag=_LAG_SECONDS,
        follow="progress",
    )
    async def accept(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """A visit is chosen first; then the order, which every call would make anew; then its files."""
        large = too_large(order, _MOST_BYTES, self.endpoint)
        if large is not None:
            return large
        reply = Reply(raw_code=_SLOT_TAKEN, error=ErrorCode.ELG_NOT_ELIGIBLE)
        for slot in await self._slots(order, ctx) if order.form.visit_slot else (None,):
            reply = await ctx.call("createServiceOrder", order, slot_id=slot)
            if reply.raw_code != _SLOT_TAKEN:
                break
        if reply.error is not None:
            return self._outcome(reply)
        ctx.known_as(reply.provider_ref)
        return await self._upload(order, reply, ctx) or self._outcome(reply)

    @read("find", message="findOrders")
    async def find(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """The order under our serial, completed by the files that it lacks. Of two the later one is cancelled."""
        number, spare = await self._found(order, ctx)
        if number is None:
            return Absent()
        reply = await ctx.call("getServiceOrder", None, order_no=number)
        if reply.error is not None:
            return Absent() if reply.error is ErrorCode.ELG_ACCOUNT_NOT_FOUND else not_decided(self._outcome(reply))
        failed = None if reply.state in _FINAL else await self._upload(order, reply, ctx)
        return failed or with_cancelled(self._outcome(reply), spare)

    @read("progress", message="getServiceOrder")
    async def progress(self, order: ServiceOrder, ctx: Context) -> Outcome:
        return await self.find(order, ctx)

    @write("cancel", message="cancelServiceOrder", idempotency=BusinessKey("provider_ref"), inquiry="progress")
    async def cancel(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Until somebody is on site; a cancelled one answers the same again. A second order of ours goes first."""
        number, _ = await self._found(order, ctx)
        ctx.known_as(None)
        return self._outcome(await ctx.call("cancelServiceOrder", None, order_no=number))

    @write("supplement", message="addAttachment", idempotency=BusinessKey("provider_ref"), inquiry="supplemented")
    async def supplement(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """What was asked for: the files that are not there yet, and a visit if there is none. A repeat adds nothing."""
        known = await ctx.call("getServiceOrder", None, order_no=order.provider_ref)
        if known.error is not None:
            return self._outcome(known)
        failed = await self._upload(order, known, ctx)
        if failed is not None:
            return failed
        if order.form.visit_slot and known.file_id is None:
            for slot in await self._slots(order, ctx):
                if (await ctx.call("bookVisit", order, slot_id=slot)).error is None:
                    break
        return self._outcome(await ctx.call("getServiceOrder", None, order_no=order.provider_ref))

    @read("supplemented", message="getServiceOrder")
    async def supplemented(self, order: ServiceOrder, ctx: Context) -> Outcome:
        known = await ctx.call("getServiceOrder", None, order_no=order.provider_ref)
        if known.error is not None:
            return not_decided(self._outcome(known))
        return Absent() if _lacking(order, known) else self._outcome(known)

    @collect("collect")
    async def collect(self, task: Collect, ctx: Context) -> Collected:
        """The orders that changed, by the company's feed; each page's cursor says where the next one begins."""

        async def page(since: datetime, cursor: str | None) -> Reply:
            return await ctx.call("getChangedOrders", None, since=f"{since:%Y-%m-%dT%H:%M:%SZ}", cursor=cursor)

        async def outcomes(records: Iterable[FileRecord]) -> dict[str, Outcome]:
            """How each changed order stands now; of two under one serial, the one that was there first."""
            asked = firsts(records).items()
            replies = {serial: await ctx.call("getServiceOrder", None, order_no=o.provider_ref) for serial, o in asked}
            return {serial: self._outcome(reply) for serial, reply in replies.items() if reply.error is None}

        return await from_feed(task, page, outcomes)

    # customers and money

    @read("accounts", message="getCustomer")
    async def accounts(self, query: AccountQuery, ctx: Context) -> Reply:
        return await ctx.call("findCustomers" if query.account_no is None else "getCustomer", query)

    @read("arrears", serves=("getBalance",), message="getBalance")
    async def arrears(self, asked: AccountQuery | ServiceOrder, ctx: Context) -> Outcome | Reply:
        """What a customer owes: as a reply to a query, as an outcome to an order of the item."""
        if isinstance(asked, AccountQuery):
            return await ctx.call("getBalance", asked)
        # Bills that are paid are for the inquiry after a payment, and no answer to this question.
        return self._outcome((await ctx.call("getBalance", AccountQuery.of(asked))).with_(records=()), done=True)

    @read("precheck", message="getCustomer")
    async def precheck(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """What the company would refuse the order for, as far as it can be asked beforehand."""
        if order.form.account_no is None:
            return Completed(opinion="新装用气, 无须核验户号")
        asked = AccountQuery.of(order).with_(period=None)
        replies = [await ctx.call(message, asked) for message in ("getCustomer", "getBalance")]
        refused = next((reply for reply in replies if reply.error is not None), None)
        if refused is not None:
            return self._outcome(refused)
        (account,), today = replies[0].accounts, ctx.now().astimezone(_CITY_TIME).date()
        error = precheck.objection(order, account, replies[1], today)
        if error is not None:
            return Rejected(error=error.with_(provider=self.endpoint), raw_code=error.provider_code_raw)
        return Completed(opinion="户号、安检与欠费核验通过")

    @write(
        "pay", serves=("payBill",), message="payBill", idempotency=BusinessKey("form.bill_ids"), inquiry="find_payment"
    )
    async def pay(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Bills, or the fee of the order `provider_ref`: each can be paid once, so "already paid" asks by whom."""
        reply = await ctx.call("payFee" if order.provider_ref else "payBill", order)
        if reply.error is not ErrorCode.DUP_SAME:
            return paid(order, reply) if reply.error is None else self._outcome(reply)
        found = await self.find_payment(order, ctx)
        return Unknown(phase="RECEIVED", error=error_of(reply)) if isinstance(found, Absent | NotSent) else found

    @read("find_payment", message="getBalance")
    async def find_payment(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """Whether the bills, or the fee, are paid under our serial: the company shows it at once."""
        if order.provider_ref:
            asked = await ctx.call("getServiceOrder", None, order_no=order.provider_ref)
            posted: Iterable[FileRecord] = [FileRecord(serial=asked.serial, provider_ref=asked.receipt_no)]
        else:
            asked = await ctx.call("getBalance", AccountQuery.of(order).with_(period=None))
            posted = [each for each in asked.records if each.note in (order.form.bill_ids or ())]
        if asked.error is not None:
            return not_decided(self._outcome(asked))
        mine = next((each for each in posted if each.serial == order.serial), None)
        if mine is not None:
            return paid(order, Reply(receipt_no=mine.provider_ref))
        if any(each.provider_ref for each in posted):
            error = ServiceError(code=ErrorCode.PAY_AMOUNT, provider=self.endpoint, provider_code_raw="GAS-2002")
            return Rejected(error=error.with_(note="paid through another channel"), raw_code="GAS-2002")
        return Absent()

    @write("reverse", message="reversePayment", idempotency=BusinessKey("provider_ref"), inquiry="reverse")
    async def reverse(self, order: ServiceOrder, ctx: Context) -> Outcome:
        """By the receipt, on the same day only. Once only at the company, so that a repeat is its own inquiry."""
        reply = await ctx.call("reversePayment", order)
        if reply.error not in {None, ErrorCode.DUP_SAME}:
            return self._outcome(reply)
        return Completed(provider_ref=order.provider_ref, raw_code=reply.raw_code, event_time=reply.event_time)

    @read("reconcile", message="getReconciliation")
    async def reconcile(self, query: DayQuery, ctx: Context) -> Reply:
        """All pages of a day, held to the count and the sum that each of them states."""

        async def page(number: int) -> Reply:
            return await ctx.call("getReconciliation", query, page=str(number))

        return await all_pages(page, self.endpoint)

    @read("check", message="getCustomer")
    async def check(self, asked: AccountQuery, ctx: Context) -> Reply:
        """Whether address, user and password are right, by asking for a customer that nobody is."""
        reply = await ctx.call("getCustomer", asked.with_(account_no=_NOBODY))
        return reply.with_(error=None) if reply.error is ErrorCode.ELG_ACCOUNT_NOT_FOUND else reply

    # shared

    async def _slots(self, order: ServiceOrder, ctx: Context) -> list[str]:
        """The free visits in the wished half of the day, the earliest first."""
        reply = await ctx.call("listSlots", order)
        if reply.error is not None:
            raise CallEnded(self._outcome(reply))
        am = (order.form.visit_slot or "").endswith("AM")
        return [r.provider_ref or "" for r in reply.records if r.at and (r.at.astimezone(_CITY_TIME).hour < 12) == am]

    async def _upload(self, order: ServiceOrder, known: Reply, ctx: Context) -> Outcome | None:
        """Send the files that the order lacks; the outcome if one is not taken."""
        for name, evidence in _lacking(order, known):
            content = await ctx.evidence(evidence)
            part = EvidencePart(order=order, evidence=evidence, index=1, count=1, content=content)
            reply = await ctx.call("addAttachment", part.with_(provider_ref=known.provider_ref), file_name=name)
            if reply.error is not None:
                return Faulty(error=self._error(reply).with_(ref=known.provider_ref, field=evidence.material))
        return None

    async def _found(self, order: ServiceOrder, ctx: Context) -> tuple[str | None, list[FileRecord]]:
        """Our order's number, and others under our serial, which are cancelled. Raises CallEnded if one cannot be."""
        listed = await ctx.call("findOrders", None, serial=order.serial)
        if listed.error is not None:
            raise CallEnded(not_decided(self._outcome(listed)))
        number = order.provider_ref or first_order(listed.records)
        ctx.known_as(number)
        spare = [each for each in listed.records if each.provider_ref != number]
        for each in (each for each in spare if each.state not in _FINAL):
            reply = await ctx.call("cancelServiceOrder", None, order_no=each.provider_ref, reason="重复受理")
            if reply.error is not None:
                error = self._error(reply).with_(ref=number, note=f"{each.provider_ref} is a second order")
                raise CallEnded(Faulty(error=error))
        return number, spare

    def _error(self, reply: Reply) -> ServiceError:
        error: ServiceError = error_of(reply).with_(provider=self.endpoint, note=_NOTES.get(reply.raw_code or ""))
        return error

    def _outcome(self, reply: Reply, *, done: bool = False) -> Outcome:
        if reply.error is not None:
            return refusal(self._error(reply))
        outcome = outcome_of(reply.with_(records=()), done=done)
        reasons = {TaskState.AWAITING_APPLICANT: ErrorCode.MAT_MISSING, TaskState.SUSPENDED: ErrorCode.ELG_HAZARD}
        if isinstance(outcome, Progress) and outcome.state in reasons:
            error = ServiceError(code=reasons[outcome.state], provider=self.endpoint, provider_code_raw=reply.state_raw)
            unsigned = outcome.state is TaskState.AWAITING_APPLICANT
            outcome = outcome.with_(error=error.with_(field="SUPPLY_CONTRACT" if unsigned else None))
        return outcome


def _lacking(order: ServiceOrder, known: Reply) -> list[tuple[str, Evidence]]:
    """The files that the company does not list."""
    return lacking(order, {record.note for record in known.records})
