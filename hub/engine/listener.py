"""Serving an ASGI app inside the hub's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import uvicorn


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Signals belong to the process that opened the hub.
        yield


@contextlib.asynccontextmanager
async def listen(app: Any, host: str, port: int) -> AsyncIterator[str]:
    """Serve `app` until the context ends; gives its address. Port 0 takes any free port. Raises OSError if taken."""
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none")
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[bound]), name="callbacks")
    try:
        while not server.started and not running.done():  # noqa: ASYNC110 -- uvicorn tells by a flag only
            await asyncio.sleep(0.005)
        yield f"http://{host}:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
        bound.close()
