"""The pipe files and what one collection finds in them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hub.sdk import (
    CallEnded,
    Collect,
    Collected,
    CollectedFile,
    Context,
    DecodeError,
    Draw,
    EncodeError,
    FileRecord,
    Folders,
    Haul,
    NotSent,
    Output,
    Reply,
    Tree,
    error_of,
    outcomes_of_records,
    signedfile,
)
from hub.sdk.wire import FilePut, delimited

OURS = frozenset({"APPLY", "INFO"})
_COLUMNS = {
    "APPLY": "serial act name id_type id_number mobile address insured functions pickup delivery old_card reason fee"
    " applied",
    "INFO": "serial act card id_type id_number name mobile address insured applied",
    "RESULT": "serial act status card batch pickup reason text at",
    "TRANS": "rrn code card amount at",
}
_NAME = re.compile(r"SMK_([A-Z]+)_([0-9]{8})_([0-9]{3})")
_ERROR = re.compile(r"(S[0-9])\|[^\n]*\n?")


@dataclass(frozen=True, slots=True, order=True)
class FileName:
    """`SMK_{kind}_{day}_{seq}`, the stem that a file, its signature and its refusal share."""

    day: str
    kind: str
    seq: int

    def __str__(self) -> str:
        return f"SMK_{self.kind}_{self.day}_{self.seq:03d}"

    @classmethod
    def parse(cls, stem: str) -> FileName | None:
        found = _NAME.fullmatch(stem)
        return cls(found[2], found[1], int(found[3])) if found else None

    def path(self, folder: str, end: str) -> str:
        return f"/{folder}/{self}.{end}"


def of(ctx: Context) -> Folders[FileName]:
    return Folders(ctx, FileName.parse)


def table(kind: str) -> delimited.Table:
    return delimited.Table(tuple(_COLUMNS[kind].split()), charset="utf-8", summary=delimited.PIPE_END)


def written(kind: str, tree: Tree, private_key: str, draw: Draw) -> FilePut:
    """A file of ours with its signature. `D` and `D2` are the lines of an order's two acts."""
    if tree["SEQ"] > 999:
        raise EncodeError("SEQ", "a day has 999 files of one kind")
    name = FileName(tree["DAY"], kind, tree["SEQ"])
    rows = sorted([*tree.get("D", ()), *tree.get("D2", ())], key=lambda row: (row["serial"], row["act"]))
    body = table(kind).write(rows, inside="｜")
    return FilePut(name.path("in", "txt"), body, name.path("in", "sig"), signedfile.sign(private_key, body, draw))


def refusal(body: bytes) -> Tree:
    """An `.err` file: its code. The text may be anything."""
    found = _ERROR.fullmatch(body.decode("utf-8", "replace"))
    if found is None:
        raise DecodeError("err", "is not a code and a text")
    return {"code": found[1]}


async def records(ctx: Context, name: FileName) -> tuple[str, tuple[FileRecord, ...]]:
    """The signature and the records of a file of theirs. Raises CallEnded, also for a damaged file."""
    signature = (await of(ctx).get(name.path("out", "sig"))).decode("ascii", "replace")
    reply = await ctx.call(name.kind, None, path=name.path("out", "txt"), signature=signature)
    return signature[:64], reply.records


async def collected(task: Collect, ctx: Context, endpoint: str) -> Collected:
    """New results, and files of ours that were refused, of some days."""
    haul, days = Haul(task.known), {f"{day:%Y%m%d}" for day in task.days}
    there = await of(ctx).ends("/out")
    for name, ends in sorted((name, ends) for name, ends in there.items() if name.day in days):
        end = "txt" if name.kind == "RESULT" and {"txt", "sig"} <= ends else "err" if name.kind in OURS else ""
        if end not in ends or not haul.new(f"{name}.{end}"):
            continue
        try:
            if end == "txt":
                digest, found = await records(ctx, name)
                haul.take(f"{name}.txt", digest, outcomes_of_records(found, endpoint, _output))
            else:
                reply = await ctx.call("ERR", None, path=name.path("out", "err"))
                _refused(name, reply, haul, endpoint)
        except CallEnded as ended:
            haul.spoilt(f"{name}.{end}", ended)
    return haul.collected()


def _refused(name: FileName, reply: Reply, haul: Haul, endpoint: str) -> None:
    """Nothing of a refused file was taken: its orders go into another."""
    noted, code = f"{name}.err:{reply.raw_code}", reply.raw_code or ""
    if haul.new(noted):
        told = {f"{endpoint}:{name.kind}:{name.day}:{name.seq:04d}": NotSent(error=error_of(reply))}
        haul.files.append(CollectedFile(name=noted, digest=code, batches=told))


def _output(record: FileRecord) -> Output:
    made = {"batch": record.batch, "pickup_site": record.pickup_site}
    if record.new_card_no is None:
        return Output(kind="receipt", identifier=record.serial)
    return Output(kind="card", identifier=record.new_card_no, data={k: v for k, v in made.items() if v})
