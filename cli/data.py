"""``emseg-bench data``: published datasets, what of them is on this machine, and a lab's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .data_info import info
from .data_init import EXAMPLES as INIT_EXAMPLES
from .data_init import init
from .data_inspect import EXAMPLES as INSPECT_EXAMPLES
from .data_inspect import inspect
from .data_verify import verify
from .exit_codes import interruptible
from .light import LightCommand, LightGroup

if TYPE_CHECKING:
    from ..benchmark.plugins.registry import Catalogue
    from ..datasets.fetching.fetching import Wishes
    from ..datasets.fetching.store import DataStore

app = typer.Typer(
    cls=LightGroup,
    help="List, fetch, import, verify and describe datasets.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

GOES_ON = "the same command goes on where this one stopped"


@app.command(
    "list", cls=LightCommand, epilog="Examples:  emseg-bench data list    emseg-bench data list --json"
)
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """List the published datasets, and say which of them are on this machine."""
    from .data_rows import published_rows, shown

    catalogue, store = _open()
    rows = published_rows(catalogue, store)
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    else:
        from .tables import print_table

        print_table(*(shown(rows, columns) for columns in (7, 6, 4)))
    for problem in catalogue.problems:
        typer.echo(f"warning: plugin {problem}", err=True)


app.command(
    "info",
    cls=LightCommand,
    epilog="Examples:  emseg-bench data info vnc    emseg-bench data info folder:/data/my_cells --json",
)(info)


@app.command(
    "fetch",
    cls=LightCommand,
    epilog="Examples:  emseg-bench data fetch vnc    "
    "emseg-bench data fetch lucchi-pp --url https://mirror.example/lucchi_pp.zip",
)
def fetch(
    name: Annotated[str, typer.Argument(help="A name of 'data list'.", metavar="NAME")],
    url: Annotated[
        list[str] | None,
        typer.Option(
            help="Fetch from a mirror: a folder's address, the one file's, or FILE=ADDRESS.",
            metavar="ADDRESS",
        ),
    ] = None,
    archive: Annotated[
        list[Path] | None,
        typer.Option(help="Take this file from here, and download the others.", metavar="FILE"),
    ] = None,
) -> None:
    """Download a dataset, check it, unpack it and convert it; what has come is not fetched again."""
    from ..datasets.fetching.fetching import Wishes

    _fetch(name, Wishes(archives=tuple(archive or ()), mirrors=tuple(url or ())))


@app.command(
    "import",
    cls=LightCommand,
    epilog="Examples:  emseg-bench data import lucchi-pp --archive lucchi_pp.zip    "
    "emseg-bench data import vnc --archive /data/unpacked",
)
def import_(
    name: Annotated[str, typer.Argument(help="A name of 'data list'.", metavar="NAME")],
    archive: Annotated[
        list[Path],
        typer.Option(help="A published file, or a folder with what was in the archives.", metavar="FILE"),
    ],
) -> None:
    """Make a dataset of files that are on this machine already; nothing is downloaded."""
    from ..datasets.fetching.fetching import Wishes

    _fetch(name, Wishes(archives=tuple(archive), offline=True))


app.command(
    "verify",
    cls=LightCommand,
    epilog="Examples:  emseg-bench data verify vnc    emseg-bench data verify folder:/data/my_cells    "
    "emseg-bench data verify vnc --pretraining /data/em_images",
)(verify)


app.command("init", cls=LightCommand, epilog=INIT_EXAMPLES)(init)
app.command("inspect", cls=LightCommand, epilog=INSPECT_EXAMPLES)(inspect)


@app.command("remove", cls=LightCommand, epilog="Example:  emseg-bench data remove vnc")
def remove(
    name: Annotated[str, typer.Argument(help="A name of 'data list'.", metavar="NAME")],
    forget: Annotated[bool, typer.Option("--forget", help="Forget the checksums of its files too.")] = False,
) -> None:
    """Remove a dataset's files and arrays from this machine; the checksums of its files stay on record."""
    catalogue, store = _open()
    card = catalogue.find(catalogue.datasets, name).card
    removed = store.remove(card.name, forget=forget)
    typer.echo(f"{name}: {f'{removed / 1e6:,.1f} MB removed' if removed else 'nothing to remove'}")


def _open() -> tuple[Catalogue, DataStore]:
    from ..benchmark.plugins.loading import load_plugins
    from ..datasets.fetching.store import DataStore

    return load_plugins().catalogue, DataStore.here()


def _fetch(name: str, wishes: Wishes) -> None:
    from ..datasets.fetching.fetching import Fetcher
    from .console import Console
    from .data_teller import TerminalTeller

    catalogue, store = _open()
    card = catalogue.find(catalogue.datasets, name).card
    with interruptible(GOES_ON):
        new = Fetcher(catalogue, store, TerminalTeller(Console(stderr=True))).fetch(name, wishes)
    place = store.arrays(name, card.version) if card.convert else store.files(name)
    typer.echo(f"{name} is {'' if new else 'already '}here: {place}")
    use = f"run --models unet --datasets {name}" if card.convert else f"pretrain --images {name}"
    typer.echo(f"use it: emseg-bench {use}")
