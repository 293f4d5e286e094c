"""Simulators for the command line."""

from hub.simulated import connections, load, names, start

__all__ = ["connections", "load", "names", "start"]
