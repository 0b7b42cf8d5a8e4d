"""Writing a trained model for others: made, held to our own inference, and only then put in its place."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from torch.export import ExportedProgram

from ..benchmark.contracts.data import Normalisation
from ..benchmark.contracts.errors import UsageError
from ..benchmark.evaluation.segmenter import Segmenter
from ..benchmark.files.disk import keeping
from ..benchmark.files.leftovers import unfinished_in
from ..benchmark.files.store import write_whole
from ..benchmark.predictions.inference_settings import InferenceSettings
from ..benchmark.predictions.network import build, settle_protocol
from .choosing import Source
from .comparing import Difference, Run, check, compare
from .description import Description, describe
from .formats import Format, check_place
from .logits_alone import logits_alone
from .tracing import exporting, trace

TOLD = "model.json"
"""The description, beside the model."""


class ModelFile(Protocol):
    """A module that writes files of a format and runs them."""

    NAME: str

    def write(self, path: Path, program: ExportedProgram, told: Description) -> None:
        """Write a file with its description inside."""

    def runner(self, path: Path) -> Run:
        """Load a file again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How a model is exported."""

    format: Format
    normalisation: Normalisation
    licence: str = ""
    """Of the weights; for packages."""
    authors: tuple[str, ...] = ()
    """Of the package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written."""

    files: tuple[str, ...]
    """Names in the folder."""
    differences: tuple[Difference, ...]
    """From our own inference."""
    notes: tuple[str, ...]
    """What people should know of a package."""


def export(source: Source, asked: Asked, out: Path) -> Exported:
    """Export a model into a folder that is not there yet, or empty; it is there whole or not at all.

    Raises:
        UsageError: There is something in the folder, or the model sees several slices at once.
        PluginError: The exporter cannot take the model, or its file computes something else.
        WeightsError: The weights cannot be loaded into the model.
        StoreError: The folder cannot be written.
    """
    check_place(out)
    _check_slices(source)
    with keeping(out, "Nothing is left of it: make room, or name another --out."):
        out.parent.mkdir(parents=True, exist_ok=True)
        unfinished = unfinished_in(out.parent)
        try:
            unfinished.mkdir()
            with exporting(source.weights.offer, asked.format):
                differences, notes = _make(source, asked, unfinished)
            if out.exists():
                out.rmdir()
            unfinished.rename(out)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return Exported(
        files=tuple(sorted(path.name for path in out.iterdir())), differences=differences, notes=notes
    )


def _check_slices(source: Source) -> None:
    """Refuse what no format has words for.

    Raises:
        UsageError: The model sees slices with their neighbours.
    """
    if context := source.weights.info.context:
        raise UsageError(
            f"{source.weights.info.model} was trained with context={context}, a slice with its neighbours as "
            "channels, which no format of export says; export a model that was trained without, or segment "
            "volumes by 'emseg-bench predict'."
        )


def _make(source: Source, asked: Asked, folder: Path) -> tuple[tuple[Difference, ...], tuple[str, ...]]:
    """Fill a folder; give the differences from our own inference, and notes."""
    segmenter, told, file = (
        _segmenter(source, asked),
        describe(source, asked.normalisation),
        _file(asked.format),
    )
    network = logits_alone(build(source.weights), source.weights).eval()
    program = trace(network, told.input.channels, told.input.sides_multiple_of)
    model = folder / file.NAME
    file.write(model, program, told)
    differences = compare(file.runner(model), told, segmenter)
    check(differences, f"the {asked.format} file of {told.model}")
    if asked.format != "bioimage.io":
        write_whole(folder / TOLD, told.to_json())
        return differences, ()
    from .packing import Proven, pack

    proven = Proven(source=source, told=told, segmenter=segmenter, onnx=model, differences=differences)
    notes = pack(folder, proven, asked.licence, asked.authors)
    model.unlink()
    return differences, notes


def _segmenter(source: Source, asked: Asked) -> Segmenter:
    info = source.weights.info
    setting = InferenceSettings(
        weights=source.weights,
        protocol=settle_protocol(info, None),
        normalisation=asked.normalisation,
        window=info.window or source.weights.size_divisor,
        axes="stack",
        device="cpu",
        precision="fp32",
        greys={},
    )
    return setting.segmenter()


def _file(kind: Format) -> ModelFile:
    if kind == "torch-export":
        from . import torch_file

        return torch_file
    from . import onnx_file

    return onnx_file
