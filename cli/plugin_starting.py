"""``emseg-bench plugins new``: a package to start from."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = "Examples:  emseg-bench plugins new emseg-mine --kind model"


class NewKind(StrEnum):
    """What a new plugin can offer."""

    MODEL = "model"
    DATASET = "dataset"
    METRIC = "metric"
    WEIGHTS = "weights"
    PRETRAINING = "pretraining"
    RECIPE = "recipe"
    LOSS = "loss"
    SCHEDULE = "schedule"
    OPTIMISER = "optimiser"
    AUGMENTATION = "augmentation"
    PROTOCOL = "protocol"
    POSTPROCESSING = "postprocessing"
    DECODER = "decoder"
    EXECUTOR = "executor"
    REPORT_SECTION = "report-section"


def new(
    name: Annotated[str, typer.Argument(help="The distribution's name, such as emseg-mine.")],
    kind: Annotated[NewKind, typer.Option(help="What it will offer.")],
    out: Annotated[Path, typer.Option(help="Where its folder goes.")] = Path(),
) -> None:
    """Write a small plugin that works, with tests that call the contract."""
    from ..benchmark.plugins.loading import load_plugins
    from ..benchmark.plugins.plugin_writing import STARTS, write_plugin

    folder = write_plugin(name, kind, out, load_plugins().catalogue)
    offered = folder.name.removeprefix("emseg-")
    typer.echo(f"wrote {folder}: {STARTS[kind].summary.lower()} called {offered!r}")
    typer.echo(f'next: pip install -e "{folder}[test]" && pytest {folder}')
