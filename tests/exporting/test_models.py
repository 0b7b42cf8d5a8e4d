"""What is exported of the built-in models computes what they do, for any number of images of any sides."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from emseg_bench.exporting import onnx_file
from emseg_bench.exporting.comparing import ALLOWED, check
from emseg_bench.exporting.pooling import SharePool, shares_for_pools
from emseg_bench.exporting.rotary import centred_grid
from emseg_bench.exporting.tracing import trace
from emseg_bench.models.plugin import emseg_models
from timm.layers import pos_embed_sincos
from torch import nn
from torch.nn import functional as F

SCRIPTS = Path(__file__).parents[2] / "scripts"

TRIED = {
    "retina": "onnx",
    "unet": "onnx",
    "pan": "onnx",
    "nnunet-resenc": "torch-export",
    "segformer": "torch-export",
}
"""Of each family; a package of bioimage.io holds the same ONNX file (`test_export_command.py` tries one).
`scripts/check_exports.py` tries all models; docs/export.md has what came of it."""


@pytest.fixture(scope="module")
def scripts():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPTS))
        import check_exports

        yield check_exports


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind"), TRIED.items(), ids=TRIED)
def test_a_model_computes_the_same_in_its_file(tmp_path, scripts, name, kind):
    differences = scripts.differences(tmp_path, name, kind)
    assert len(differences) == 3
    check(differences, name)


def test_the_documents_say_of_each_model_what_its_file_computes():
    text = (SCRIPTS.parent / "docs/export.md").read_text()
    table = text.partition("| model | ONNX | torch-export |")[2].partition("\n\n")[0]
    found = re.findall(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$", table, re.MULTILINE)
    rows = {name: dict(zip(("onnx", "torch-export"), told, strict=True)) for name, *told in found}
    for card in emseg_models():
        for kind, told in rows.pop(card.name).items():
            reason = card.not_exportable.get(kind)
            assert told == f"not exported: {reason}" if reason else float(told) <= ALLOWED
    assert not rows


# -------------------------------------------------------------------------------- rotary embeddings
@pytest.mark.parametrize(("sides", "offset"), [((5, 7), 0.0), ((1, 3), 0.0), ((4, 4), 0.25)])
def test_grids_are_those_of_timm(sides, offset):
    timms = pos_embed_sincos._build_grid(list(sides), grid_type="centered", grid_offset=offset)
    assert torch.equal(centred_grid(sides, offset), timms)


class Rotary(nn.Module):
    """What a ViT of DINOv3 asks for the places of its patches."""

    def __init__(self):
        super().__init__()
        self.rope = pos_embed_sincos.RotaryEmbeddingDinoV3(16)

    def forward(self, images):
        places = self.rope.get_embed(shape=[images.shape[2] // 16, images.shape[3] // 16])
        return images.mean((1, 2, 3), keepdim=True) + places


def test_rotary_embeddings_are_traced_for_any_sides():
    before, rotary = pos_embed_sincos._build_grid, Rotary().eval()
    program = trace(rotary, 1, 16)
    assert pos_embed_sincos._build_grid is before
    for height, width in ((32, 64), (112, 48)):
        images = torch.randn(1, 1, height, width)
        assert torch.equal(program.module()(images), rotary(images))


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
def test_an_onnx_file_pools_images_of_any_sides(tmp_path, scripts):
    torch.manual_seed(0)
    module = Pyramid().eval()
    onnx_file.write(tmp_path / onnx_file.NAME, trace(module, 1, 4), scripts.described(4))
    run = onnx_file.runner(tmp_path / onnx_file.NAME)
    for count, height, width in ((1, 48, 48), (2, 12, 64), (3, 8, 20)):
        images = torch.randn(count, 1, height, width)
        with torch.no_grad():
            torch.testing.assert_close(torch.from_numpy(run(images.numpy())), module(images))
