"""``onnx``: a network that onnxruntime, Fiji, ilastik, MATLAB and browsers run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from torch.export import ExportedProgram

from .comparing import Array, Run
from .description import INPUT, KEY, OUTPUT, Description

NAME = "model.onnx"
_SIDES = ("batch", "height", "width")
_ERRORS_ONLY = 3
"""Of onnxruntime's levels of what it tells."""


def write(path: Path, program: ExportedProgram, told: Description) -> None:
    """Write a program as one ONNX file with its description inside."""
    made: Any = torch.onnx.export(
        program, dynamo=True, input_names=[INPUT], output_names=[OUTPUT], optimize=True, verbose=False
    )
    model = made.model_proto
    _name_sides(model)
    del model.metadata_props[:]
    entries = {
        KEY: told.to_json(),
        "class_names": ",".join(told.output.class_names),
        "padding": told.input.padding,
        "scaling": told.input.scaling,
    }
    onnx.helper.set_model_props(model, entries)
    model.producer_name, model.doc_string = told.exported_by, told.origin
    onnx.checker.check_model(model)
    onnx.save_model(model, path)


def _name_sides(model: Any) -> None:
    """Call the sides that may vary by their names, in place of the exporter's symbols."""
    for value in (*model.graph.input, *model.graph.output):
        dimensions = value.type.tensor_type.shape.dim
        for dimension, name in zip((dimensions[0], *dimensions[2:]), _SIDES, strict=True):
            dimension.dim_param = name
    del model.graph.value_info[:]  # they speak of those symbols, and are not needed


def runner(path: Path) -> Run:
    """Load a file into onnxruntime, on the CPU."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(images: Array) -> Array:
        return np.asarray(session.run([OUTPUT], {INPUT: images})[0])

    return run


def opset(path: Path) -> int:
    """Say which version of ONNX's operators a file uses."""
    imports = onnx.load_model(path, load_external_data=False).opset_import
    return max(int(entry.version) for entry in imports if entry.domain in ("", "ai.onnx"))
