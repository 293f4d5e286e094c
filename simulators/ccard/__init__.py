"""The simulated citizen card centre (市民卡), reached by ISO 8583 over TCP and by pipe files over SFTP."""

from simulators.ccard.simulator import CcardSimulator

__all__ = ["CcardSimulator"]
