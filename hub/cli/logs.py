"""Logging of a command: to standard error, at the level and in the form that the settings name."""

from __future__ import annotations

import json
import logging
import sys

from hub.settings import Settings

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        extra = " ".join(f"{name}={_on_one_line(value)}" for name, value in _extra(record).items())
        return f"{record.levelname.lower()} {record.name}: {super().format(record)}{' ' if extra else ''}{extra}"


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        known = {"level": record.levelname, "logger": record.name, "message": super().format(record)}
        return json.dumps({**known, **_extra(record)}, ensure_ascii=False, default=str)


def configure(settings: Settings, *, level: str | None = None) -> None:
    """Send the hub's own log to standard error. Other libraries' are kept to warnings: they may log addresses."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if settings.log_format == "json" else _Text())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for noisy in ("asyncssh", "uvicorn", "alembic", "zeep"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    logging.getLogger("hub").setLevel(level or settings.log_level)


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in record.__dict__.items() if name not in _STANDARD}


def _on_one_line(value: object) -> str:
    """What is given from outside must not look like a line of its own, nor move the cursor of a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in str(value))
