"""``emseg-bench export``: a trained model as a file that others run."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..benchmark.contracts.errors import UsageError
from .exit_codes import interruptible

if TYPE_CHECKING:
    from ..exporting.choosing import Source
    from ..exporting.formats import Format

EXAMPLES = """Examples:

  emseg-bench export results:unet --format onnx --out unet-onnx

  emseg-bench export results:unet/3 --format bioimage.io --licence CC-BY-4.0 --author "Jane Doe" --out package
"""


class FormatChoice(StrEnum):
    """What ``--format`` takes."""

    ONNX = "onnx"
    TORCH_EXPORT = "torch-export"
    BIOIMAGE_IO = "bioimage.io"


FORMATS: dict[FormatChoice, Format] = {
    FormatChoice.ONNX: "onnx",
    FormatChoice.TORCH_EXPORT: "torch-export",
    FormatChoice.BIOIMAGE_IO: "bioimage.io",
}


def export(
    model: Annotated[
        str,
        typer.Argument(
            help="A model of a results folder (results:unet, results:unet/3), a trial's folder, its "
            "weights.safetensors, or the name of imported weights of a whole model."
        ),
    ],
    format_: Annotated[
        FormatChoice,
        typer.Option(
            "--format",
            help="onnx: for onnxruntime and most programs; torch-export: PyTorch without the model's code; "
            "bioimage.io: a package for deepImageJ, ilastik and bioimageio.core.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for it, which is not there yet.", show_default=False)],
    licence: Annotated[
        str | None,
        typer.Option(
            "--licence",
            "--license",
            help="Of the weights, by SPDX: CC-BY-4.0; for bioimage.io.",
            metavar="ID",
        ),
    ] = None,
    author: Annotated[
        list[str] | None,
        typer.Option(help="Of the package, for bioimage.io; once for each.", metavar="NAME"),
    ] = None,
    mean: Annotated[
        str | None, typer.Option(help="Normalise by this mean, per channel, where the weights do not say.")
    ] = None,
    std: Annotated[str | None, typer.Option(help="And by this standard deviation.")] = None,
) -> None:
    """Write a trained model for people without emseg-bench, and prove that it computes the same."""
    from ..benchmark.plugins.loading import load_plugins
    from ..exporting.choosing import find_source
    from ..exporting.formats import check_exportable, check_installed, check_place

    kind = FORMATS[format_]
    if kind != "bioimage.io" and (licence or author):
        raise UsageError(f"--licence and --author belong to --format bioimage.io, got --format {kind}.")
    check_place(out)
    check_installed(kind)
    source = find_source(model, load_plugins().catalogue)
    check_exportable(source.weights.offer.card, kind)
    typer.echo(f"exporting {source.told}", err=True)
    with interruptible("nothing was written"):
        _export(source, kind, out, licence, author or [], (mean, std))


def _export(
    source: Source,
    kind: Format,
    out: Path,
    licence: str | None,
    authors: list[str],
    normalisation: tuple[str | None, str | None],
) -> None:
    from ..benchmark.executors.openmp import share_cores
    from ..benchmark.predictions.network import settle_normalisation
    from .console import Console
    from .predicting import numbers
    from .tables import say

    mean, std = normalisation
    settled = settle_normalisation(source.weights.info, numbers(mean, "--mean"), numbers(std, "--std"))
    share_cores()
    if kind == "bioimage.io":
        from ..exporting.licence import check_licence

        licence = check_licence(licence, source)
    from ..exporting.export import Asked
    from ..exporting.export import export as write

    asked = Asked(format=kind, normalisation=settled, licence=licence or "", authors=tuple(authors))
    done = write(source, asked, out)
    console = Console(stderr=True)
    say(console, "largest differences from our own logits, in shares of their standard deviation:")
    for difference in done.differences:
        say(console, f"  {difference}")
    for note in done.notes:
        say(console, f"note: {note}", "yellow")
    typer.echo(f"{out}: {', '.join(done.files)}")
