"""The city's three systems with short deadlines, so that faults which wait for a deadline take seconds."""

from __future__ import annotations

import yaml

from hub.config import load_configuration

SYSTEMS = ("water", "power", "transit")
LIMITS = {"concurrency": 4, "rate_per_second": 1000, "connect_seconds": 1.0, "read_seconds": 1.5, "total_seconds": 2.0}


def quick_config(folder, *, limits=LIMITS, retry=None, poll=None, batch=None):
    """A configuration folder in which every endpoint has these limits; the rest is as shipped."""
    endpoints = []
    for spec in load_configuration().endpoints:
        entry = spec.model_dump(mode="json", exclude_none=True)
        entry["limits"] |= limits
        if retry:
            entry["retry"] |= retry
        if poll and "poll" in entry:
            entry["poll"] = {"every_minutes": poll}
        if batch and "batch" in entry:
            entry["batch"] = {"send": batch, "collect": batch}
        endpoints.append(entry)
    (folder / "endpoints.d").mkdir(parents=True, exist_ok=True)
    (folder / "endpoints.d" / "quick.yaml").write_text(yaml.safe_dump({"endpoints": endpoints}, allow_unicode=True))
    return folder


def effects(simulators):
    """What really happened: effects of orders by system, without attachments and reversals."""
    kinds = {"water": "order", "power": "order", "transit": "application"}
    return {name: simulators[name].ledger.count(kinds[name]) for name in simulators if name in kinds}
