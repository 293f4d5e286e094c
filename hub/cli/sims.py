"""Simulators for the command line."""

from hub.simulation import connections, load, names, start

__all__ = ["connections", "load", "names", "start"]
