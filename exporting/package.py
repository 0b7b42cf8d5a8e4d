"""``bioimage.io``: a package for Fiji's deepImageJ, ilastik, bioimageio.core and the collection itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import tifffile
from bioimageio.core import test_model
from bioimageio.spec import save_bioimageio_package
from bioimageio.spec.common import FileDescr
from bioimageio.spec.dataset.v0_3 import DatasetDescr
from bioimageio.spec.generic.v0_3 import Author, CiteEntry
from bioimageio.spec.model import v0_5

from ..benchmark.contracts.errors import PluginError
from ..benchmark.contracts.records import Record
from ..benchmark.trials.trial_names import data_name
from .card import citations
from .citations import cited
from .description import INPUT, Description
from .samples import Array

NAME: Final = "package.zip"
TAGS: Final = ("electron-microscopy", "2d", "pytorch", "semantic-segmentation", "emseg-bench")
_ODD: Final = re.compile(r"[^A-Za-z0-9_+() -]+")
"""What a name in the collection must not hold."""
_SHORTEST, _LONGEST, _LONGEST_TEXT = 5, 64, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What goes into a package beside the description."""

    onnx: Path
    opset: int
    cover: Path
    page: Path
    licence: str
    authors: tuple[str, ...]
    stored: Array
    """Sample input, (C, S, S) as stored."""
    probabilities: Array
    """What our own inference makes of it, (K, S, S) float32."""
    record: Record | None


def write(path: Path, told: Description, contents: Contents, workshop: Path) -> None:
    """Write a package, and hold it to the test that the collection holds it to.

    Args:
        path: The archive.
        told: Of the model.
        contents: Of the package.
        workshop: Folder for files on their way into it.

    Raises:
        PluginError: It fails its own test.
    """
    record = contents.record
    model = v0_5.ModelDescr(
        name=_name(told.model, "segmentation"),
        description=f"{told.origin}. Segments electron-microscopy images."[:_LONGEST_TEXT],
        authors=[Author(name=name) for name in contents.authors],
        cite=[
            CiteEntry(text=paper.text, doi=paper.doi)
            for paper in cited(citations(told, record))
            if paper.doi is not None
        ],
        license=contents.licence,
        documentation=FileDescr(source=contents.page),
        covers=[FileDescr(source=contents.cover)],
        tags=[*TAGS, *(["unet"] if "unet" in told.model else [])],
        inputs=[_input(told, contents, workshop)],
        outputs=[_output(told, contents, workshop)],
        training_data=_data(record) if record else None,
        weights=v0_5.WeightsDescr(
            onnx=v0_5.OnnxWeightsDescr(source=contents.onnx, opset_version=contents.opset)
        ),
    )
    save_bioimageio_package(model, output_path=path)
    summary = test_model(path)
    if summary.status != "passed":
        faults = "; ".join(f"{'.'.join(map(str, e.loc))}: {e.msg}" for d in summary.details for e in d.errors)
        raise PluginError(
            f"the package fails the test of bioimageio.core ({faults[:_LONGEST_TEXT]}); nothing was written. "
            "Export as onnx meanwhile, and tell the model's authors."
        )


def _input(told: Description, contents: Contents, workshop: Path) -> v0_5.InputTensorDescr:
    kind = contents.stored.dtype.name
    low, high = told.input.low, told.input.high
    steps: list[Any] = [v0_5.EnsureDtypeDescr(kwargs=v0_5.EnsureDtypeKwargs(dtype="float32"))]
    if (low, high) != (0, 1):
        gain = 1 / (high - low)
        steps.append(v0_5.ScaleLinearDescr(kwargs=v0_5.ScaleLinearKwargs(gain=gain, offset=-low * gain)))
    normalise = v0_5.FixedZeroMeanUnitVarianceAlongAxisKwargs(
        axis="channel", mean=list(told.input.mean), std=list(told.input.std)
    )
    steps += [
        v0_5.ClipDescr(kwargs=v0_5.ClipKwargs(min=0.0, max=1.0)),
        v0_5.FixedZeroMeanUnitVarianceDescr(kwargs=normalise),
        v0_5.EnsureDtypeDescr(kwargs=v0_5.EnsureDtypeKwargs(dtype="float32")),
    ]
    divisor = told.input.sides_multiple_of
    size = v0_5.ParameterizedSize(min=told.input.sides_at_least, step=divisor)
    return v0_5.InputTensorDescr(
        id=INPUT,
        axes=[
            v0_5.BatchAxis(),
            v0_5.ChannelAxis(channel_names=[f"grey{i or ''}" for i in range(told.input.channels)]),
            *(v0_5.SpaceInputAxis(id=axis, size=size, **_scale(told, axis)) for axis in "yx"),
        ],
        data=v0_5.IntervalOrRatioDataDescr(type=kind),
        preprocessing=steps,
        test_tensor=_array(workshop / "test_input.npy", contents.stored),
        sample_tensor=_picture(workshop / "sample_input.tif", contents.stored),
    )


def _output(told: Description, contents: Contents, workshop: Path) -> v0_5.OutputTensorDescr:
    names = list(told.output.class_names) or [f"class {i}" for i in range(told.output.channels)]
    activation: Any = v0_5.SoftmaxDescr(kwargs=v0_5.SoftmaxKwargs(axis="channel"))
    if told.output.activation == "sigmoid":
        names, activation = names[1:] or ["foreground"], v0_5.SigmoidDescr()
    return v0_5.OutputTensorDescr(
        id="probabilities",
        axes=[
            v0_5.BatchAxis(),
            v0_5.ChannelAxis(channel_names=names),
            *(
                v0_5.SpaceOutputAxis(
                    id=axis, size=v0_5.SizeReference(tensor_id=INPUT, axis_id=axis), **_scale(told, axis)
                )
                for axis in "yx"
            ),
        ],
        data=v0_5.IntervalOrRatioDataDescr(type="float32", range=(0.0, 1.0)),
        postprocessing=[activation],
        test_tensor=_array(workshop / "test_output.npy", contents.probabilities),
        sample_tensor=_picture(workshop / "sample_output.tif", contents.probabilities),
    )


def _scale(told: Description, axis: str) -> dict[str, Any]:
    """Give the side of a pixel along an axis, as an axis of the format says it."""
    sides = told.input.voxel_size_nm
    return {"scale": sides[-2 if axis == "y" else -1], "unit": "nanometer"} if sides else {}


def _data(record: Record) -> DatasetDescr:
    dataset = record.spec.dataset
    return DatasetDescr(
        name=_name(data_name(record.spec), "images"),
        description=f"Images and labels that the model was trained on: {data_name(record.spec)}"[
            :_LONGEST_TEXT
        ],
        cite=[CiteEntry(text=one.text, doi=one.doi) for one in cited([dataset.citation]) if one.doi],
    )


def _name(text: str, kind: str) -> str:
    """Make a name that the collection takes."""
    name = " ".join(_ODD.sub(" ", text).split())[:_LONGEST]
    return name if len(name) >= _SHORTEST else f"{name} {kind}".strip()


def _array(path: Path, values: Array) -> FileDescr:
    np.save(path, values[None])
    return FileDescr(source=path)


def _picture(path: Path, values: Array) -> FileDescr:
    tifffile.imwrite(path, values, photometric="minisblack")
    return FileDescr(source=path)
