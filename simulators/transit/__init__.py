"""The simulated bus card centre (公共交通), reached by SFTP batches."""

from simulators.transit.simulator import TransitSimulator

__all__ = ["TransitSimulator"]
