"""What a hub is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hub.bus import Bus
from hub.clock import Clock
from hub.config import Configuration
from hub.engine.identity.materials import Sharing
from hub.engine.identity.verifying import Verifying
from hub.engine.intake import Intake
from hub.engine.lookup import Finder
from hub.engine.papers.issuing import Issuing
from hub.engine.rules import Rules
from hub.registry import Registry
from hub.sdk.context import Equipment
from hub.store.evidence import EvidenceFolder
from hub.store.port import Store


@dataclass(frozen=True, slots=True)
class Parts:
    """What a hub is made of. Built by `hub.bootstrap`."""

    configuration: Configuration
    registry: Registry
    store: Store
    bus: Bus
    clock: Clock
    rules: Rules
    intake: Intake
    evidence: EvidenceFolder
    verifying: Verifying
    sharing: Sharing
    equipment: Mapping[str, Equipment]
    unavailable: Mapping[str, str]
    issuing: Issuing
    finder: Finder
