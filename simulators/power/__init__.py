"""The power simulator: a State-Grid-like open platform with token, signature, encrypted bodies and signed webhooks."""

from simulators.power.simulator import PowerSimulator

__all__ = ["PowerSimulator"]
