"""``torch-export``: a program that PyTorch loads and runs without the code of the model."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch.export import ExportedProgram, load, save

from .comparing import Array, Run
from .description import KEY, Description

NAME = "model.pt2"


def write(path: Path, program: ExportedProgram, told: Description) -> None:
    """Write a program with its description inside."""
    save(program, path, extra_files={f"{KEY}.json": told.to_json()})


def runner(path: Path) -> Run:
    """Load a file again, and check that its description came along."""
    inside = {f"{KEY}.json": ""}
    module = load(path, extra_files=inside).module()
    json.loads(inside[f"{KEY}.json"])

    def run(images: Array) -> Array:
        with torch.no_grad():
            logits: torch.Tensor = module(torch.from_numpy(images))
        return logits.numpy(force=True)

    return run
