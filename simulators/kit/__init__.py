"""What every simulator shares: clock, fault points, ledger, journal, server, control port."""
