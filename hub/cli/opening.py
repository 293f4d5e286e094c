"""Opening a hub for one command: on the user's data, or on no data at all for what only looks."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from hub.bootstrap import Hub
from hub.cli import logs
from hub.errors import NotFound
from hub.settings import Settings


@asynccontextmanager
async def user_hub(*, run: bool) -> AsyncIterator[Hub]:
    """The hub on the user's data folder. With `run` it works until the command ends, and holds the folder alone."""
    settings = Settings.read()
    logs.configure(settings)
    async with Hub.open(settings=settings, run=run) as hub:
        yield hub


@asynccontextmanager
async def filed_hub(*, run: bool) -> AsyncIterator[Hub]:
    """The same for what was filed before. Raises NotFound where no hub has ever been, and makes no folder there."""
    settings = Settings.read()
    if settings.database_url is None and not (settings.data_dir / "hub.db").exists():
        raise NotFound(f"there is no case in {settings.data_dir}; HUB_DATA_DIR says where the hub's data is")
    async with user_hub(run=run) as hub:
        yield hub


@asynccontextmanager
async def looking_hub(config: Path | None = None) -> AsyncIterator[Hub]:
    """A hub that only answers questions; it leaves the user's database and folder untouched."""
    with tempfile.TemporaryDirectory(prefix="hub-") as folder:
        settings = Settings.read(data_dir=Path(folder), database_url=None)
        logs.configure(settings)
        async with Hub.open(config, settings=settings, run=False) as hub:
            yield hub
