"""The command and its verbs; errors become messages and exit codes here.

Nothing is imported before it is needed: a verb's module when that verb is asked for, all of them for
``--help``, and torch only by what trains or predicts.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated

import typer

from ..errors import EmsegError
from .exit_codes import WRONG_INPUT
from .light import LightGroup

VERBS: Mapping[str, str] = {
    "run": "running:run",
    "predict": "predicting:predict",
    "score": "scoring:score",
    "rescore": "rescoring:rescore",
    "report": "reporting:report",
    "list": "listing:app",
    "describe": "describing:app",
    "pretrain": "pretraining:pretrain",
    "data": "data:app",
    "weights": "weights:app",
    "plugins": "plugin_commands:app",
}
"""In this room: a function, with the module's ``EXAMPLES`` below its help, or a `typer.Typer` of verbs."""


def make_app(arguments: Sequence[str]) -> typer.Typer:
    """Build the command with the verb that `arguments` start with, or with all verbs."""
    app = typer.Typer(
        name="emseg-bench",
        cls=LightGroup,
        help="Which segmentation model to trust on electron-microscopy data, at what cost, how surely.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    asked = [name for name in arguments[:1] if name in VERBS]
    for name in asked or VERBS:
        _add(app, name)
    return app


def _add(app: typer.Typer, name: str) -> None:
    module, _, attribute = VERBS[name].partition(":")
    room = import_module(f".{module}", __package__)
    verb = getattr(room, attribute)
    if isinstance(verb, typer.Typer):
        app.add_typer(verb, name=name)
    else:
        app.command(name, epilog=room.EXAMPLES)(verb)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"emseg-bench {version('emseg-bench')}")
        raise typer.Exit


def _options(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Take the options that stand before a verb."""


def main() -> None:
    """Run the command line: exit 0 all done, 1 a trial failed, 2 wrong input, 130 interrupted."""
    try:
        make_app(sys.argv[1:])()
    except EmsegError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(WRONG_INPUT)
