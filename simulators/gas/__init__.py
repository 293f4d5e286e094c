"""The simulated customer service of Jiaxing's gas companies; its contract is in the README beside this file."""

from simulators.gas.simulator import GasSimulator

__all__ = ["GasSimulator"]
