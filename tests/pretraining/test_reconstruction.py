"""Reconstruction: pixels as the network sees them, the loss by hand, and what goes into the weight file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.cards import ModelToPretrain
from emseg_bench.benchmark.contracts.data import Normalisation
from emseg_bench.models.cards_retina import RETINA
from emseg_bench.models.retina.pretraining import reconstruction
from emseg_bench.pretraining.options import ReconstructionOptions
from emseg_bench.pretraining.recipes import CEM500K, RECONSTRUCTION
from emseg_bench.pretraining.reconstruction import Reconstruction, ReconstructionLoss, create
from torch import nn

PUBLISHED = next(recipe for recipe in RECONSTRUCTION if recipe.name == "retina-2025")
KEYS = Path(__file__).parents[2].parent / "shared" / "retina" / "state_dict_keys.json"


class Remember(nn.Module):
    """Gives back what it got, and keeps it."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen = images.detach()
        return images * self.scale


def test_a_hole_is_minus_4_4965_to_the_network() -> None:
    network = Remember()
    ReconstructionLoss(network, CEM500K)(
        torch.zeros(1, 1, 4, 4, dtype=torch.uint8), torch.zeros(1, 1, 4, 4, dtype=torch.uint8)
    )
    assert network.seen.unique().tolist() == [pytest.approx(-4.4965, abs=1e-4)]


def test_the_loss_is_the_mean_square_over_all_pixels() -> None:
    rng = np.random.default_rng(0)
    inputs, targets = rng.integers(0, 256, (2, 3, 1, 5, 7), dtype=np.uint8)
    loss = ReconstructionLoss(Remember(), CEM500K)(torch.from_numpy(inputs), torch.from_numpy(targets))
    by_hand = np.mean(((inputs.astype(float) - targets) / 255 / 0.12740536) ** 2)
    assert loss.dtype == torch.float32
    assert float(loss.detach()) == pytest.approx(by_hand, rel=1e-5)


def test_the_loss_is_float32_under_autocast() -> None:
    module = ReconstructionLoss(nn.Conv2d(1, 1, 3, padding=1), CEM500K)
    images = torch.randint(0, 256, (2, 1, 8, 8), dtype=torch.uint8)
    with torch.autocast("cpu", torch.bfloat16):
        assert module(images, images).dtype == torch.float32


def test_both_views_have_one_geometry() -> None:
    clean = ReconstructionOptions(brightness_contrast=0, noise=0, blur=0, holes=0)
    method = Reconstruction(ReconstructionLoss(Remember(), CEM500K), 32, clean)
    image = np.random.default_rng(1).integers(0, 256, (50, 40), dtype=np.uint8)
    for seed in range(20):
        spoilt, target = method.views(image, np.random.default_rng(seed))
        assert spoilt.shape == target.shape == (1, 32, 32)
        np.testing.assert_array_equal(spoilt, target)


def test_panels_are_on_the_grey_scale() -> None:
    method = Reconstruction(ReconstructionLoss(Remember(), CEM500K), 32, ReconstructionOptions())
    images = torch.randint(0, 256, (2, 1, 8, 8), dtype=torch.uint8)
    panels = method.panels([images, images])
    assert list(panels) == ["input", "reconstruction", "target"]
    torch.testing.assert_close(panels["reconstruction"], images[:, 0] / 255, atol=1e-5, rtol=0)


def test_retinas_network_has_the_published_names_and_an_unused_head() -> None:
    network = reconstruction()
    state = network.state_dict()
    assert len(state) == 411
    images = torch.randint(0, 256, (2, 1, 32, 32), dtype=torch.uint8)
    ReconstructionLoss(network, CEM500K)(images, images).backward()
    idle = {name for name, value in network.named_parameters() if value.grad is None}
    assert idle == {"segmentation_head.0.weight", "segmentation_head.0.bias"}


@pytest.mark.skipif(not KEYS.exists(), reason="needs ../shared/retina/state_dict_keys.json")
def test_the_weights_fit_the_upstream_network() -> None:
    published = json.loads(KEYS.read_text())["variants"]["pretrain192"]["keys"]
    method = create(
        ModelToPretrain(card=RETINA, segmentation=nn.Identity, reconstruction=reconstruction),
        PUBLISHED,
        Normalisation(mean=(0.5,), std=(0.1,)),
    )
    ours = [[name, list(value.shape)] for name, value in method.weights().items()]
    assert sorted(ours) == sorted([name, shape] for name, shape, _ in published)
    assert len(ours) == 411


def test_the_published_recipe() -> None:
    assert (PUBLISHED.learning_rate, PUBLISHED.momentum, PUBLISHED.weight_decay) == (0.003, 0.9, 1e-4)
    assert (PUBLISHED.batch_size, PUBLISHED.crop, PUBLISHED.epochs) == (256, 224, 200)
    assert (PUBLISHED.schedule, PUBLISHED.schedule_epochs) == ("poly-retina-2025", 5000)
    assert (PUBLISHED.optimiser, PUBLISHED.precision, PUBLISHED.save_every) == ("sgd", "fp32", 20)
    assert PUBLISHED.normalisation == Normalisation(mean=(0.57287007,), std=(0.12740536,))
