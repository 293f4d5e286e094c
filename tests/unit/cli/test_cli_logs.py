"""The log in text: one record is one line, whatever was given from outside."""

from __future__ import annotations

import io
import logging
import sys

import pytest

from hub.cli.logs import configure
from hub.settings import Settings


@pytest.mark.parametrize("form", ["text", "json"])
def test_reason_with_line_breaks_and_terminal_codes_stays_on_its_line(monkeypatch, tmp_path, form):
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    before = logging.getLogger().handlers[:]
    try:
        configure(Settings(data_dir=tmp_path, log_format=form), level="INFO")
        extra = {"reason": "complaint\nerror hub.audit: forged\x1b[2J 投诉"}
        logging.getLogger("hub.audit").warning("a trace was revealed", extra=extra)
    finally:
        logging.getLogger().handlers[:] = before
    (line,) = out.getvalue().splitlines()
    assert "\x1b" not in line
    assert "投诉" in line
