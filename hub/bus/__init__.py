"""The bus: commands to workers by endpoint, results back. A port with one contract for all implementations."""

from hub.bus.memory import MemoryBus
from hub.bus.port import Bus

__all__ = ["Bus", "MemoryBus"]
