"""The documents of results: fetched from the utility once, kept in the evidence store, looked at again when issued."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64

from hub.clock import Clock
from hub.domain.case import Task
from hub.domain.evidence import Evidence
from hub.domain.order import OutputQuery, ServiceOrder
from hub.domain.outcome import Output
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.engine.asking import ask, failure_of
from hub.errors import InputError, NotFound
from hub.sdk.context import Equipment
from hub.sdk.outcomes import error_of
from hub.store.evidence import EvidenceFolder
from hub.wire.crypto import same, sm3

OPERATION = "document"
_WITH_DOCUMENT = frozenset({"contract", "certificate", "receipt"})
_TYPES = {
    b"%PDF-": ("application/pdf", "pdf"),
    b"\xff\xd8\xff": ("image/jpeg", "jpg"),
    b"\x89PNG": ("image/png", "png"),
}


async def gather(
    task: Task, order: ServiceOrder, equipment: Equipment | None, evidence: EvidenceFolder, clock: Clock
) -> tuple[Output, ...]:
    """The outputs of a task with their documents as they now stand: kept, fetched now, or why not."""
    if task.state is not TaskState.COMPLETED:
        return task.outputs
    return tuple([await _one(task, order, output, equipment, evidence, clock) for output in task.outputs])


async def _one(
    task: Task,
    order: ServiceOrder,
    output: Output,
    equipment: Equipment | None,
    evidence: EvidenceFolder,
    clock: Clock,
) -> Output:
    if output.file is not None and await _readable(output, evidence):
        kept: Output = output.with_(file_error=None)
        return kept
    offered = equipment is not None and OPERATION in equipment.adapter.operations
    if equipment is None or not offered or output.kind not in _WITH_DOCUMENT or output.identifier is None:
        lost = ServiceError(code=ErrorCode.MAT_UNREADABLE, provider=task.endpoint) if output.file else None
        unfetched: Output = output.with_(file_error=lost)
        return unfetched
    query = OutputQuery(order=order, kind=output.kind, identifier=output.identifier)
    return await _fetched(task, output, query, equipment, evidence, clock)


async def _readable(output: Output, evidence: EvidenceFolder) -> bool:
    try:
        return bool(output.file and await evidence.read(output.file))
    except NotFound:
        return False


async def _fetched(
    task: Task, output: Output, query: OutputQuery, equipment: Equipment, evidence: EvidenceFolder, clock: Clock
) -> Output:
    error: ServiceError | None = None
    try:
        reply = await ask(OPERATION, equipment, task.params, query, clock, task.number)
        if reply.error is not None:
            error = error_of(reply)
        else:
            content, (media_type, suffix) = _checked(reply.content, reply.digest)
            name = f"{task.number}-{output.kind}.{suffix}"
            file = await evidence.put(output.kind.upper(), content, file_name=name, media_type=media_type)
            found: Output = output.with_(file=file.with_(collected_at=clock.now()), file_error=None)
            return found
    except _Unusable as unusable:
        error = ServiceError(code=unusable.code, provider=task.endpoint)
    except InputError:
        error = ServiceError(code=ErrorCode.MAT_UNREADABLE, provider=task.endpoint, note="size")
    except Exception as failure:  # noqa: BLE001 -- a document that does not come must not keep the receipt back
        error = failure_of(task.endpoint, failure)
    lacking: Output = output.with_(file_error=error)
    return lacking


class _Unusable(Exception):
    """What came is no document."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code.value)
        self.code = code


def _checked(content: str | None, digest: str | None) -> tuple[bytes, tuple[str, str]]:
    """The bytes of a document in base64, if they are those that the utility digested and of a known type."""
    try:
        data = b64decode(content or "", validate=True)
    except (NotBase64, ValueError):
        raise _Unusable(ErrorCode.UPS_PROTOCOL) from None
    if not data:
        raise _Unusable(ErrorCode.FILE_LATE)
    if digest is not None and not same(sm3(data).hex(), digest.lower()):
        raise _Unusable(ErrorCode.FILE_DIGEST)
    kind = next((kind for magic, kind in _TYPES.items() if data.startswith(magic)), None)
    if kind is None:
        raise _Unusable(ErrorCode.UPS_PROTOCOL)
    return data, kind


def kept(material: str, digest: str, size: int) -> Evidence:
    """What finds a file of ours in the evidence store again."""
    return Evidence(material=material, size=size, sm3=digest, ref=digest)
