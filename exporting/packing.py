"""Gathering what goes into a package: a sample and what our inference makes of it, a cover, a page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..benchmark.evaluation.inference import inference
from ..benchmark.evaluation.labels import to_labels, to_probabilities
from ..benchmark.evaluation.segmenter import Segmenter
from ..benchmark.files.store import write_whole
from .card import card
from .choosing import Source
from .comparing import Difference, seeing_whole
from .cover import write_cover
from .description import Description
from .onnx_file import opset
from .package import NAME, Contents, write
from .samples import Array, sample, to_stored, to_unit
from .scores import scores_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A model whose ONNX file computes what it does."""

    source: Source
    told: Description
    segmenter: Segmenter
    onnx: Path
    differences: tuple[Difference, ...]


def pack(folder: Path, model: Proven, licence: str, authors: tuple[str, ...]) -> tuple[str, ...]:
    """Write a package.

    Args:
        folder: For the archive.
        model: What it is of.
        licence: Of the weights.
        authors: Of the package.

    Returns:
        What people should know of it.

    Raises:
        PluginError: It fails its own test.
    """
    workshop = folder / "parts"
    workshop.mkdir()
    origin, told = model.source.origin, model.told
    record, scores = (origin.record, scores_of(origin)) if origin else (None, None)
    unit, words = sample(origin, told)
    stored = to_stored(unit, told)
    labels, probabilities = _segment(model, to_unit(stored, told))
    write_cover(workshop / "cover.png", unit, labels, max(2, told.output.channels))
    write_whole(workshop / "README.md", card(told, record, scores, words, licence, model.differences))
    contents = Contents(
        onnx=model.onnx,
        opset=opset(model.onnx),
        cover=workshop / "cover.png",
        page=workshop / "README.md",
        licence=licence,
        authors=authors,
        stored=stored,
        probabilities=probabilities,
        record=record,
    )
    write(folder / NAME, told, contents, workshop)
    shutil.rmtree(workshop)
    return tuple(_notes(words, named=bool(authors), scored=scores is not None))


def _segment(model: Proven, unit: Array) -> tuple[Array, Array]:
    """Give the labels (S, S) and probabilities (K, S, S) of an image on the 0-1 scale."""
    with inference(model.segmenter.model, "cpu", "fp32"):
        logits = seeing_whole(model.segmenter).logits(unit)
    probabilities = to_probabilities(logits)
    labels = to_labels(logits, model.told.output.threshold)
    return labels, np.ascontiguousarray(probabilities[1:] if len(logits) == 1 else probabilities)


def _notes(sample: str, *, named: bool, scored: bool) -> Iterator[str]:
    yield f"the sample is {sample}"
    if not named:
        yield "no --author was named, and bioimage.io takes no package without one"
    if not scored:
        yield "nothing is known of its scores; name a model of a results folder to have them in it"
