"""``emseg-bench weights``: published and imported weight files, and what is on this machine."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .exit_codes import SOME_FAILED, interruptible
from .light import LightCommand, LightGroup

if TYPE_CHECKING:
    from ..benchmark.contracts.basics import OptionValue
    from ..benchmark.contracts.cards import WeightsCard
    from ..benchmark.plugins.registry import Catalogue, Offer
    from ..benchmark.weights.library import Entry, Library

app = typer.Typer(
    cls=LightGroup,
    help="List, fetch, import and verify pre-trained weights.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Row = dict[str, Any]


@app.command(
    "list",
    cls=LightCommand,
    epilog="Examples:  emseg-bench weights list    emseg-bench weights list --json",
)
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """List the weights that are published for the models, and those that you imported."""
    catalogue, library = _open()
    entries = library.entries()
    rows = [_published(card, catalogue, entries.get(card.name)) for card in catalogue.weights]
    rows += [_own(entry, library) for name, entry in entries.items() if name not in catalogue.weights.offers]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    else:
        from .tables import print_table

        shown = ("name", "for", "here", "checksum", "licence", "origin")
        print_table(*([{key: str(row[key]) for key in shown[:n]} for row in rows] for n in (6, 5, 4)))
    for problem in catalogue.problems:
        typer.echo(f"warning: plugin {problem}", err=True)


@app.command(
    "fetch",
    cls=LightCommand,
    epilog="Examples:  emseg-bench weights fetch unet-cem500k-mocov2    "
    "emseg-bench weights fetch 'unet-imagenet[encoder=resnet50]'",
)
def fetch(
    name: Annotated[str, typer.Argument(help="A name of 'weights list'.", metavar="NAME")],
    url: Annotated[str | None, typer.Option(help="Fetch from this mirror.", metavar="ADDRESS")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Fetch anew, and take the place of what is here.")
    ] = False,
) -> None:
    """Download published weights, check them and take them into the library."""
    from ..benchmark.plugins.references import parse_dataset
    from ..benchmark.weights.fetching import fetch as fetch_card
    from .console import Console
    from .progress import transfer

    catalogue, library = _open()
    reference = parse_dataset(name)
    offer = catalogue.find(catalogue.weights, reference.name)
    if offer.card.source is not None:
        _fetch_from_source(offer, catalogue, reference.options, url)
        return
    _refuse_options(offer.card, reference.options)
    entry = library.entries().get(offer.card.name)
    if entry and not replace and not library.fault(entry):
        typer.echo(f"{entry.name} is here already: {library.file(entry.name)}")
        return
    console = Console(stderr=True)
    with interruptible("nothing was taken in"), transfer(offer.card.name, console) as meter:
        entry = fetch_card(offer.card, catalogue, library, meter, url=url, replace=replace)
    _tell(entry, library, catalogue)


@app.command("import", cls=LightCommand, epilog="Example:  emseg-bench weights import pretrain_200.pt")
def import_(
    file: Annotated[Path, typer.Argument(help="A weight file.", metavar="FILE")],
    name: Annotated[
        str | None,
        typer.Option("--as", help="What to call it: a name of 'weights list', or your own.", metavar="NAME"),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of other weights of that name.")
    ] = False,
) -> None:
    """Recognise a weight file, convert it and take it into the library."""
    from ..benchmark.weights.importing import ImportOptions, import_weights

    catalogue, library = _open()
    with interruptible("nothing was taken in"):
        entry = import_weights(file, catalogue, library, ImportOptions(name=name, replace=replace))
    _tell(entry, library, catalogue)


@app.command("verify", cls=LightCommand, epilog="Example:  emseg-bench weights verify")
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(help="Which; default: all.", metavar="[NAME]...")
    ] = None,
) -> None:
    """Hash and read imported weights again; exit code 1 if one of them is not what it was."""
    from ..benchmark.contracts.errors import UnknownNameError
    from ..benchmark.weights.verification import verify as verify_entry

    catalogue, library = _open()
    entries = library.entries()
    for name in names or ():
        if name not in entries:
            raise UnknownNameError("imported weight file", name, entries)
    faults = 0
    for entry in (entries[name] for name in names or entries):
        offer = catalogue.weights.offers.get(entry.name)
        fault = verify_entry(entry, offer.card if offer else None, library)
        faults += bool(fault)
        typer.echo(f"{entry.name}: {fault or 'as imported'}")
    if not entries:
        typer.echo(f"no weights were imported yet into {library.root}")
    if faults:
        raise typer.Exit(SOME_FAILED)


def _open() -> tuple[Catalogue, Library]:
    from ..benchmark.plugins.loading import load_plugins
    from ..benchmark.weights.library import Library

    return load_plugins().catalogue, Library.here()


def _published(card: WeightsCard, catalogue: Catalogue, entry: Entry | None) -> Row:
    from ..benchmark.weights.importing import short_label

    pixels = card.normalisation
    known = "published" if card.sha256 else "as imported" if entry else "unknown"
    return {
        "name": card.name,
        "for": short_label(card.model, card.options, catalogue)
        + (f"@{card.init}" if card.init else " (trained)"),
        "description": card.description,
        "origin": card.origin,
        "url": card.url,
        "licence": card.licence,
        "citation": card.citation,
        "classes": list(card.class_names),
        "normalisation": {"mean": pixels.mean, "std": pixels.std} if pixels else None,
        "window": card.window,
        "checksum": "the hub's" if card.source and not entry else known,
        "sha256": card.sha256 or (entry.original_sha256 if entry else None),
        "here": "yes" if entry else "see hub" if card.source else "no",
    }


def _own(entry: Entry, library: Library) -> Row:
    return {
        "name": entry.name,
        "for": entry.usable_as,
        "description": entry.kind,
        "origin": entry.original_name,
        "url": None,
        "licence": "–",
        "citation": None,
        "classes": [],
        "normalisation": None,
        "window": None,
        "checksum": "as imported",
        "sha256": entry.original_sha256,
        "here": "yes" if library.file(entry.name).is_file() else "gone",
    }


def _refuse_options(card: WeightsCard, options: object) -> None:
    from ..benchmark.contracts.errors import UsageError

    if options:
        raise UsageError(f"{card.name} is one file, it takes no options in brackets.")


def _fetch_from_source(offer: Offer[WeightsCard], catalogue: Catalogue, given: Any, url: str | None) -> None:
    from ..benchmark.contracts.errors import UsageError
    from ..benchmark.plugins.asked import complete_options
    from ..benchmark.weights.fetching import obtain_from_source

    card = offer.card
    if url:
        raise UsageError(f"{card.name} comes from {card.origin}; there is no mirror to name for it.")
    if card.options:
        _refuse_options(card, given)
    options: dict[str, OptionValue] = complete_options(
        catalogue.find(catalogue.models, card.model).card, {**card.options, **given}
    )
    typer.echo(f"{card.name} ({card.licence}) is here: {obtain_from_source(offer, options)}")


def _tell(entry: Entry, library: Library, catalogue: Catalogue) -> None:
    typer.echo(f"{entry.name}: {entry.kind}")
    if (offer := catalogue.weights.offers.get(entry.name)) is not None:
        typer.echo(f"licence: {offer.card.licence}")
    typer.echo(f"now at {library.file(entry.name)}")
    if entry.trained:
        name = shlex.quote(entry.name)
        typer.echo(f"segment with it: emseg-bench predict IMAGES --weights {name} --out FOLDER")
    typer.echo(f"start from it: {shlex.join(['--models', entry.usable_as])}")
