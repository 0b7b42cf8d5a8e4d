"""``emseg-bench describe``: everything that a card says."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, fields, is_dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..benchmark.contracts.errors import UnknownNameError
from ..benchmark.plugins.kinds import BY_KEY, KINDS
from ..benchmark.tuning.kinds import TUNING_KINDS
from .cells import cell
from .light import LightCommand

if TYPE_CHECKING:
    from ..benchmark.contracts.cards import Card
    from ..benchmark.plugins.registry import Offer
    from .console import Console

TABLES = ("options", "search_space", "initialisations", "files", "recipes")
FOR_PROGRAMS = frozenset(
    {"name", "description", "title", "factory", "format", "source", "reconstruction", "convert", *TABLES}
)
"""Fields of cards that name code, or stand elsewhere."""
SETTLED_BY_OPTIONS = frozenset({"size_divisor", "extra_outputs", "decoder"})
"""Fields of models that may name code which is called with the options."""
VERSIONED = {"metric": "metric", "dataset": "conversion"}
"""What has a version of its own."""

app = typer.Typer(
    help="Show everything that is known of a model, dataset, metric or anything else that a plugin offers.",
    epilog="Examples:  emseg-bench describe model unet    emseg-bench describe metric iou --json",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def _verb(kind: str) -> Callable[[str, bool], None]:
    def describe(
        name: Annotated[str, typer.Argument(help="Its name, as 'emseg-bench list' shows it.")],
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
    ) -> None:
        _describe(kind, name, as_json=as_json)

    return describe


for _key, _noun in (
    *((kind.key, kind.noun) for kind in KINDS),
    *((kind.key, kind.key) for kind in TUNING_KINDS),
):
    app.command(_key, cls=LightCommand, help=f"Everything that is known of one {_noun}.")(_verb(_key))


def _describe(kind: str, name: str, *, as_json: bool) -> None:
    data = _as_data(kind, _found(kind, name))
    if as_json:
        typer.echo(
            json.dumps({key: _limited(value) for key, value in data.items()}, indent=2, allow_nan=False)
        )
    else:
        _print(data)


def _found(kind: str, name: str) -> Offer[Any]:
    """Look a card up.

    Raises:
        UnknownNameError: There is none of that name.
    """
    from ..benchmark.plugins.loading import load_plugins
    from ..benchmark.plugins.registry import OWN, Offer

    for one in TUNING_KINDS:
        if one.key == kind:
            if name not in one.cards:
                raise UnknownNameError(kind, name, one.cards)
            return Offer(one.cards[name], OWN, version(OWN))
    catalogue = load_plugins().catalogue
    return catalogue.find(catalogue.registry(BY_KEY[kind]), name)


def _as_data(kind: str, offer: Offer[Any]) -> dict[str, Any]:
    """Give a card as plain data: its fields in their order, then tables, then who provides it."""
    card = offer.card
    return {
        "kind": kind,
        "name": card.name,
        "description": getattr(card, "description", None) or card.title,
        **dict(_plain_fields(kind, card)),
        "distribution": offer.distribution,
        "version": offer.version,
        "options": _options(card),
        **_search_space(card),
        **_initialisations(card),
        **{
            name: [asdict(row) for row in rows]
            for name in ("files", "recipes")
            if (rows := getattr(card, name, ()))
        },
    }


def _plain_fields(kind: str, card: Card) -> Iterator[tuple[str, Any]]:
    for field in fields(card):
        value = getattr(card, field.name)
        if field.name not in FOR_PROGRAMS:
            # a card's own version is not its distribution's
            name = f"version of the {VERSIONED[kind]}" if field.name == "version" else field.name
            asks = callable(value) or (isinstance(value, str) and ":" in value)
            by_options = field.name in SETTLED_BY_OPTIONS and asks
            yield name.replace("_", " "), "by options" if by_options else _as_plain(value)


def _as_plain(value: Any) -> Any:
    """Write a card's value as JSON has it."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return list(value) if isinstance(value, tuple | Mapping) else value


def _limited(value: Any) -> Any:
    """Write the open end of a range as null: JSON has no infinity."""
    return [None if end == math.inf else end for end in value] if isinstance(value, list) else value


def _options(card: Any) -> list[dict[str, Any]]:
    from ..benchmark.contracts.cards import ModelCard
    from ..benchmark.experiments.contexts import context_option
    from ..benchmark.experiments.regimes import train_option
    from ..benchmark.plugins.option_docs import describe_options

    options = getattr(card, "options", None)
    if isinstance(options, Mapping):
        return [{"name": name, "value": value} for name, value in options.items()]
    shared = (train_option(card), context_option(card)) if isinstance(card, ModelCard) else ()
    return [asdict(option) for option in (*describe_options(options), *shared)]


def _search_space(card: Any) -> dict[str, Any]:
    from ..benchmark.plugins.parameters import parameter_words

    if not hasattr(card, "search_space"):
        return {}
    tried = card.search_space.items()
    return {"search_space": [{"name": name, "tried": parameter_words(one)} for name, one in tried]}


def _initialisations(card: Any) -> dict[str, Any]:
    found = getattr(card, "initialisations", None)
    if found is None:
        return {}
    rows = [
        {"name": init.name, "default": init is found[0], "description": init.description} for init in found
    ]
    return {"initialisations": rows}


def _print(data: Mapping[str, Any]) -> None:
    """Print a heading, the fields, and the tables: laid out in a terminal, a line for each elsewhere."""
    from .console import Console

    console = Console()
    plain = dict(_flat({key: value for key, value in data.items() if key not in TABLES}))
    tables = {key: data[key] for key in TABLES if data.get(key)}
    if console.is_terminal:
        _print_laid_out(plain, tables, console)
    else:
        for line in _lines(plain, tables):
            typer.echo(line)


def _flat(data: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    """Spell settings within settings out, as ``--set`` takes them: ``recipe.augmentation.flip``."""
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{within}{key}.")
        else:
            yield f"{within}{key}", value


def _print_laid_out(plain: Mapping[str, Any], tables: Mapping[str, Any], console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    from .tables import print_table, say

    say(console, f"\n{plain['kind']} {plain['name']}", "bold")
    say(console, plain["description"])
    grid = Table.grid(padding=(0, 2))
    for key, value in list(plain.items())[3:]:
        grid.add_row(Text(f" {key}", "dim"), Text(cell(value)))
    console.print()
    console.print(grid)
    for title, rows in tables.items():
        print_table([{key: cell(value) for key, value in row.items()} for row in rows], title=title)


def _lines(plain: Mapping[str, Any], tables: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{key}: {cell(value)}" for key, value in plain.items())
    for title, rows in tables.items():
        for row in rows:
            told = ", ".join(f"{key} {cell(value)}" for key, value in list(row.items())[1:])
            yield f"{title.removesuffix('s')} {row['name']}: {told}"
