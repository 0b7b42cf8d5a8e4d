"""``emseg-bench list``: what there is to choose from."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..benchmark.plugins.kinds import KINDS
from ..benchmark.tuning.kinds import TUNING_KINDS
from .cells import cell, columns
from .light import LightCommand, LightGroup

if TYPE_CHECKING:
    from ..benchmark.contracts.cards import (
        DatasetCard,
        ExecutorCard,
        MetricCard,
        ModelCard,
        PretrainingCard,
        ProtocolCard,
        RecipeCard,
    )
    from ..benchmark.contracts.settings import ScoringProtocol

Row = dict[str, Any]

NARROW = {
    "models": ("name", "family", "parameters", "initialisations", "size divisor"),
    "metrics": ("name", "unit", "better", "ms per megapixel and class", "needs"),
    "recipes": ("name", "iterations", "batch_size", "crop", "optimiser"),
    "protocols": ("name", "window", "overlap", "blending", "ranks by"),
}
"""What a narrow terminal shows; else all."""


app = typer.Typer(
    cls=LightGroup,
    help="List what can be asked for by name.",
    epilog="Examples:  emseg-bench list models    emseg-bench list recipes --json",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def _verb(kind: str) -> Callable[[bool], None]:
    def list_(
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
    ) -> None:
        _list(kind, as_json=as_json)

    return list_


for _kind, _help in (
    *((kind.registry.replace("_", "-"), kind.summary) for kind in KINDS),
    *((kind.plural, kind.summary) for kind in TUNING_KINDS),
):
    app.command(_kind, cls=LightCommand, help=_help)(_verb(_kind))  # a verb each: arguments import pydantic


def _list(kind: str, *, as_json: bool) -> None:
    rows, problems = _rows(kind)
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    else:
        _print([{key: cell(value) for key, value in row.items()} for row in rows], NARROW.get(kind))
    for problem in problems:
        typer.echo(f"warning: plugin {problem}", err=True)


def _print(rows: list[dict[str, str]], narrow: Sequence[str] | None) -> None:
    """Print a table that fits the terminal; elsewhere whole lines in columns, for ``grep`` and its like."""
    if not sys.stdout.isatty():
        for line in columns(rows):
            typer.echo(line)
        return
    from .tables import print_table

    print_table(rows, [{key: row[key] for key in narrow or row} for row in rows])


def _rows(kind: str) -> tuple[list[Row], list[str]]:
    from ..benchmark.plugins.loading import load_plugins

    for one in TUNING_KINDS:
        if one.plural == kind:
            return [_tuning(card) for card in one.cards.values()], []
    catalogue = load_plugins().catalogue
    registry = next(catalogue.registry(one) for one in KINDS if one.registry == kind.replace("-", "_"))
    rows = [row for card in registry for row in ROWS.get(kind, _plain)(card)]
    return rows, [str(problem) for problem in catalogue.problems]


def _tuning(card: Any) -> Row:
    """A sampler or pruner: the default first."""
    options = [field.name for field in fields(card.options)] if card.options else None
    return {"name": card.name, "options": options, "description": card.description}


def _plain(card: Any) -> list[Row]:
    """A name and what stands behind it, for kinds of which nothing else is told in a list."""
    return [{"name": card.name, "description": getattr(card, "description", None) or card.title}]


def _model(card: ModelCard) -> list[Row]:
    row = {
        "name": card.name,
        "family": card.family,
        "parameters": card.parameters,
        "initialisations": [init.name for init in card.initialisations],
        "size divisor": card.size_divisor if isinstance(card.size_divisor, int) else "by options",
        "description": card.description,
    }
    return [row]


def _dataset(card: DatasetCard) -> list[Row]:
    row = {
        "name": f"{card.name}:PATH" if card.needs_location else card.name,
        "dimension": card.dimension,
        "classes": list(card.classes) if card.classes else None,
        "voxel size (nm)": list(card.voxel_size_nm) if card.voxel_size_nm else None,
        "licence": card.licence,
        "description": card.description,
    }
    return [row]


def _metric(card: MetricCard) -> list[Row]:
    row = {
        "name": card.name,
        "unit": card.unit,
        "better": card.direction,
        "ms per megapixel and class": card.ms_per_megapixel,
        "needs": list(card.needs) or None,
        "version": card.version,
        "description": card.description,
    }
    return [row]


def _executor(card: ExecutorCard) -> list[Row]:
    row = {
        "name": card.name,
        "trials run": "elsewhere" if card.elsewhere else "on this machine",
        "options": [field.name for field in fields(card.options)] if card.options else None,
        "description": card.description,
    }
    return [row]


def _pretraining(card: PretrainingCard) -> list[Row]:
    return [
        {
            "method": card.name,
            "recipe": recipe.name,
            "epochs": recipe.epochs,
            "batch size": recipe.batch_size,
            "crop": recipe.crop,
            "needs": "an encoder" if card.needs_encoder else None,
            "description": card.description,
        }
        for recipe in card.recipes
    ]


def _protocol(card: ProtocolCard) -> list[Row]:
    protocol = card.protocol
    row = {
        "name": card.name,
        "window": str(protocol.window),
        **_windowing(protocol),
        "ranks by": protocol.primary,
        "metrics": list(protocol.metrics),
        "description": card.description,
    }
    return [row]


def _windowing(protocol: ScoringProtocol) -> Row:
    """How windows overlap; nothing where whole images are seen."""
    windows = not str(protocol.window).startswith("whole")
    return {
        "overlap": protocol.overlap if windows else None,
        "in volumes": protocol.slice_overlap if windows else None,
        "blending": protocol.blending if windows else None,
        "padding": protocol.padding if windows else None,
    }


def _recipe(card: RecipeCard) -> list[Row]:
    recipe = card.recipe
    row = {
        "name": card.name,
        "iterations": recipe.iterations,
        "batch_size": recipe.batch_size,
        "crop": recipe.crop,
        "optimiser": recipe.optimiser,
        "learning_rate": recipe.learning_rate,
        "schedule": recipe.schedule,
        "loss": recipe.loss,
        "validations": recipe.validations,
        "description": card.description,
    }
    return [row]


ROWS: Mapping[str, Callable[[Any], list[Row]]] = {
    "models": _model,
    "datasets": _dataset,
    "metrics": _metric,
    "executors": _executor,
    "pretraining": _pretraining,
    "recipes": _recipe,
    "protocols": _protocol,
}
"""What a list tells of a card, by kind."""
