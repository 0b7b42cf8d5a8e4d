"""``emseg-bench list``: what there is to choose from."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..contracts import DatasetCard, MetricCard, ModelCard, PretrainingCard, ScoringProtocol

EXAMPLES = "Examples:  emseg-bench list models    emseg-bench list recipes --json"

Row = dict[str, Any]


class Kind(StrEnum):
    """What can be listed."""

    MODELS = "models"
    DATASETS = "datasets"
    METRICS = "metrics"
    RECIPES = "recipes"
    PROTOCOLS = "protocols"
    PRETRAINING = "pretraining"


NARROW = {
    Kind.RECIPES: ("name", "iterations", "batch_size", "crop", "optimiser"),
    Kind.PROTOCOLS: ("name", "window", "overlap", "blending", "ranks by"),
}
"""What a narrow terminal shows; else all."""


def list_(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """List what can be asked for by name."""
    rows, problems = _rows(kind)
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    else:
        from .tables import print_table

        shown = [{key: _text(value) for key, value in row.items()} for row in rows]
        narrower = [{key: row[key] for key in NARROW.get(kind, row)} for row in shown]
        print_table(shown, narrower)
    for problem in problems:
        typer.echo(f"warning: plugin {problem}", err=True)


def _rows(kind: Kind) -> tuple[list[Row], list[str]]:
    if kind is Kind.RECIPES:
        return _recipes(), []
    if kind is Kind.PROTOCOLS:
        return _protocols(), []
    from ..plugins import load_plugins

    catalogue = load_plugins().catalogue
    rows = {
        Kind.MODELS: [_model(card) for card in catalogue.models],
        Kind.DATASETS: [_dataset(card) for card in catalogue.datasets],
        Kind.METRICS: [_metric(card) for card in catalogue.metrics],
        Kind.PRETRAINING: [row for card in catalogue.pretraining for row in _pretraining(card)],
    }[kind]
    return rows, [str(problem) for problem in catalogue.problems]


def _model(card: ModelCard) -> Row:
    return {
        "name": card.name,
        "family": card.family,
        "parameters": card.parameters,
        "initialisations": [init.name for init in card.initialisations],
        "size divisor": card.size_divisor,
        "description": card.description,
    }


def _dataset(card: DatasetCard) -> Row:
    return {
        "name": f"{card.name}:PATH" if card.needs_location else card.name,
        "dimension": card.dimension,
        "classes": list(card.classes) if card.classes else None,
        "voxel size (nm)": list(card.voxel_size_nm) if card.voxel_size_nm else None,
        "licence": card.licence,
        "description": card.description,
    }


def _metric(card: MetricCard) -> Row:
    return {
        "name": card.name,
        "unit": card.unit,
        "better": card.direction,
        "version": card.version,
        "description": card.description,
    }


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


def _protocols() -> list[Row]:
    from ..presets import PROTOCOLS

    return [
        {
            "name": protocol.name,
            "window": str(protocol.window),
            **_windowing(protocol),
            "ranks by": protocol.primary,
            "metrics": list(protocol.metrics),
        }
        for protocol in PROTOCOLS.values()
    ]


def _windowing(protocol: ScoringProtocol) -> Row:
    """How windows overlap; nothing where whole images are seen."""
    windows = not str(protocol.window).startswith("whole")
    return {
        "overlap": protocol.overlap if windows else None,
        "in volumes": protocol.slice_overlap if windows else None,
        "blending": protocol.blending if windows else None,
        "padding": protocol.padding if windows else None,
    }


def _recipes() -> list[Row]:
    from dataclasses import asdict

    from ..presets import RECIPES

    shown = (
        "name",
        "iterations",
        "batch_size",
        "crop",
        "optimiser",
        "learning_rate",
        "schedule",
        "validations",
    )
    return [{key: asdict(recipe)[key] for key in shown} for recipe in RECIPES.values()]


def _text(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return f"{value:,}" if isinstance(value, int) else str(value)
