"""The command and its verbs; errors become messages and exit codes here.

Nothing heavy is imported before a verb needs it: ``--help`` and ``list`` never load torch.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ..errors import EmsegError
from . import listing, predicting, pretraining, reporting, running, scoring, weights
from .exit_codes import WRONG_INPUT

app = typer.Typer(
    name="emseg-bench",
    help="Which segmentation model to trust on electron-microscopy data, at what cost, how surely.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run", epilog=running.EXAMPLES)(running.run)
app.command("predict", epilog=predicting.EXAMPLES)(predicting.predict)
app.command("score", epilog=scoring.EXAMPLES)(scoring.score)
app.command("report", epilog=reporting.EXAMPLES)(reporting.report)
app.command("list", epilog=listing.EXAMPLES)(listing.list_)
app.command("pretrain", epilog=pretraining.EXAMPLES)(pretraining.pretrain)
app.add_typer(weights.app, name="weights")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"emseg-bench {version('emseg-bench')}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Take the options that stand before a verb."""


def main() -> None:
    """Run the command line: exit 0 all done, 1 a trial failed, 2 wrong input, 130 interrupted."""
    try:
        app()
    except EmsegError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(WRONG_INPUT)
