"""What is exported of the built-in models computes what they do, for any number of images of any sides."""

from __future__ import annotations

import pytest
import torch
from emseg_bench.benchmark.contracts.data import Normalisation
from emseg_bench.benchmark.evaluation.segmenter import Segmenter
from emseg_bench.benchmark.experiments.presets import protocols
from emseg_bench.benchmark.plugins.asked import complete_options
from emseg_bench.benchmark.plugins.lazy import resolve
from emseg_bench.benchmark.plugins.loading import installed_plugins
from emseg_bench.exporting import onnx_file, torch_file
from emseg_bench.exporting.comparing import check, compare
from emseg_bench.exporting.description import Description, InputTold, OutputTold
from emseg_bench.exporting.tracing import exporting, trace

MEAN, STD = (0.4,), (0.2,)


def described(divisor: int) -> Description:
    return Description(
        model="model",
        options={},
        origin="random numbers",
        exported_by="tests",
        weights_sha256="0" * 64,
        input=InputTold(
            channels=1,
            sides_multiple_of=divisor,
            sides_at_least=2 * divisor,
            low=0,
            high=255,
            mean=MEAN,
            std=STD,
            voxel_size_nm=None,
        ),
        output=OutputTold(
            channels=3, activation="softmax", labels="", threshold=0.5, class_names=(), label_values=()
        ),
        window=None,
        citation="none",
        code_licence="MIT",
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options", "file"),
    [
        ("unet", {"encoder": "resnet18"}, onnx_file),
        ("nnunet-resenc", {"stages": 2}, torch_file),
        ("segformer", {}, torch_file),
    ],
    ids=["cnn", "library", "transformer"],
)
def test_a_model_of_each_family(tmp_path, name, options, file):
    catalogue = installed_plugins().catalogue
    offer = catalogue.find(catalogue.models, name)
    divisor = offer.card.size_divisor
    torch.manual_seed(0)
    module = resolve(offer.card.factory, offer)(1, 3, **complete_options(offer.card, options)).eval()
    told = described(divisor)
    with exporting(offer, "a file"):
        file.write(tmp_path / file.NAME, trace(module, 1, divisor), told)
        run = file.runner(tmp_path / file.NAME)
    segmenter = Segmenter(
        model=module,
        normalisation=Normalisation(mean=MEAN, std=STD),
        protocol=protocols()["emseg-v1"],
        window=divisor,
        size_divisor=divisor,
        device="cpu",
        batch_size=1,
    )
    differences = compare(run, told, segmenter)
    assert len(differences) == 3
    check(differences, name)
