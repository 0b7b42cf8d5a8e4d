"""What is exported of the built-in models computes what they do, for any number of images of any sides.

Every registered model is tried, so that a new one cannot be forgotten.  A package of bioimage.io holds the
same ONNX file (`test_export_command.py` tries one whole).
"""

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
from emseg_bench.models.plugin import emseg_models

MEAN, STD = (0.4,), (0.2,)
_ENCODER = {"encoder": "resnet18"}
SMALL = {
    "unet": _ENCODER,
    "unetplusplus": _ENCODER,
    "manet": _ENCODER,
    "linknet": _ENCODER,
    "fpn": _ENCODER,
    "pspnet": _ENCODER,
    "pan": _ENCODER,
    "deeplabv3": _ENCODER,
    "deeplabv3plus": _ENCODER,
    "smp": _ENCODER,
    "nnunet-resenc": {"stages": 2},
    "unet-pvt": {"size": "b0"},
}
"""Options that make models smaller; those that are not named are smallest as they are."""


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
@pytest.mark.parametrize("card", emseg_models(), ids=lambda card: card.name)
def test_every_model(tmp_path, card):
    catalogue = installed_plugins().catalogue
    offer, divisor = catalogue.find(catalogue.models, card.name), card.size_divisor
    torch.manual_seed(0)
    options = complete_options(card, SMALL.get(card.name, {}))
    module = resolve(card.factory, offer)(1, 3, **options).eval()
    told = described(divisor)
    segmenter = Segmenter(
        model=module,
        normalisation=Normalisation(mean=MEAN, std=STD),
        protocol=protocols()["emseg-v1"],
        window=divisor,
        size_divisor=divisor,
        device="cpu",
        batch_size=1,
    )
    files = {"torch-export": torch_file, "onnx": onnx_file}
    with exporting(offer, "a file"):
        program = trace(module, 1, divisor)
        for kind, file in files.items():
            if kind in card.not_exportable:
                assert card.not_exportable[kind]
                continue
            file.write(tmp_path / file.NAME, program, told)
            differences = compare(file.runner(tmp_path / file.NAME), told, segmenter)
            assert len(differences) == 3
            check(differences, f"{card.name} as {kind}")
            (tmp_path / file.NAME).unlink()
