"""The parts of training, one by one, against independent computations."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.experiments.methods import find_methods
from emseg_bench.benchmark.experiments.presets import recipes
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.training.loss import SegmentationLoss
from emseg_bench.benchmark.training.methods import build_optimiser, make_schedules
from emseg_bench.benchmark.training.optimisation import AutocastOptimWrapper
from emseg_bench.benchmark.training.sampler import DrawSampler, random_stream
from emseg_bench.benchmark.training.validation import milestones
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

QUICK = recipes()["quick"]
METHODS = find_methods(QUICK, load_plugins().catalogue)


# ---------------------------------------------------------------------------------------- draws
@given(
    images=st.integers(1, 20),
    draws=st.integers(0, 100),
    start=st.integers(0, 100),
    seed=st.integers(0, 2**63),
)
def test_a_resumed_stream_is_the_rest_of_the_whole_one(images, draws, start, seed):
    whole = list(DrawSampler(images, seed, draws))
    resumed = DrawSampler(images, seed, draws)
    resumed.start = start
    assert list(resumed) == whole[start:]
    assert [draw.number for draw in whole] == list(range(draws))


def test_every_pass_takes_every_image_once_in_another_order():
    indices = [draw.image for draw in DrawSampler(7, 3, 21)]
    passes = [indices[i : i + 7] for i in (0, 7, 14)]
    assert all(sorted(one) == list(range(7)) for one in passes)
    assert len({tuple(one) for one in passes}) == 3


def test_streams_are_independent():
    values = {
        random_stream(seed, stream, position).random()
        for seed in range(3)
        for stream in range(2)
        for position in range(5)
    }
    assert len(values) == 30


# ----------------------------------------------------------------------------------------- loss
def hand_loss(probability: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """BCE and Dice (smoothed by one pixel of overlap) of a binary task, written out."""
    entropy = -(truth * np.log(probability) + (1 - truth) * np.log(1 - probability)).mean()
    dice = 2 * ((probability * truth).sum() + 1) / (probability.sum() + truth.sum() + 2)
    return float(entropy), float(1 - dice)


def test_binary_loss_by_hand():
    logits = torch.tensor([[[[0.0, 2.0], [-1.0, 0.5]]]])
    labels = torch.tensor([[[0, 1], [0, 1]]])
    entropy, dice = hand_loss(torch.sigmoid(logits).numpy().ravel(), labels.numpy().ravel())
    for recipe in (QUICK, replace(QUICK, ce_weight=1.0, dice_weight=0.25)):
        got = SegmentationLoss(recipe, 1, None)(logits, labels)
        assert float(got) == pytest.approx(recipe.ce_weight * entropy + recipe.dice_weight * dice, rel=1e-5)


def test_multiclass_loss_by_hand():
    logits = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    labels = torch.randint(0, 2, (2, 4, 4), generator=torch.Generator().manual_seed(1))  # class 2 is absent
    p = logits.softmax(1).numpy()
    truth = np.eye(3)[labels.numpy()].transpose(0, 3, 1, 2)
    entropy = -np.log((p * truth).sum(1)).mean()
    overlap, total = (p * truth).sum((0, 2, 3)), (p + truth).sum((0, 2, 3))
    dice = np.where(truth.sum((0, 2, 3)) > 0, 1 - 2 * (overlap + 1) / (total + 2), 0).mean()
    got = SegmentationLoss(QUICK, 3, None)(logits, labels)
    assert float(got) == pytest.approx(0.5 * entropy + 0.5 * dice, rel=1e-5)


@pytest.mark.parametrize("num_logits", [1, 3])
def test_ignored_pixels_count_nothing(num_logits):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(1, num_logits, 4, 8, generator=generator)
    labels = torch.randint(0, max(num_logits, 2), (1, 4, 8), generator=generator)
    labels[..., 4:] = 255
    whole = SegmentationLoss(QUICK, num_logits, 255)(logits, labels)
    part = SegmentationLoss(QUICK, num_logits, None)(logits[..., :4], labels[..., :4])
    assert float(whole) == pytest.approx(float(part), rel=1e-5)


def test_all_ignored_is_zero_and_has_a_gradient():
    logits = torch.randn(1, 1, 4, 4, requires_grad=True)
    loss = SegmentationLoss(QUICK, 1, 255)(logits, torch.full((1, 4, 4), 255))
    loss.backward()
    assert loss.item() == 0
    assert (logits.grad == 0).all()


# ------------------------------------------------------------------------------------- schedule
@pytest.mark.parametrize("schedule", ["cosine", "poly"])
@pytest.mark.parametrize("warmup", [0.0, 0.05, 0.2])
def test_schedule_by_formula(schedule, warmup):
    recipe = replace(QUICK, iterations=20, warmup=warmup, schedule=schedule, learning_rate=0.1)
    methods = find_methods(recipe, load_plugins().catalogue)
    optimiser = AutocastOptimWrapper(
        build_optimiser(methods, nn.Linear(2, 2), recipe), "cpu", bf16=False, largest_norm=0
    )
    schedules = make_schedules(methods, optimiser, recipe)
    rates = []
    for _ in range(20):
        rates.append(optimiser.get_lr()["lr"][0])
        optimiser.step()
        for one in schedules:
            one.step()
    first = round(warmup * 20)
    for i, rate in enumerate(rates):
        if i < first:
            expected = 0.1 * (0.01 + 0.99 * i / max(first - 1, 1))
        else:
            share = (i - first) / (20 - first)
            expected = 0.1 * (
                (1 + math.cos(math.pi * share)) / 2 if schedule == "cosine" else (1 - share) ** 0.9
            )
        assert rate == pytest.approx(expected, rel=1e-6), i
    assert optimiser.get_lr()["lr"][0] == pytest.approx(0, abs=1e-9)


def test_biases_and_scales_are_not_decayed():
    optimiser = build_optimiser(METHODS, nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)), QUICK)
    decay = {len(group["params"]): group["weight_decay"] for group in optimiser.param_groups}
    assert decay == {1: QUICK.weight_decay, 3: 0.0}


def test_frozen_parameters_have_no_optimiser_state():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 1, 3))
    model[0].requires_grad_(False)
    optimiser = build_optimiser(METHODS, model, QUICK)
    assert sum(len(group["params"]) for group in optimiser.param_groups) == 2


@given(iterations=st.integers(1, 500), times=st.integers(1, 50))
def test_milestones(iterations, times):
    found = milestones(iterations, times)
    assert max(found) == iterations
    assert min(found) >= 1
    assert len(found) == min(times, iterations)
