"""The command and its verbs; errors become messages and exit codes here.

Nothing is imported before it is needed: a verb's module when that verb is asked for, all of them for
``--help``, and torch only by what trains or predicts.
"""

from __future__ import annotations

import gc
import os
import re
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated, Final

import typer

from ..benchmark.contracts.errors import EmsegError
from ..benchmark.files.cache import lend_home
from ..benchmark.files.limits import VARIABLE, limit_bytes
from .exit_codes import WRONG_INPUT
from .light import LightCommand, LightGroup
from .terminal import guarded_streams

VERBS: Mapping[str, str] = {
    "demo": "demo:demo",
    "run": "running:run",
    "tune": "tuning:tune",
    "predict": "predicting:predict",
    "export": "exporting:export",
    "score": "scoring:score",
    "rescore": "rescoring:rescore",
    "report": "reporting:report",
    "verify": "verifying:verify",
    "merge": "merging:merge",
    "bundle": "bundling:bundle",
    "unbundle": "unbundling:unbundle",
    "status": "standing:status",
    "log": "logs:log",
    "list": "listing:app",
    "describe": "describing:app",
    "pretrain": "pretraining:pretrain",
    "data": "data:app",
    "weights": "weights:app",
    "plugins": "plugin_commands:app",
    "trial": "trial:trial",
}
"""In this room: a function, with the module's ``EXAMPLES`` below its help, or a `typer.Typer` of verbs."""
HIDDEN = frozenset({"trial"})
"""What programs call."""

_LINE: Final = re.compile(r"\n(?=[^\s-])")
"""Where a line begins that is neither an item of a list nor indented."""
_INDENTED: Final = "\n  "
LIMIT = "--limit-gib"


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
    asked = _verb(arguments)
    for name in (asked,) if asked in VERBS else VERBS:
        _add(app, name)
    return app


def _verb(arguments: Sequence[str]) -> str:
    """Return the first argument that is neither an option of the command's own nor the value of one."""
    words = iter(arguments)
    for word in words:
        if word == LIMIT:
            next(words, "")
        elif not word.startswith(f"{LIMIT}="):
            return word
    return ""


def _add(app: typer.Typer, name: str) -> None:
    module, _, attribute = VERBS[name].partition(":")
    room = import_module(f".{module}", __package__)
    verb = getattr(room, attribute)
    if isinstance(verb, typer.Typer):
        app.add_typer(verb, name=name)
    else:
        app.command(name, cls=LightCommand, epilog=room.EXAMPLES, hidden=name in HIDDEN)(verb)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"emseg-bench {version('emseg-bench')}")
        raise typer.Exit


def _options(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    limit_gib: Annotated[
        str,
        typer.Option(
            LIMIT,
            metavar="GIB",
            help="How much memory a file may take that is decoded in one piece: an image, a chunk, packed "
            "weights (default 1).",
        ),
    ] = "",
) -> None:
    """Take the options that stand before a verb."""
    if limit_gib:
        os.environ[VARIABLE] = limit_gib  # workers inherit it
        limit_bytes(f"{LIMIT} got")


def command() -> None:
    """Run `main` in a process of its own, which need not look for cycles in what it leaves behind."""
    if sys.argv[1:2] == ["report"]:  # what it makes stays until it ends, so nothing is found in it meanwhile
        gc.disable()
    try:
        main()
    finally:
        gc.freeze()


def main() -> None:
    """Run the command line: exit 0 all done, 1 a trial failed, 2 wrong input, 130 interrupted.

    What a library raises on a file's content is wrong input as well; faults of our own show their traceback.
    """
    lend_home()
    with guarded_streams():
        _run()


def _run() -> None:
    try:
        make_app(sys.argv[1:])()
    except EmsegError as error:
        _tell(str(error))
        sys.exit(WRONG_INPUT)
    except BaseException as failure:
        from ..benchmark.files.decoding import explained
        from ..benchmark.files.disk import disk_told
        from ..benchmark.files.regular import told_of_path

        sentence = disk_told(failure) or explained(failure) or told_of_path(failure)
        if sentence is None:
            raise
        _tell(sentence)
        sys.exit(WRONG_INPUT)


def _tell(error: str) -> None:
    """Say what is wrong; no line of it, of a file's name perhaps, looks like another message."""
    typer.echo(f"error: {_LINE.sub(_INDENTED, error)}", err=True)
