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
from emseg_bench.exporting.pooling import SharePool, shares_for_pools
from emseg_bench.exporting.tracing import exporting, trace
from emseg_bench.models.plugin import emseg_models
from torch import nn
from torch.nn import functional as F

MEAN, STD = (0.4,), (0.2,)
TRIED = (
    ("retina", {}, onnx_file),
    ("unet", {"encoder": "resnet18"}, onnx_file),
    ("pan", {"encoder": "resnet18"}, onnx_file),
    ("nnunet-resenc", {"stages": 2}, torch_file),
    ("segformer", {}, torch_file),
)
"""Of each family; a package of bioimage.io holds the same ONNX file (`test_export_command.py` tries one)."""
UNTRIED = {
    *("unetplusplus", "manet", "linknet", "fpn", "pspnet", "deeplabv3", "deeplabv3plus", "smp"),
    *("unet-resnet50", "unet-convnext", "unet-pvt", "unet-classic", "upernet-swin", "dpt-vit", "transunet"),
}
"""`export` tries these when they are exported, as any model: what computes otherwise is not written."""


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


def test_no_model_is_forgotten():
    tried = {name for name, _, _ in TRIED}
    assert not tried & UNTRIED
    assert tried | UNTRIED == {card.name for card in emseg_models()}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "options", "file"), TRIED, ids=[name for name, _, _ in TRIED])
def test_a_model_computes_the_same_in_its_file(tmp_path, name, options, file):
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


# ------------------------------------------------------------------------------------------- pooling
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (6, 6), (None, 4), (5, None)])
@pytest.mark.parametrize("sides", [(2, 2), (7, 12), (30, 9), (1, 6)])
def test_means_are_those_of_pytorch(size, sides):
    images = torch.randn(2, 3, *sides, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(SharePool(size)(images), nn.AdaptiveAvgPool2d(size)(images))


class Pyramid(nn.Module):
    """What PSPNet and UPerNet see a whole map by."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 4, stride=4)
        self.pools = nn.ModuleList(map(nn.AdaptiveAvgPool2d, (1, (2, 2), 6)))
        self.out = nn.Conv2d(6, 3, 1)

    def forward(self, images):
        maps = self.conv(images)
        pooled = [F.interpolate(pool(maps), size=maps.shape[2:], mode="bilinear") for pool in self.pools]
        return F.interpolate(self.out(torch.cat(pooled, 1)), scale_factor=4)


def test_pools_come_back_after_the_export():
    module = Pyramid()
    before = [*module.pools]
    with shares_for_pools(module):
        assert [type(pool) for pool in module.pools] == [nn.AdaptiveAvgPool2d, SharePool, SharePool]
    assert [*module.pools] == before


@pytest.mark.slow
def test_an_onnx_file_pools_images_of_any_sides(tmp_path):
    torch.manual_seed(0)
    module = Pyramid().eval()
    onnx_file.write(tmp_path / onnx_file.NAME, trace(module, 1, 4), described(4))
    run = onnx_file.runner(tmp_path / onnx_file.NAME)
    for count, height, width in ((1, 48, 48), (2, 12, 64), (3, 8, 20)):
        images = torch.randn(count, 1, height, width)
        with torch.no_grad():
            torch.testing.assert_close(torch.from_numpy(run(images.numpy())), module(images))
