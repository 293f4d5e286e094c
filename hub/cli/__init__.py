"""The command line `hub`. Start-up imports only what showing help takes; each command imports the rest when it runs."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command that the process was started with."""
    from hub.cli.app import run

    run(sys.argv[1:])
