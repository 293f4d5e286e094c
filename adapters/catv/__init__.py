"""The adapter of the cable television company's BOSS."""
