"""The mapping language: YAML rules between the canonical model and a wire message, checked, compiled and explained."""

from __future__ import annotations

from hub.mapping.load import MappingSet, build_set, load_set, shipped
from hub.mapping.model import Env
from hub.mapping.runtime import CompiledReply, CompiledRequest

__all__ = [
    "CompiledReply",
    "CompiledRequest",
    "Env",
    "MappingSet",
    "build_set",
    "load_set",
    "shipped",
]
