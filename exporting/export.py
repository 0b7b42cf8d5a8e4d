"""Writing a trained model for others: made, held to our own inference, and only then put in its place."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from torch.export import ExportedProgram

from ..benchmark.contracts.data import Normalisation
from ..benchmark.evaluation.inference import inference
from ..benchmark.evaluation.labels import to_labels, to_probabilities
from ..benchmark.evaluation.segmenter import Segmenter
from ..benchmark.files.disk import keeping
from ..benchmark.files.leftovers import unfinished_in
from ..benchmark.files.store import write_whole
from ..benchmark.predictions.inference_settings import InferenceSettings
from ..benchmark.predictions.network import build, settle_protocol
from .choosing import Source
from .comparing import Difference, check, compare
from .description import Description, describe
from .formats import Format, check_place
from .tracing import exporting, trace

if TYPE_CHECKING:
    from .package import Contents

TOLD = "model.json"
"""The description, beside the model."""


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
        UsageError: There is something in the folder.
        PluginError: The exporter cannot take the model, or its file computes something else.
        WeightsError: The weights cannot be loaded into the model.
        StoreError: The folder cannot be written.
    """
    check_place(out)
    segmenter, told = _segmenter(source, asked), describe(source, asked.normalisation)
    offer = source.weights.offer
    with exporting(offer, asked.format):
        program = trace(build(source.weights).eval(), told.input.channels, told.input.sides_multiple_of)
    with keeping(out, "Nothing is left of it: make room, or name another --out."):
        out.parent.mkdir(parents=True, exist_ok=True)
        unfinished = unfinished_in(out.parent)
        try:
            unfinished.mkdir()
            with exporting(offer, asked.format):
                differences = _write(unfinished, program, told, segmenter, asked.format)
            notes: tuple[str, ...] = ()
            if asked.format == "bioimage.io":
                with exporting(offer, asked.format):
                    notes = _pack(unfinished, source, asked, told, segmenter, differences)
            if out.exists():
                out.rmdir()
            unfinished.rename(out)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return Exported(
        files=tuple(sorted(path.name for path in out.iterdir())), differences=differences, notes=notes
    )


def _segmenter(source: Source, asked: Asked) -> Segmenter:
    info = source.weights.info
    setting = InferenceSettings(
        weights=source.weights,
        protocol=settle_protocol(info, None),
        normalisation=asked.normalisation,
        window=info.window or source.weights.offer.card.size_divisor,
        axes="stack",
        device="cpu",
        precision="fp32",
        greys={},
    )
    return setting.segmenter()


def _write(
    folder: Path, program: ExportedProgram, told: Description, segmenter: Segmenter, kind: Format
) -> tuple[Difference, ...]:
    """Write the model and its description, and compare it with our own inference."""
    if kind == "torch-export":
        from . import torch_file as file
    else:
        from . import onnx_file as file  # type: ignore[no-redef]

    file.write(folder / file.NAME, program, told)
    write_whole(folder / TOLD, told.to_json())
    differences = compare(file.runner(folder / file.NAME), told, segmenter)
    check(differences, f"the {kind} file of {told.model}")
    return differences


def _pack(
    folder: Path,
    source: Source,
    asked: Asked,
    told: Description,
    segmenter: Segmenter,
    differences: Sequence[Difference],
) -> tuple[str, ...]:
    """Put the ONNX file into a package with all that belongs to it; the package alone stays."""
    from .package import NAME, write

    workshop = folder / "parts"
    workshop.mkdir()
    contents, notes = _contents(folder, workshop, source, asked, told, segmenter, differences)
    write(folder / NAME, told, contents, workshop)
    shutil.rmtree(workshop)
    contents.onnx.unlink()
    return notes


def _contents(
    folder: Path,
    workshop: Path,
    source: Source,
    asked: Asked,
    told: Description,
    segmenter: Segmenter,
    differences: Sequence[Difference],
) -> tuple[Contents, tuple[str, ...]]:
    from . import onnx_file
    from .card import card
    from .cover import write_cover
    from .package import Contents
    from .samples import sample, to_stored, to_unit
    from .scores import scores_of

    unit, words = sample(source.origin, told)
    stored = to_stored(unit, told)
    with inference(segmenter.model, "cpu", "fp32"):
        logits = segmenter.logits(to_unit(stored, told))
    record = source.origin.record if source.origin else None
    scores = scores_of(source.origin) if source.origin else None
    write_cover(workshop / "cover.png", unit, to_labels(logits, told.output.threshold), max(2, len(logits)))
    write_whole(workshop / "README.md", card(told, record, scores, words, asked.licence, differences))
    probabilities = to_probabilities(logits)
    contents = Contents(
        onnx=folder / onnx_file.NAME,
        opset=onnx_file.opset(folder / onnx_file.NAME),
        cover=workshop / "cover.png",
        page=workshop / "README.md",
        licence=asked.licence,
        authors=asked.authors,
        stored=stored,
        probabilities=np.ascontiguousarray(probabilities[1:] if len(logits) == 1 else probabilities),
        record=record,
    )
    notes = [f"the sample is {words}"]
    if not asked.authors:
        notes.append("no --author was named, and bioimage.io takes no package without one")
    if scores is None:
        notes.append("nothing is known of its scores; name a model of a results folder to have them in it")
    return contents, tuple(notes)
