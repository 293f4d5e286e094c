"""The command line explains itself, quickly."""

from __future__ import annotations

import subprocess
import sys

import pytest

COMMANDS = (
    *("demo", "check", "items", "adapters", "plan", "example", "preview", "validate", "verify", "submit", "case"),
    *("cancel", "gate", "recheck", "trace", "issue", "receipt", "deliver", "verify-receipt", "lookup"),
    *("charges", "pay", "refund", "supplement", "reconcile"),
)
HEAVY = ("pydantic", "sqlalchemy", "lxml", "zeep", "asyncssh", "httpx", "yaml")


def test_help_lists_every_command_and_the_exit_codes(cli):
    shown = cli("--help")
    assert shown.code == 0
    for name in (*COMMANDS, "sim"):
        assert f"\n  {name} " in shown.out
    for code in "01234":
        assert f"\n    {code}  " in shown.out


@pytest.mark.parametrize("name", [*((each,) for each in COMMANDS), ("sim", "up")])
def test_help_of_a_command_has_an_example_and_the_json_option(cli, name):
    shown = cli(*name, "--help")
    assert shown.code == 0
    assert f"hub {' '.join(name)}" in shown.out.partition("Example:")[2]
    assert "--json" in shown.out


def test_help_imports_nothing_that_takes_long(tmp_path):
    script = "\n".join(
        (
            "import sys",
            "from hub.cli.app import run",
            "try: run(['--help'])",
            "except SystemExit: pass",
            f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)",
        )
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stderr.strip() == "[]"


def test_no_command_shows_the_help(cli):
    assert "Commands:" in f"{cli().out}{cli().err}"


def test_version_is_the_package_s(cli):
    from hub import __version__

    assert cli("--version").out.strip() == __version__


@pytest.mark.parametrize(
    "wrong", [("fly",), ("case",), ("plan", "JX6-WAT-01"), ("submit", "a", "b"), ("items", "--no")]
)
def test_wrong_usage_ends_with_2_and_says_so_on_standard_error(cli, wrong):
    ran = cli(*wrong)
    assert (ran.code, ran.out) == (2, "")
    assert "Usage: hub" in ran.err


@pytest.mark.parametrize(("name", "value"), [("HUB_LOG_LEVEL", "loud"), ("HUB_CALLBACK_PORT", "many")])
def test_wrong_setting_ends_with_3_and_names_the_variable(cli, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    ran = cli("items")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith(f"{name}: ")
    assert value not in ran.err


def test_errors_are_a_json_document_when_json_is_asked_for(cli):
    ran = cli("case", "JX6000", "--json")
    assert ran.code == 2
    assert ran.json["error"] == "NotFound"
    assert ran.err.strip().endswith("[NotFound]")
