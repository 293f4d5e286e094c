"""The registry's side of the exchange: every few minutes it takes what is new and writes what has come of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from simulators.kit.clock import SHANGHAI
from simulators.realty import rules
from simulators.realty.cases import ENTERED, ISSUED, NODES, WAITING, WITHDRAWN, Case, stamp, wait
from simulators.realty.schema import (
    APPLICATION,
    DONE,
    FAILED,
    FILE,
    HOLDING,
    NEW,
    PARTY,
    PROGRESS,
    PUSH,
    RESULT,
    TAKEN,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Connection, Table

    from simulators.kit.faults import Fault
    from simulators.kit.journal import Journal
    from simulators.kit.ledger import Ledger
    from simulators.realty.database import Database
    from simulators.realty.units import Register

_KEPT = timedelta(days=30)
_ASKED = "1"  # CXBZ, BZBZ
_OPINIONS = {"21": "请补充清晰的购房合同", "22": "存在查封,暂停办理", "90": "不符合登记条件"}
_DATED = {APPLICATION: "SQSJ", PROGRESS: "JDSJ", PUSH: "JDSJ"}


class Registry:
    """Cases in memory, everything that the hub may see in the tables."""

    def __init__(
        self,
        database: Database,
        register: Register,
        ledger: Ledger,
        journal: Journal,
        strike: Callable[[str, str], Fault | None],
        pace: float,
    ) -> None:
        self.database, self.register = database, register
        self.cases: dict[str, Case] = {}
        self._ledger, self._journal, self._strike, self._pace = ledger, journal, strike, pace
        self._asleep_until: datetime | None = None
        self._later: list[tuple[Table, dict[str, Any]]] = []
        self._running = 0
        self._purged_on: date | None = None

    def cycle(self, now: datetime) -> None:
        """One turn: take, judge, move on, answer, publish, purge."""
        if self._sleeps(now) or not self._has_work(now):
            return
        with self.database.transaction() as connection:
            held, self._later = self._later, []
            for table, row in held:
                connection.execute(table.insert().values(row))
            self._take_new(connection, now)
            self._hear(connection, now)
            for case in list(self.cases.values()):
                self._move(connection, case, now)
            self._publish(connection, now)
            self._purge(connection, now)

    def push_to(self, case: Case, node: str, now: datetime) -> None:
        """Bring a case to a node at once, through those that lie between."""
        if node not in NODES:
            raise ValueError(f"state: {node!r} is none of {', '.join(NODES)}")
        with self.database.transaction() as connection:
            if node in {"50", "60", "70"}:
                between = [each for each in ("50", "60", "70") if each <= node and each not in case.seen]
                for each in between:
                    self._reach(connection, case, each, now)
            else:
                self._reach(connection, case, node, now)
            self._publish(connection, now)

    def find(self, order: str) -> Case:
        """A case by the hub's number or by its key."""
        for case in self.cases.values():
            if order in {case.key, case.serial}:
                return case
        raise ValueError(f"order: no case for {order!r}")

    def _has_work(self, now: datetime) -> bool:
        """Most turns find nothing, and a day has hundreds of them: a look costs less than a transaction."""
        day = now.astimezone(SHANGHAI).date()
        due = any(not case.over and case.node not in WAITING and case.due <= now for case in self.cases.values())
        if due or self._later or self.register.changed or day != self._purged_on:
            self._purged_on = day
            return True
        rows = APPLICATION.c
        waiting = select(rows.BSM).where((rows.JHBZ == NEW) | (rows.CXBZ == _ASKED) | (rows.BZBZ == _ASKED)).limit(1)
        with self.database.transaction() as connection:
            return connection.execute(waiting).first() is not None

    def _sleeps(self, now: datetime) -> bool:
        fault = self._strike("registry", "turn")
        if fault is not None:
            self._asleep_until = now + timedelta(minutes=float(fault.options.get("minutes", 60)))
        return self._asleep_until is not None and now < self._asleep_until

    def _take_new(self, connection: Connection, now: datetime) -> None:
        waiting = select(APPLICATION).where(APPLICATION.c.JHBZ == NEW).order_by(APPLICATION.c.SQSJ, APPLICATION.c.BSM)
        for row in connection.execute(waiting).mappings().all():
            _mark(connection, row["BSM"], JHBZ=TAKEN)
            handed = self._handed(connection, dict(row))
            open_units = {case.unit for case in self.cases.values() if not case.over}
            broken = handed.broken()
            reason = rules.refusal(handed, self.register, open_units, self.database.disk)
            self._journal.record(
                "QZ_SQ", request=f"{len(handed.parties)} parties, {len(handed.files)} files", code=reason,
                violations=tuple(broken),
            )  # fmt: skip
            if reason:
                _mark(connection, row["BSM"], JHBZ=FAILED, SBYY=reason)
                continue
            _mark(connection, row["BSM"], JHBZ=DONE)
            self._accept(connection, handed, now)

    def _handed(self, connection: Connection, row: Mapping[str, Any]) -> rules.Handed:
        key = row["BSM"]
        parties = connection.execute(select(PARTY).where(key == PARTY.c.SQBSM)).mappings().all()
        files = connection.execute(select(FILE).where(key == FILE.c.SQBSM)).mappings().all()
        return rules.Handed(dict(row), [dict(each) for each in parties], [dict(each) for each in files])

    def _accept(self, connection: Connection, handed: rules.Handed, now: datetime) -> None:
        self._running += 1
        number = f"BDC{now.astimezone(SHANGHAI):%Y%m%d}{self._running:05d}"
        case = Case(handed, number, "", now, files=len(handed.files))
        self.cases[case.key] = case
        self._ledger.record("application", case.serial, unit=case.unit, number=number)
        self._reach(connection, case, "10", now)

    def _hear(self, connection: Connection, now: datetime) -> None:
        """What the hub asks for: to withdraw, or to look at what it has supplied."""
        asking = select(APPLICATION).where((APPLICATION.c.CXBZ == _ASKED) | (APPLICATION.c.BZBZ == _ASKED))
        for found in connection.execute(asking).mappings().all():
            row = dict(found)
            case = self.cases.get(row["BSM"])
            if row["CXBZ"] == _ASKED:
                self._withdraw(connection, case, row, now)
            elif case is not None:
                self._supplied(connection, case, row, now)

    def _withdraw(self, connection: Connection, case: Case | None, row: Mapping[str, Any], now: datetime) -> None:
        if case is None or case.over or case.entered:
            _mark(connection, row["BSM"], CXBZ=FAILED)
            return
        _mark(connection, row["BSM"], CXBZ=DONE)
        self.withdraw(connection, case, now)

    def withdraw(self, connection: Connection, case: Case, now: datetime) -> None:
        """A withdrawal overwrites the last node's row, whether or not the hub has read it already."""
        case.node = WITHDRAWN
        case.seen.append(WITHDRAWN)
        self._ledger.record("withdrawal", case.serial, number=case.number)
        rows = PROGRESS.c
        last = select(rows.BSM).where(rows.SQBSM.in_([case.key])).order_by(rows.JDSJ.desc())
        key = connection.execute(last).scalars().first()
        change = PROGRESS.update().where(rows.BSM.in_([key]))
        connection.execute(change.values(JDDM=WITHDRAWN, JDSJ=stamp(now), YJ="申请人撤回"))

    def _supplied(self, connection: Connection, case: Case, row: Mapping[str, Any], now: datetime) -> None:
        handed = self._handed(connection, row)
        more = handed.files[case.files :] if len(handed.files) > case.files else []
        clear = bool(more) and all(rules.readable(each, self.database.disk) for each in more)
        self._journal.record("QZ_FJ", request=f"{len(more)} files supplied", code="" if clear else rules.UNCLEAR)
        _mark(connection, case.key, BZBZ=DONE)
        if case.node == "21" and clear:
            case.handed, case.files, case.aside = handed, len(handed.files), True
            self._ledger.record("supplement", case.serial, files=len(more))
            self._reach(connection, case, "20", now)
        elif case.node == "21":
            self._write_node(connection, case, "21", now, rules.UNCLEAR)

    def _move(self, connection: Connection, case: Case, now: datetime) -> None:
        while not case.over and case.node not in WAITING and (node := case.coming()) and case.due <= now:
            self._reach(connection, case, node, max(case.due, now - timedelta(minutes=5)))

    def _reach(self, connection: Connection, case: Case, node: str, at: datetime) -> None:
        case.aside = case.aside or node in {"21", "22", "30", "90"}
        case.node = node
        case.seen.append(node)
        coming = case.coming()
        case.due = at + wait(coming, self._pace)
        if node == ENTERED:
            self._enter(case, at)
        self._write_node(connection, case, node, at, _OPINIONS.get(node, NODES[node]))
        if node == ISSUED:
            self._issue(connection, case)

    def _enter(self, case: Case, at: datetime) -> None:
        case.entered_at = at
        owners = tuple(case.handed.side("1"))
        self.register.transfer(case.unit, owners, at.astimezone(SHANGHAI).year)
        self._ledger.record("registration", case.serial, unit=case.unit, owners=len(owners))

    def _write_node(self, connection: Connection, case: Case, node: str, at: datetime, opinion: str) -> None:
        row = {
            "BSM": rules.key("JD", case.key, node, len(case.seen), stamp(at)), "SQBSM": case.key, "YWH": case.number,
            "JDDM": node, "JDSJ": stamp(at), "YJ": opinion, "JHBZ": NEW,
        }  # fmt: skip
        connection.execute(PROGRESS.insert().values(row))

    def _issue(self, connection: Connection, case: Case) -> None:
        unit = self.register.units[case.unit]
        licence = f"1.2.156.3005.2.11100000MB0001.{case.number[3:]}"
        path = f"out/{case.number}.pdf"
        content = f"%PDF-1.7\n% 模拟电子证照 {unit.certificate}\n%%EOF\n".encode()
        target = self.database.disk / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        entered = stamp(case.entered_at) if case.entered_at else " "
        row = {
            "BSM": rules.key("JG", case.key), "SQBSM": case.key, "YWH": case.number, "BDCDYH": case.unit,
            "BDCQZH": unit.certificate, "DBSJ": entered, "DZZZBH": licence, "WJLJ": path, "SM3": rules.sm3(content),
            "JHBZ": NEW,
        }  # fmt: skip
        self._ledger.record("certificate", case.serial, number=unit.certificate)
        if self._strike("result", "QZ_JG") is not None:
            self._later.append((RESULT, row))  # half of what belongs together; the rest comes with the next turn
        else:
            connection.execute(RESULT.insert().values(row))

    def _publish(self, connection: Connection, now: datetime) -> None:
        """The hub's view of who owns what: as it was at this turn."""
        rows = [
            {
                "BSM": rules.key("QS", unit.number, unit.certificate, position), "BDCDYH": unit.number,
                "BDCQZH": unit.certificate, "ZL": unit.place, "QLRMC": owner.name, "ZJZL": owner.kind,
                "ZJH": owner.number, "GYFS": owner.mode, "QLBL": owner.share, "JZMJ": unit.area, "YT": unit.use,
                "CFZT": str(int(unit.sealed)), "DYZT": str(int(unit.mortgaged)), "GXSJ": stamp(now),
            }
            for unit in self.register.units.values()
            for position, owner in enumerate(unit.owners)
        ]  # fmt: skip
        shown = connection.execute(select(HOLDING.c.BSM, HOLDING.c.CFZT, HOLDING.c.DYZT))
        known = {tuple(row) for row in shown}
        self.register.changed = False
        if known == {(row["BSM"], row["CFZT"], row["DYZT"]) for row in rows}:
            return
        connection.execute(HOLDING.delete())
        connection.execute(HOLDING.insert(), rows)

    def _purge(self, connection: Connection, now: datetime) -> None:
        oldest = stamp(now - _KEPT)
        for table, column in _DATED.items():
            connection.execute(table.delete().where(table.c[column] < oldest))
        gone = select(PROGRESS.c.SQBSM)
        connection.execute(RESULT.delete().where(oldest > RESULT.c.DBSJ, RESULT.c.SQBSM.not_in(gone)))


def _mark(connection: Connection, key: str, **values: str) -> None:
    connection.execute(APPLICATION.update().where(APPLICATION.c.BSM.in_([key])).values(**values))
