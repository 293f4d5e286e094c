"""What holds for every test."""

from __future__ import annotations

import os

from tests import codes_met

# Parallel runs hand their own width down; tables of the command line are then folded, and texts split.
os.environ.pop("COLUMNS", None)
codes_met.begin()
