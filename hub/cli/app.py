"""The command line's tree: its commands, its exit codes, and how errors become them."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from hub.cli import adapters, cases, check, demo, gates, issuing, lookup, money, planning, sim, trace
from hub.cli import reconcile as reconciling
from hub.cli import supplement as supplementing
from hub.cli import verify as verifying
from hub.cli.options import example
from hub.cli.output import exit_code, report
from hub.errors import HubError

_EPILOG = """\b
Exit codes:
  0  done
  1  the answer is no: check found faults, the case is not decided
  2  the input or the usage is wrong
  3  the configuration or a setting is wrong
  4  nothing was stored; try later

Settings are environment variables with the prefix HUB_, such as HUB_DATA_DIR and HUB_CONFIG_DIR."""

app = typer.Typer(
    name="hub",
    help="One application, many utilities, one joint answer.",
    epilog=_EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    # A traceback that shows local values would show personal data.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_FILE = "hub submit application.json --wait"
_PAY = "hub pay JX6202611243304020000015 CHARGE --reference 2026112400017 --amount 680.00 --channel ALIPAY --wait"
_SUPPLEMENT = "hub supplement JX6202611243304020000015 --task 1 --material RE_CERT=scan.pdf --wait"

app.command(epilog=example("hub demo", "hub demo --fault water:after-commit"))(demo.demo)
app.command(epilog=example("hub check --config ./city"))(check.check)
app.command(epilog=example("hub items --field water --county 330402"))(check.items)
app.command(epilog=example("hub adapters"))(adapters.adapters)
app.command(epilog=example("hub plan JX6-WAT-01 JX6-ELE-05 --division 330402007"))(planning.plan)
app.command("example", epilog=example("hub example JX6-WAT-01 > application.json"))(planning.example_application)
app.command(epilog=example("hub preview application.json", "hub example JX6-WAT-01 | hub preview -"))(cases.preview)
app.command(epilog=example("hub validate application.json"))(cases.validate)
app.command(epilog=example("hub verify application.json --method CLERK"))(verifying.verify)
app.command(epilog=example(_FILE))(cases.submit)
app.command(epilog=example("hub case JX6202611243304020000015"))(cases.case)
app.command(epilog=example("hub cancel JX6202611243304020000015 --task JX6202611243304020000015-01"))(cases.cancel)
app.command(epilog=example('hub gate JX6202611243304020000015 --open --note "joint survey held"'))(gates.gate)
app.command(epilog=example("hub recheck JX6202611243304020000015 --task 2"))(gates.recheck)
app.command(epilog=example("hub charges JX6202611243304020000015 --ask"))(money.charges)
app.command(epilog=example(_PAY))(money.pay)
app.command(epilog=example("hub refund JX6202611243304020000015-51 --reason 缴错户号 --wait"))(money.refund)
app.command(epilog=example(_SUPPLEMENT))(supplementing.supplement)
app.command(epilog=example("hub reconcile --date 2026-11-24"))(reconciling.reconcile)
app.command(epilog=example("hub trace JX6202611243304020000015 --task 1"))(trace.trace)
app.command(epilog=example("hub issue JX6202611243304020000015 -o receipt.pdf"))(issuing.issue)
app.command(epilog=example("hub receipt JX6202611243304020000015 -o receipt.pdf"))(issuing.receipt)
app.command(epilog=example("hub deliver JX6202611243304020000015 --method window --operator c01"))(issuing.deliver)
app.command("verify-receipt", epilog=example("hub verify-receipt receipt.pdf"))(issuing.verify_receipt)
app.command(epilog=example("hub lookup 330402195203140024 --division 330402007 --item JX6-WAT-01"))(lookup.lookup)
app.add_typer(sim.app, name="sim")


@app.callback(invoke_without_command=True)
def _hub(
    *, version: Annotated[bool, typer.Option("--version", help="Show the version.", is_eager=True)] = False
) -> None:
    if version:
        from hub import __version__

        typer.echo(__version__)
        raise typer.Exit


def run(arguments: list[str]) -> None:
    """Run one command and end the process with its exit code."""
    try:
        app(args=arguments, prog_name="hub")
    except HubError as error:
        report(error, as_json="--json" in arguments)
        sys.exit(exit_code(error))
