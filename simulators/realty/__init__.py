"""The simulated real-estate registry (不动产登记), reached by exchange tables in a shared database."""

from simulators.realty.simulator import RealtySimulator

__all__ = ["RealtySimulator"]
