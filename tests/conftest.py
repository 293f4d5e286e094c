"""What holds for every test."""

from __future__ import annotations

import os

from tests import codes_met

# Parallel runs hand their own width down, and readline sets it behind Python's back; tables of the command line are then
# folded, and texts split.
os.environ["COLUMNS"] = ""
del os.environ["COLUMNS"]
codes_met.begin()
