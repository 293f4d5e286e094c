"""One-thing bundles: gates, what is asked before them, and what is undone when a lead fails."""
