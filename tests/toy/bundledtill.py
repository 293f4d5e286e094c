"""The toy utility that takes fees, in one-thing bundles: it can be asked beforehand, and takes back what is done."""

from __future__ import annotations

from hub.sdk import Absent, Completed, Context, Outcome, ServiceOrder, read, write
from tests.toy.till import TillAdapter


class BundledTillAdapter(TillAdapter):
    @read("precheck")
    async def precheck(self, order: ServiceOrder, ctx: Context) -> Outcome:
        return Completed()

    @write("compensate", inquiry="undone")
    async def compensate(self, order: ServiceOrder, ctx: Context) -> Outcome:
        return Completed()

    @read("undone")
    async def undone(self, order: ServiceOrder, ctx: Context) -> Outcome:
        return Absent()
