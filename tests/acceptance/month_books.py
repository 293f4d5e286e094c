"""What must hold after a month: every order is at rest, has its effect once, and three books of money agree."""

from __future__ import annotations

from collections import Counter, defaultdict

from adapters.catv.codec import unstamped
from hub.domain import numbers

RESTING = {"COMPLETED", "REJECTED", "CANCELLED", "COMPENSATED", "MANUAL"}
MONEY = {"payment", "topup", "reversal"}
ACTS = {"order", "application", "change", "loss_oral", "loss_formal", "unloss", "activation", "password_reset"}
UNDOING = {"cancel", "withdrawal"}
BY_FILE = ("JX6-BUS", "JX6-CIT")
TWO_ACTS = "JX6-CIT-07"  # the holder's data and the insured place
PAYING = ("water", "power", "gas", "transit", "ccard", "catv")


def number_of(system: str, serial: str, county_of_city: str = "3304") -> str:
    """The task or payment that a utility knows under a serial of ours."""
    if system == "ccard" and len(serial) == 12:
        serial = numbers.read_serial12(serial)
    if system == "catv":
        serial = unstamped(serial, county_of_city)
    return numbers.task_of_serial20(serial)


def effects(record) -> dict[str, Counter]:
    """How often each effect happened, by task or payment."""
    found: dict[str, Counter] = defaultdict(Counter)
    for system, each in record["systems"].items():
        for entry in each["ledger"] if system != "idv" else ():
            found[number_of(system, entry["order"])][entry["effect"]] += 1
    return found


def tasks(record) -> list[dict]:
    return [task for case in record["cases"].values() for task in case["tasks"]]


def payments(record) -> list[dict]:
    return [payment for case in record["cases"].values() for payment in case["payments"]]


def was(record, task, *states: str) -> bool:
    """Whether a task ever went to one of these states."""
    return any(each["to"] in states for each in record["cases"][task["case_number"]]["events"][task["number"]])


def wrong_orders(record) -> list[str]:
    """Orders that were carried out another number of times than their end says."""
    found, wrong = effects(record), []
    for task in tasks(record):
        counted = found[task["number"]]
        made = sum(counted[each] for each in ACTS)
        lived = made - sum(counted[each] for each in UNDOING)
        if lived not in _lives(record, task):
            wrong.append(f"{task['number']} {task['item']} {task['state']}: {dict(counted)}")
    return wrong


def _lives(record, task) -> set[int]:
    """How many orders of a task may live on at the utility."""
    accepted = was(record, task, "ACCEPTED", "IN_PROGRESS")
    acts_at_once = {payment["id"] for payment in payments(record)} | _queries(record)
    if task["number"] in acts_at_once:
        return {0}
    match task["state"]:
        case "COMPLETED":
            return {2} if task["item"] == TWO_ACTS else {1}
        case "CANCELLED" | "COMPENSATED":
            return {0}
        case (
            "REJECTED"
        ):  # an order that the utility took and refused later stays in its books; a line of a file does not
            return {1} if accepted and not task["item"].startswith(BY_FILE) else {0}
        case _:
            return {0, 1}


def _queries(record) -> set[str]:
    return {task["number"] for task in tasks(record) if task["operation"] in record["queries"]}


def breaches(record) -> list[str]:
    """What the hub sent that a utility's contract forbids."""
    return [
        each for system in record["systems"].values() for entry in system["journal"] for each in entry["violations"]
    ]


def wrong_payments(record) -> list[str]:
    """Payments that the utility booked another number of times than the hub says, and bookings that it knows not."""
    found, wrong, known = effects(record), [], set()
    for payment in payments(record):
        counted = found[payment["id"]]
        known.add(payment["id"])
        booked = counted["payment"] + counted["topup"] - counted["reversal"]
        if booked != (payment["state"] == "POSTED"):
            wrong.append(f"{payment['id']} {payment['state']}: {dict(counted)}")
    unknown = {number for number, counted in found.items() if set(counted) & MONEY and number not in known}
    return wrong + sorted(unknown)


def sums(record) -> dict[str, tuple[int, int, int, int]]:
    """By system, in fen: the hub's books, the utility's ledger, its daily files, and the hub's side of the runs.

    A payment that was in doubt when its file came is on the hub's side since.
    """
    books, files, ours = Counter(), Counter(), Counter()
    for payment in payments(record):
        if payment["state"] == "POSTED":
            books[payment["charge"]["endpoint"].split("-")[0]] += payment["amount_fen"]
    for run in record["runs"]:
        files[run["endpoint"].split("-")[0]] += run["theirs"]["sum_fen"]
        adopted = sum(each["theirs_fen"] for each in run["differences"] if each["ours_state"] == "doubt")
        ours[run["endpoint"].split("-")[0]] += run["ours"]["sum_fen"] + adopted
    with_orders = sum(each["facts"]["amount"] for each in record["systems"]["transit"]["ledger"] if _new_card(each))
    files["transit"] -= with_orders  # a new card's first money is part of its application, and of its file
    return {each: (books[each], _ledger_sum(record, each), files[each], ours[each]) for each in PAYING}


def unexplained(record) -> list[dict]:
    """Runs without a file, and differences that the hub did not settle by taking over what the file says."""
    ends = {task["number"]: task["state"] for task in tasks(record)}
    found = [run for run in record["runs"] if run["error"]]
    for run in record["runs"]:
        found += [d for d in run["differences"] if not (d["resolution"] == "ADOPT" and ends[d["task"]] == "COMPLETED")]
    return found


def _new_card(entry) -> bool:
    return entry["effect"] == "application"


def _ledger_sum(record, system: str) -> int:
    total = 0
    for entry in record["systems"][system]["ledger"]:
        facts = entry["facts"]
        amount = abs(facts.get("fen", facts.get("payAmt", facts.get("amount", 0))))
        total += {"payment": amount, "topup": amount, "reversal": -amount}.get(entry["effect"], 0)
    return total
