"""From images without labels to trained models, through the command line, with the built-in models."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from emseg_bench.models.retina.network import published_variant


@pytest.fixture
def images(work: Path) -> Path:
    folder = work / "images"
    folder.mkdir()
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 256, (70, 60), dtype=np.uint8)
        tifffile.imwrite(folder / f"{number}.tif", pixels)
    return folder


@pytest.mark.slow
def test_retina(invoke: Callable[..., object], images: Path, work: Path) -> None:
    done = invoke("pretrain", "--model", "retina", "--images", images, "--recipe", "smoke")
    assert done.code == 0, done.err
    state = torch.load(work / "pretrained" / "weights.pt", weights_only=True)
    assert len(state) == 411
    published_variant("pretrain192").load_state_dict(state)
    initialisation = start_from(invoke, work, "retina@file:pretrained/weights.safetensors")
    assert "stem, embeddings and encoder loaded" in initialisation


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "loaded"),
    [("mocov2", "encoder"), ("reconstruction", "head random (pre-training leaves none)")],
)
def test_unet(invoke: Callable[..., object], images: Path, work: Path, method: str, loaded: str) -> None:
    done = invoke(
        *("pretrain", "--model", "unet[encoder=resnet18]", "--images", images, "--recipe", "smoke"),
        *("--method", method, *(("--set", "method.queue=16") if method == "mocov2" else ())),
    )
    assert done.code == 0, done.err
    model = "unet[encoder=resnet18]@file:pretrained/weights.safetensors"
    assert loaded in start_from(invoke, work, model)


def start_from(invoke: Callable[..., object], work: Path, model: str) -> str:
    """Train a model from a file for a moment; say what was loaded."""
    data = "synthetic-em[size=64,train=2,val=1,test=1]"
    little = ("--set", "recipe.iterations=1", "--set", "protocol.window=64")
    done = invoke("run", "--models", model, "--datasets", data, "--recipe", "smoke", *little)
    assert done.code == 0, done.err
    (record,) = (work / "results" / "trials").glob("*/record.json")
    return str(json.loads(record.read_bytes())["initialisation"])
