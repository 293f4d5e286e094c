"""Simulated upstream systems on their real protocols; every person and account in them is synthetic."""
