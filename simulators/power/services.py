"""The services of the platform: decrypted data in, reply data out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulators.power import submit
from simulators.power.accounts import CITY, Account, Accounts, Bill, has_authority
from simulators.power.cashier import Cashier
from simulators.power.crypto import sm3_hex
from simulators.power.orders import RETURNED, WAITING, Order, Orders, Step
from simulators.power.refusals import Refusal, parameter
from simulators.power.times import day, month, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simulators.kit.clock import SimClock
    from simulators.kit.ledger import Ledger
    from simulators.kit.simulator import Profile
    from simulators.power.files import Files

    Data = Mapping[str, Any]
    Answer = dict[str, Any]

_CANCELLABLE = frozenset({"01", "02", "03", WAITING, RETURNED})
_FINAL_BILL = "20003"


class Services:
    """The state of the power company, and every act upon it."""

    def __init__(
        self,
        clock: SimClock,
        profile: Profile,
        ledger: Ledger,
        files: Files,
        announce: Callable[[Order, Step], None],
    ) -> None:
        self._clock, self._profile, self._ledger, self._files = clock, profile, ledger, files
        self._announce = announce
        self.accounts = Accounts()
        self.orders = Orders(clock, profile, self._entered)
        self._cashier = Cashier()
        self.base_url = ""
        self._acts: dict[str, Callable[[Data], Answer]] = {
            "consumer/query": self._consumers,
            "bill/arrears": self._bills,
            "pay/writeoff": self._pay,
            "pay/reverse": self._reverse,
            "attach/presign": self._presign,
            "app/submit": self._submit,
            "app/query": self._query,
            "app/cancel": self._cancel,
            "app/supplement": self._supplement,
            "recon/file": self._reconcile,
        }

    def act(self, service: str, data: Data) -> Answer:
        self.orders.catch_up()
        return self._acts[service](data)

    def _entered(self, order: Order, step: Step) -> None:
        if step.node == RETURNED and step.cause == _FINAL_BILL:
            account = self.accounts.find(order.cons_no)
            if account is not None:
                account.charge(Bill(month(step.at), account.final_bill))
                account.final_bill, order.final_arrears = 0, account.arrears
        if step.node == "06":
            submit.finish(order, self.accounts, step.at)
        self._announce(order, step)

    # -- consumers and money -------------------------------------------------------------------

    def _account(self, data: Data) -> Account:
        account = self.accounts.find(data["consNo"])
        if account is None:
            raise Refusal(20001)
        if not has_authority(data.get("orgNo", CITY), account.org_no):
            raise Refusal(20006, {"orgNo": account.org_no})
        return account

    def _consumers(self, data: Data) -> Answer:
        if "consNo" in data:
            found = [self._account(data)]
        else:
            org = data.get("orgNo", CITY)
            held = self.accounts.of_holder(data["certTypeCode"], data["certNo"])
            found = [account for account in held if has_authority(org, account.org_no)]
        return {"total": len(found), "consumers": [self._consumer(account) for account in found]}

    def _consumer(self, account: Account) -> Answer:
        order = self.orders.open_on(account.cons_no)
        return {
            "consNo": account.cons_no,
            "consNoOld": account.old_no,
            "consName": account.name,
            "elecAddr": account.address,
            "orgNo": account.org_no,
            "elecTypeCode": account.elec_type,
            "contractCap": account.capacity,
            "voltCode": account.volt,
            "statusCode": account.status,
            "arrears": account.arrears,
            "prepayBal": account.prepaid,
            "touPlan": account.tou,
            "memberCount": account.members,
            "openAppNo": order.app_no if order else None,
        }

    def _bills(self, data: Data) -> Answer:
        account = self._account(data)
        begin, end = data.get("beginYm"), data.get("endYm")
        shown = [
            bill
            for bill in sorted(account.bills, key=lambda bill: bill.month)
            if (begin <= bill.month <= end if begin and end else bill.open)
        ]
        return {
            "consNo": account.cons_no,
            "totalAmt": account.balance,
            "prepayBal": account.prepaid,
            "bills": [bill.as_wire() for bill in shown],
        }

    def _pay(self, data: Data) -> Answer:
        serial, amount, now = data["channelSerial"], data["payAmt"], self._clock.now()
        if "appNo" in data:
            order = self._order(data)
            if not (order.waiting and order.now_at.node == WAITING and order.wants == "fee"):
                raise parameter("appNo", "noFeeDue")
            charge = self._cashier.pay_fee(order, serial, amount, now)
            if order.fee_paid >= order.fee:
                self.orders.resume(order)
        else:
            account = self._account(data)
            charge = self._cashier.pay(account, serial, amount, now)
            self._released(account)
        self._ledger.record("payment", serial, chargeId=charge.number, payAmt=amount)
        return {
            "chargeId": charge.number,
            "paidAmt": amount,
            "prepayBal": charge.prepaid,
            "settled": charge.settled(),
        }

    def _released(self, account: Account) -> None:
        """A final bill paid in full lets its order go on."""
        order = self.orders.open_on(account.cons_no)
        if order is not None and order.now_at.cause == _FINAL_BILL and not account.arrears:
            self.orders.resume(order)

    def _reverse(self, data: Data) -> Answer:
        now = self._clock.now()
        charge = self._cashier.reverse(data["chargeId"], now)
        self._ledger.record("reversal", charge.serial, chargeId=charge.number, payAmt=-charge.amount)
        return {"chargeId": charge.number, "reversedAmt": charge.amount, "reverseTime": stamp(now)}

    def _reconcile(self, data: Data) -> Answer:
        date = data["bizDate"]
        if date >= day(self._clock.now()):
            raise parameter("bizDate", "closed")
        content = self._cashier.file(date)
        return {
            "url": f"{self.base_url}/gateway/download/{self._files.offer(content)}",
            "fileName": f"recon_{date}.tsv.gz",
            "sm3": sm3_hex(content),
            "count": self._cashier.count(date),
        }

    # -- orders ----------------------------------------------------------------------------------

    def _presign(self, data: Data) -> Answer:
        file_id, ticket, expires = self._files.presign(data["size"], data["sm3"])
        url = f"{self.base_url}/gateway/upload/{file_id}?ticket={ticket}"
        return {"uploadUrl": url, "fileId": file_id, "expireTime": stamp(expires)}

    def _submit(self, data: Data) -> Answer:
        account = submit.admit(
            data, self.accounts, self.orders, self._clock.now(), always_open=self._profile.always_open
        )
        self._uploaded(data)
        fates = self._profile.extra.get("fates", {})
        fate = (account.fate if account else "") or fates.get(data["appTypeCode"], "")
        final_bill = bool(account and account.final_bill and data["appTypeCode"] in submit.SETTLED_FIRST)
        cons_no = account.cons_no if account else ""
        order = self.orders.create(data, cons_no, fate=fate, final_bill=final_bill)
        self._ledger.record("order", order.outer_no, appNo=order.app_no, appTypeCode=order.app_type)
        return {
            "appNo": order.app_no,
            "consNo": cons_no,
            "nodeCode": order.now_at.node,
            "nodeTime": stamp(order.now_at.at),
            "planDate": order.plan_date,
        }

    def _uploaded(self, data: Data) -> None:
        for index, file_id in enumerate(data.get("fileIds", ())):
            if not self._files.has(file_id):
                raise parameter(f"fileIds[{index}]", "uploaded")

    def _order(self, data: Data) -> Order:
        order = self.orders.find(app_no=data.get("appNo"), outer_no=data.get("outerNo"))
        if order is None:
            raise Refusal(20001)
        return order

    def _query(self, data: Data) -> Answer:
        order = self.orders.find(app_no=data.get("appNo"), outer_no=data.get("outerNo"))
        return {"found": False} if order is None else {"found": True, **order.as_wire()}

    def _cancel(self, data: Data) -> Answer:
        order = self._order(data)
        if order.now_at.node in _CANCELLABLE:
            self.orders.cancel(order)
            self._ledger.record("cancel", order.outer_no, appNo=order.app_no)
        return {"cancelled": order.cancelled, **_place(order)}

    def _supplement(self, data: Data) -> Answer:
        order = self._order(data)
        self._uploaded(data)
        account = self.accounts.find(order.cons_no)
        if order.now_at.cause == _FINAL_BILL and account is not None and account.arrears:
            raise Refusal(20003, {"arrearsAmt": account.arrears})
        accepted = order.waiting and (order.now_at.node == RETURNED or order.wants == "contract")
        if accepted:
            self.orders.resume(order)
        return {"accepted": accepted, **_place(order)}


def _place(order: Order) -> Answer:
    here = order.now_at
    return {"appNo": order.app_no, "nodeCode": here.node, "nodeTime": stamp(here.at)}
