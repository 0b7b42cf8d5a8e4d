"""RETINA's published training in numbers: losses, learning rates, what is decayed, what is frozen.

The expected numbers were computed by the published code on tensors that a rule makes from a seed.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.data import Normalisation
from emseg_bench.benchmark.contracts.errors import TrialError, UsageError
from emseg_bench.benchmark.experiments.methods import find_methods, method_specs
from emseg_bench.benchmark.experiments.presets import recipes
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.training.freezing import freeze
from emseg_bench.benchmark.training.loss import SegmentationLoss
from emseg_bench.benchmark.training.methods import build_optimiser, make_schedules
from emseg_bench.benchmark.training.optimisation import AutocastOptimWrapper
from emseg_bench.papers.retina_training import RetinaLoss
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

RETINA = recipes()["retina-2025"]
SEED = 7
GUAY_WEIGHTS = (0.1, 0.1, 1.0, 1.0, 0.1, 3.0, 3.0)
FULL_VALUES = Path(__file__).parents[2].parent / "shared" / "retina" / "loss_values.json"


def generator(name):
    return np.random.default_rng([SEED, zlib.crc32(name.encode())])


def rule_logits(classes):
    shape = (2, classes, 64, 64)
    numbers = generator("input:" + "x".join(map(str, shape)))
    coarse = numbers.standard_normal((2, classes, 4, 4)).repeat(16, axis=2).repeat(16, axis=3)
    image = (0.8 * coarse + 0.6 * numbers.standard_normal(shape)).astype(np.float32)
    return 2 * torch.from_numpy(image)


def rule_labels(classes):
    coarse = generator("target:2x64x64").integers(0, max(classes, 2), size=(2, 4, 4))
    return torch.from_numpy(coarse.repeat(16, axis=1).repeat(16, axis=2))


def loss(ce, dice, classes, weights=()):
    recipe = replace(RETINA, ce_weight=ce, dice_weight=dice, class_weights=weights)
    return float(RetinaLoss(recipe, classes, None)(rule_logits(classes), rule_labels(classes)))


PUBLISHED_LOSSES = [
    ((1, 0, 7), 2.922482490539551),
    ((1, 0, 7, GUAY_WEIGHTS), 3.2332699298858643),
    ((0, 1, 7), 0.7507299184799194),
    ((0.5, 0.5, 7), 1.836606204509735),
    ((0.5, 0.5, 7, GUAY_WEIGHTS), 1.9919999241828918),
    ((1, 0, 1), 1.253954529762268),
    ((0, 1, 1), 0.6387522220611572),
    ((0.5, 0.5, 1), 0.9463533759117126),
]


@pytest.mark.parametrize(("arguments", "expected"), PUBLISHED_LOSSES)
def test_losses_equal_the_published_ones(arguments, expected):
    assert loss(*arguments) == pytest.approx(expected, rel=2e-6)


@pytest.mark.skipif(not FULL_VALUES.exists(), reason="the published values are not beside this repository")
def test_the_numbers_here_are_the_published_ones():
    values = json.loads(FULL_VALUES.read_text())
    many, one = values["multiclass"], values["binary"]
    published = [
        *(many[key] for key in ("cross_entropy", "cross_entropy_weighted", "dice_loss", "total")),
        *(many["total_weighted"], one["bce"], one["dice_loss"], one["total"]),
    ]
    assert [expected for _, expected in PUBLISHED_LOSSES] == pytest.approx(published, rel=1e-8)


@given(st.integers(0, 2**31), st.sampled_from([1, 3]), st.sampled_from([SegmentationLoss, RetinaLoss]))
def test_ignored_pixels_change_nothing(seed, classes, kind):
    """Whatever the network says where nothing counts, the loss of the rest is as if it were cut off."""
    rng = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, classes, 4, 8, generator=rng)
    labels = torch.randint(max(classes, 2), (2, 4, 8), generator=rng)
    ignored = torch.cat([labels[..., :4], torch.full((2, 4, 4), 9)], dim=-1)
    weights = (0.2, 1.0, 2.0) if classes == 3 else ()
    module = kind(replace(RETINA, class_weights=weights), classes, 9)
    cut = module(logits[..., :4].contiguous(), labels[..., :4].contiguous())
    assert float(module(logits, ignored)) == pytest.approx(float(cut), rel=1e-5, abs=1e-7)


def test_nothing_counts():
    module = RetinaLoss(replace(RETINA, class_weights=(1.0, 1.0, 1.0)), 3, 9)
    assert torch.isfinite(module(torch.randn(1, 3, 4, 4), torch.full((1, 4, 4), 9)))


# ------------------------------------------------------------------------------------- optimisation
class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2))
        self.head = nn.Conv2d(2, 1, 1)


def rates(recipe):
    model = Small()
    methods = find_methods(recipe, load_plugins().catalogue)
    wrapper = AutocastOptimWrapper(build_optimiser(methods, model, recipe), "cpu", bf16=False, largest_norm=0)
    schedules = make_schedules(methods, wrapper, recipe)
    found = []
    for _ in range(recipe.iterations):
        found.append(wrapper.get_lr()["lr"][0])
        wrapper.update_params(torch.zeros((), requires_grad=True))
        for schedule in schedules:
            schedule.step()
    return found


def test_learning_rates_equal_the_published_ones():
    found = rates(replace(RETINA, iterations=3000))
    assert found[:2] == [0.003, 0.003]
    published = {2: 0.0029990999849981662, 101: 0.0029098481339047987, 1501: 0.0016076601938044396}
    assert {step: found[step] for step in published} == pytest.approx(published, rel=1e-12)


def test_all_parameters_decay_as_published_and_only_matrices_by_default():
    def decays(recipe):
        methods = find_methods(recipe, load_plugins().catalogue)
        groups = build_optimiser(methods, Small(), recipe).param_groups
        return {group["weight_decay"]: len(group["params"]) for group in groups}

    assert decays(RETINA) == {1e-4: 6}
    assert decays(recipes()["quick"]) == {1e-2: 2, 0.0: 4}


def test_a_frozen_encoder_has_no_gradient_and_no_optimiser_state():
    model = Small()
    freeze(model, ("encoder",))
    recipe = replace(RETINA, optimiser="adamw")
    optimiser = build_optimiser(find_methods(recipe, load_plugins().catalogue), model, recipe)
    before = {name: value.clone() for name, value in model.named_parameters()}
    model.head(model.encoder(torch.randn(2, 1, 4, 4))).mean().backward()
    optimiser.step()
    moved = {name for name, value in model.named_parameters() if not torch.equal(value, before[name])}
    assert moved == {"head.weight", "head.bias"}
    assert all(parameter.grad is None for parameter in model.encoder.parameters())
    assert len(optimiser.state) == 2


@pytest.mark.parametrize(
    ("prefixes", "message"),
    [
        (("decoder",), r"'decoder', but no parameter.*encoder\.0, encoder\.1, head"),
        (("",), "nothing is left"),
    ],
)
def test_what_cannot_be_frozen_is_told(prefixes, message):
    with pytest.raises(TrialError, match=message):
        freeze(Small(), prefixes)


def test_warm_up_of_a_schedule_that_has_none_is_refused():
    with pytest.raises(UsageError, match="has no warm-up"):
        find_methods(replace(RETINA, warmup=0.1), load_plugins().catalogue)


# ---------------------------------------------------------------------------------------- benchmarks
def test_each_benchmark_is_the_shared_recipe_with_its_own_numbers():
    own = {"name", "iterations", "normalisation", "foreground_crops", "class_weights", "augmentation"}
    for name, recipe in recipes().items():
        if name.startswith("retina-2025-"):
            shared = {key: getattr(RETINA, key) for key in own}
            assert replace(recipe, **shared) == RETINA
            assert isinstance(recipe.normalisation, Normalisation)
    assert len([name for name in recipes() if name.startswith("retina-2025-")]) == 8


@pytest.mark.parametrize(
    ("name", "iterations", "mean", "crops"),
    [
        ("cremi", 10_000, 0.27342241, 0.8),
        ("guay", 3000, 0.55412821, 0.0),
        ("kasthuri-pp", 10_000, 0.27342241, 0.8),
        ("perez-lyso", 10_000, 0.35047498, 0.0),
        ("perez-nucleoli", 3000, 0.35047498, 0.0),
        ("urocell", 3000, 0.27342241, 0.8),
    ],
)
def test_published_numbers(name, iterations, mean, crops):
    recipe = recipes()[f"retina-2025-{name}"]
    assert (recipe.iterations, recipe.normalisation.mean, recipe.foreground_crops) == (
        iterations,
        (mean,),
        crops,
    )


def test_its_code_counts_for_trials_that_use_it_alone():
    catalogue = load_plugins().catalogue
    named = method_specs(find_methods(RETINA, catalogue))
    assert [one.kind for one in named] == ["loss", "schedule", "augmentation"]
    assert {one.provider.distribution for one in named} == {"emseg-bench"}
    assert len({one.provider.source_sha256 for one in named}) == 3
    assert method_specs(find_methods(recipes()["quick"], catalogue)) == ()
