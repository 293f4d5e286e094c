"""The simulated BOSS of the cable television company; its contract is in the README beside this file."""

from simulators.catv.simulator import CatvSimulator

__all__ = ["CatvSimulator"]
