"""The simulated billing system of Jiaxing's water companies; its contract is in the README beside this file."""

from simulators.water.simulator import WaterSimulator

__all__ = ["WaterSimulator"]
