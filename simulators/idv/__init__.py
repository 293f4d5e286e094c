"""Simulated identity verification and data-sharing gateway 模拟: see README.md for its contract."""

from simulators.idv.portraits import portrait
from simulators.idv.simulator import IdvSimulator

__all__ = ["IdvSimulator", "portrait"]
