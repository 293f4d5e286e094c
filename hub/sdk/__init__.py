"""Everything that an adapter author imports. An adapter needs nothing else of the hub.

Example::

    from hub.sdk import Adapter, BusinessKey, Context, Outcome, ServiceOrder, outcome_of, write

    class WaterAdapter(Adapter):
        @write("accept", serves=("3001:*",), idempotency=BusinessKey("account", "business"), inquiry="find")
        async def accept(self, order: ServiceOrder, ctx: Context) -> Outcome:
            return outcome_of(await ctx.call("3001", order))
"""

from hub.domain.address import Address, designation
from hub.domain.evidence import Evidence
from hub.domain.identifiers import old_resident_number
from hub.domain.order import (
    AccountQuery,
    Batch,
    BatchRecord,
    DayQuery,
    EvidencePart,
    FileNames,
    IdentityQuery,
    OutputQuery,
    ServiceOrder,
)
from hub.domain.outcome import (
    Absent,
    Accepted,
    Completed,
    Faulty,
    NotSent,
    Outcome,
    Output,
    Progress,
    Rejected,
    Unknown,
)
from hub.domain.party import DocumentType, IdentityDocument
from hub.domain.reply import Bill, FileRecord, NodeEvent, Reply, TransferNotice, UtilityAccount
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.errors import DecodeError, EncodeError, Fault, ManifestError, NotSupported, UnmappedCode
from hub.mapping import Env
from hub.sdk import fixedfiles, sealedfile, signedfile, wire
from hub.sdk.adapter import Adapter, Callback, Collect, Collected, CollectedFile, Draw, Heard, Tree
from hub.sdk.answers import Answers
from hub.sdk.beforehand import beforehand, fits
from hub.sdk.context import Context
from hub.sdk.errors import CallbackRefused, CallEnded, Refused
from hub.sdk.filename import FileName
from hub.sdk.folders import Folders, Haul, error_in
from hub.sdk.kept import ask_kept
from hub.sdk.materials import content_name, derived_key, lacking, too_large
from hub.sdk.numbered import Refusals, refused_file, send_numbered
from hub.sdk.operation import BatchId, BusinessKey, KeyReplay, Operation, batch, collect, inquiry, read, write
from hub.sdk.outcomes import (
    error_of,
    not_decided,
    outcome_of,
    outcome_of_record,
    outcomes_of_records,
    outputs_of,
    paid,
    refusal,
    resolved,
)
from hub.sdk.paging import all_pages, from_feed
from hub.sdk.status import as_http, expect_ok, refused_by_status, whole_file
from hub.sdk.tokens import refreshing, refused_as, with_token
from hub.sdk.twins import first_order, firsts, with_cancelled
from hub.sdk.uploads import upload_signed
from hub.sdk.webhook import heard, sm2_event

__all__ = [
    "Absent",
    "Accepted",
    "AccountQuery",
    "Adapter",
    "Address",
    "Answers",
    "Batch",
    "BatchId",
    "BatchRecord",
    "Bill",
    "BusinessKey",
    "CallEnded",
    "Callback",
    "CallbackRefused",
    "Collect",
    "Collected",
    "CollectedFile",
    "Completed",
    "Context",
    "DayQuery",
    "DecodeError",
    "DocumentType",
    "Draw",
    "EncodeError",
    "Env",
    "ErrorCode",
    "Evidence",
    "EvidencePart",
    "Fault",
    "Faulty",
    "FileName",
    "FileNames",
    "FileRecord",
    "Folders",
    "Haul",
    "Heard",
    "IdentityDocument",
    "IdentityQuery",
    "KeyReplay",
    "ManifestError",
    "NodeEvent",
    "NotSent",
    "NotSupported",
    "Operation",
    "Outcome",
    "Output",
    "OutputQuery",
    "Progress",
    "Refusals",
    "Refused",
    "Rejected",
    "Reply",
    "ServiceError",
    "ServiceOrder",
    "TaskState",
    "TransferNotice",
    "Tree",
    "Unknown",
    "UnmappedCode",
    "UtilityAccount",
    "all_pages",
    "as_http",
    "ask_kept",
    "batch",
    "beforehand",
    "collect",
    "content_name",
    "derived_key",
    "designation",
    "error_in",
    "error_of",
    "expect_ok",
    "first_order",
    "firsts",
    "fits",
    "fixedfiles",
    "from_feed",
    "heard",
    "inquiry",
    "lacking",
    "not_decided",
    "old_resident_number",
    "outcome_of",
    "outcome_of_record",
    "outcomes_of_records",
    "outputs_of",
    "paid",
    "read",
    "refreshing",
    "refusal",
    "refused_as",
    "refused_by_status",
    "refused_file",
    "resolved",
    "sealedfile",
    "send_numbered",
    "signedfile",
    "sm2_event",
    "too_large",
    "upload_signed",
    "whole_file",
    "wire",
    "with_cancelled",
    "with_token",
    "write",
]
