"""The HTTP face of the platform: from a raw call to its reply, journalled without personal data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulators.kit.http import HttpCall, HttpReply
from simulators.power import contract
from simulators.power.admission import SERVICE_PATH, TOKEN_PATH, Admission
from simulators.power.refusals import MESSAGES, GatewayRefusal, Refusal

if TYPE_CHECKING:
    from simulators.kit.faults import Fault
    from simulators.kit.journal import Journal
    from simulators.power.files import Files
    from simulators.power.replies import Replies
    from simulators.power.services import Services

UPLOAD_PATH, DOWNLOAD_PATH = "/gateway/upload/", "/gateway/download/"
_STORED_REFUSALS = range(20_000, 30_000)
_SHOWN = ("appTypeCode", "outerNo", "appNo", "channelSerial", "chargeId", "payAmt", "bizDate")


def operation_of(call: HttpCall) -> str:
    """The name by which faults are armed and journal entries written."""
    if call.path == TOKEN_PATH:
        return "oauth/token"
    if call.path.startswith(UPLOAD_PATH):
        return "upload"
    if call.path.startswith(DOWNLOAD_PATH):
        return "recon/download"
    return call.path.removeprefix(SERVICE_PATH)


class Platform:
    """Answers calls. Nothing here awaits between looking for a stored reply and storing one."""

    def __init__(
        self, admission: Admission, replies: Replies, files: Files, services: Services, journal: Journal
    ) -> None:
        self._admission, self._replies, self._files = admission, replies, files
        self._services, self._journal = services, journal

    async def handle(self, call: HttpCall) -> HttpReply:
        operation = operation_of(call)
        try:
            return self._answer(call, operation)
        except GatewayRefusal as refusal:
            self._note(call, operation, str(refusal.code), refusal=refusal)
            return self._turned_down(call, operation, refusal)

    def busy(self, call: HttpCall, fault: Fault) -> HttpReply:
        """The fault "busy": code 30001, or an HTTP status with Retry-After."""
        operation = operation_of(call)
        options = fault.options
        if "status" not in options:
            return self._replies.sealed(30001, MESSAGES[30001], {}, operation)
        refusal = self._admission.throttled(
            int(options["status"]),
            float(options.get("retry_after", 1)),
            str(options.get("retry_after_form", "seconds")),
        )
        return self._turned_down(call, operation, refusal)

    def struck(self, call: HttpCall, operation: str, fault: Fault) -> None:
        self._journal.record(operation, peer=call.peer, fault=fault.kind)

    def _answer(self, call: HttpCall, operation: str) -> HttpReply:
        if operation in {"upload", "recon/download"}:
            return self._transfer(call, operation)
        if call.method != "POST":
            raise GatewayRefusal(10001, status=405, detail="method", violation=True)
        if call.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise GatewayRefusal(10001, status=415, detail="Content-Type", violation=True)
        if operation == "oauth/token":
            granted = self._admission.grant(call)
            self._note(call, operation, "1")
            return self._replies.plain(granted, operation)
        if operation not in contract.SERVICES or not call.path.startswith(SERVICE_PATH):
            raise GatewayRefusal(10001, status=404, detail="service", violation=True)
        return self._serve(call, operation)

    def _serve(self, call: HttpCall, service: str) -> HttpReply:
        request_id = self._admission.admit(call)
        data = self._replies.open(call.body)
        try:
            stored = self._replies.replayed(request_id, service, data)
            if stored is not None:
                self._note(call, service, "replayed", data)
                return stored
            contract.check(service, data)
            reply = self._replies.sealed(1, "", self._services.act(service, data), service)
            code = 1
        except Refusal as refusal:
            code = refusal.code
            reply = self._replies.sealed(code, refusal.message, refusal.data, service)
            self._note(call, service, str(code), data, refusal=refusal)
        else:
            self._note(call, service, "1", data)
        if code == 1 or code in _STORED_REFUSALS:
            self._replies.keep(request_id, service, data, reply)
        return reply

    def _transfer(self, call: HttpCall, operation: str) -> HttpReply:
        wanted, path = ("PUT", UPLOAD_PATH) if operation == "upload" else ("GET", DOWNLOAD_PATH)
        if call.method != wanted:
            raise GatewayRefusal(10001, status=405, detail="method", violation=True)
        name = call.path.removeprefix(path)
        if operation == "upload":
            self._files.store(name, call.params.get("ticket", ""), call.body)
            reply = self._replies.plain({"fileId": name}, operation)
        else:
            reply = HttpReply(200, [("Content-Type", "application/gzip")], self._files.fetch(name), operation)
        self._note(call, operation, "1")
        return reply

    def _turned_down(self, call: HttpCall, operation: str, refusal: GatewayRefusal) -> HttpReply:
        return self._replies.turned_down(refusal, operation, known=self._admission.knows(call))

    def _note(
        self, call: HttpCall, operation: str, code: str, data: Any = None, *, refusal: Refusal | None = None
    ) -> None:
        given = data if isinstance(data, dict) else {}
        summary = " ".join(f"{name}={given[name]}" for name in _SHOWN if name in given)
        broken = (f"{refusal.code} {refusal.message}",) if refusal is not None and refusal.violation else ()
        self._journal.record(operation, peer=call.peer, request=summary, code=code, violations=broken)
