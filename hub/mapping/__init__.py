"""The mapping language: YAML rules between the canonical model and a wire message, checked, compiled and explained."""

from __future__ import annotations

from hub.mapping.check import WARNINGS, check
from hub.mapping.contract import ContractNode, from_json_schema, from_layout, from_xsd
from hub.mapping.explain import CoverageReport, Explanation, coverage, explain, explanations
from hub.mapping.load import MappingSet, build_set, load_set
from hub.mapping.model import Env
from hub.mapping.runtime import CompiledReply, CompiledRequest

__all__ = [
    "WARNINGS",
    "CompiledReply",
    "CompiledRequest",
    "ContractNode",
    "CoverageReport",
    "Env",
    "Explanation",
    "MappingSet",
    "build_set",
    "check",
    "coverage",
    "explain",
    "explanations",
    "from_json_schema",
    "from_layout",
    "from_xsd",
    "load_set",
]
