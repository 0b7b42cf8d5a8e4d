"""MoCo v2: loss, queue and momentum by hand, and what goes into the weight file."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.cards import ModelCard, ModelToPretrain
from emseg_bench.benchmark.contracts.data import Normalisation
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.pretraining.contrast import Branch, MomentumContrast, encode_dealt, info_nce
from emseg_bench.pretraining.em_views import make_view
from emseg_bench.pretraining.mocov2 import create
from emseg_bench.pretraining.options import MoCoOptions
from emseg_bench.pretraining.recipes import MOCOV2
from torch import nn

GREY = Normalisation(mean=(0.5,), std=(0.2,))
SMOKE = next(recipe for recipe in MOCOV2 if recipe.name == "smoke")
PUBLISHED = next(recipe for recipe in MOCOV2 if recipe.name == "cem500k-2021")


def encoder() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU())


def contrast(**options: float) -> MomentumContrast:
    torch.manual_seed(0)
    sizes = MoCoOptions(**{"queue": 6, "features": 2, **options})
    return MomentumContrast(Branch(encoder(), 3, sizes.features), sizes, GREY)


def images(seed: int, count: int = 4) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, (count, 1, 8, 8), dtype=np.uint8))


def test_the_loss_by_hand() -> None:
    query = torch.tensor([[1.0, 0.0]])
    key = torch.tensor([[0.6, 0.8]])
    queue = torch.tensor([[0.0, 1.0], [-1.0, 0.0], [0.8, 0.6]])
    own, others = math.exp(0.6 / 0.2), [math.exp(x / 0.2) for x in (0.0, -1.0, 0.8)]
    by_hand = -math.log(own / (own + sum(others)))
    assert float(info_nce(query, key, queue, 0.2)) == pytest.approx(by_hand, rel=1e-6)


def test_the_queue_takes_the_newest_keys_in_a_circle() -> None:
    module = contrast()
    before = module.queue.clone()
    module(images(0), images(1))
    first = module._fresh[0].clone()
    assert torch.equal(module.queue, before)  # not while the step goes on
    module.advance()
    torch.testing.assert_close(module.queue[:4], first)
    torch.testing.assert_close(module.queue[4:], before[4:])
    module(images(2), images(3))
    second = module._fresh[0].clone()
    module.advance()
    torch.testing.assert_close(module.queue, torch.cat([second[2:], first[2:], second[:2]]))
    assert int(module.position) == 2


def test_a_batch_larger_than_the_queue_leaves_its_last_keys() -> None:
    module = contrast(queue=3)
    module(images(0, 5), images(1, 5))
    newest = module._fresh[0][-3:].clone()
    module.advance()
    torch.testing.assert_close(module.queue, newest)


def test_the_key_branch_follows_by_the_momentum() -> None:
    module = contrast(momentum=0.9)
    slow = [value.clone() for value in module.key.parameters()]
    with torch.no_grad():
        for value in module.query.parameters():
            value.add_(1.0)
    module(images(0), images(1))
    module.advance()
    for old, new in zip(slow, module.key.parameters(), strict=True):
        torch.testing.assert_close(new, old + 0.1)


def test_only_the_query_branch_gets_gradients() -> None:
    module = contrast()
    module(images(0), images(1)).backward()
    assert all(value.grad is not None for value in module.query.parameters())
    assert all(value.grad is None and not value.requires_grad for value in module.key.parameters())


def test_keys_have_length_one() -> None:
    module = contrast()
    torch.testing.assert_close(module.queue.norm(dim=1), torch.ones(6))
    torch.testing.assert_close(module.query(module._prepare(images(0))).norm(dim=1), torch.ones(4))


def test_one_process_encodes_its_own_keys() -> None:
    values = torch.rand(4, 1)
    assert torch.equal(encode_dealt(nn.Identity(), values), values)


def test_everything_that_resuming_needs_is_in_the_state() -> None:
    module, other = contrast(), contrast()
    module(images(0), images(1))
    module.advance()
    other.load_state_dict(module.state_dict())
    assert torch.equal(other.queue, module.queue)
    assert int(other.position) == 4


def card(encoder_name: str | None) -> ModelCard:
    return ModelCard(
        name="m",
        family="cnn",
        description="",
        factory="none:none",
        encoder=encoder_name,
        citation="",
        licence="",
    )


def test_the_weights_are_the_encoders_under_the_models_names() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.head = encoder(), nn.Conv2d(3, 1, 1)

    model = ModelToPretrain(card=card("body"), segmentation=Model, reconstruction=Model)
    method = create(model, SMOKE, GREY, queue=8)
    expected = {name for name in Model().state_dict() if name.startswith("body.")}
    assert set(method.weights()) == expected
    assert method.module.queue.shape == (8, 128)


def test_a_model_without_an_encoder_is_refused() -> None:
    model = ModelToPretrain(card=card(None), segmentation=nn.Identity, reconstruction=nn.Identity)
    with pytest.raises(UsageError, match="which of its parts"):
        create(model, SMOKE, GREY)


def test_views_differ_and_are_the_same_every_time() -> None:
    image = np.random.default_rng(0).integers(0, 256, (50, 70), dtype=np.uint8)
    first, again = (make_view(image, 32, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (32, 32)
    assert first.dtype == np.uint8
    assert len({make_view(image, 32, np.random.default_rng(seed)).tobytes() for seed in range(20)}) == 20


def test_views_change_brightness_by_up_to_two_fifths() -> None:
    grey = np.full((64, 64), 100, np.uint8)
    means = [make_view(grey, 16, np.random.default_rng(seed)).mean() for seed in range(300)]
    assert 58 < min(means) < 66
    assert 134 < max(means) < 142


def test_the_published_recipe() -> None:
    options = MoCoOptions()
    assert (options.queue, options.features, options.temperature, options.momentum) == (
        65536,
        128,
        0.2,
        0.999,
    )
    assert (PUBLISHED.epochs, PUBLISHED.batch_size, PUBLISHED.learning_rate) == (200, 128, 0.015)
    assert (PUBLISHED.momentum, PUBLISHED.weight_decay, PUBLISHED.schedule) == (0.9, 1e-4, "step")
