"""What a plan counts is what goes through the network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.data import Normalisation
from emseg_bench.benchmark.contracts.settings import ScoringProtocol
from emseg_bench.benchmark.costs.work import speed_key, work_of
from emseg_bench.benchmark.evaluation.placing import count_windows, forward_pixels
from emseg_bench.benchmark.evaluation.segmenter import Segmenter
from emseg_bench.benchmark.evaluation.volumes import segment_volume
from torch import nn


class Counting(nn.Module):
    """Gives one logit per pixel, and counts pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.pixels = 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.pixels += images[:, 0].numel()
        return images[:, :1]


@pytest.mark.parametrize(
    ("sides", "axes", "settings"),
    [
        ((100, 130), "stack", {}),
        ((10, 130), "stack", {"overlap": 0.9}),
        ((100, 64), "stack", {"flips": True}),
        ((100, 130), "stack", {"window": "whole-padded"}),
        ((3, 40, 50), "stack", {"slice_overlap": 0.0}),
        ((3, 40, 50), "orthoplane", {}),
        ((5, 40, 50), "orthoplane", {"window": "whole-padded", "flips": True}),
    ],
)
def test_counted_pixels_are_those_that_a_network_sees(sides, axes, settings):
    protocol = ScoringProtocol(name="p", **settings)
    network, windows = Counting(), []
    segmenter = Segmenter(
        model=network,
        normalisation=Normalisation(mean=(0.0,), std=(1.0,)),
        protocol=protocol,
        window=32,
        size_divisor=16,
        device="cpu",
        batch_size=4,
        on_windows=windows.append,
    )
    image = np.zeros(sides, np.uint8)
    with torch.inference_mode():
        if len(sides) == 2:
            segmenter.logits(image[None])
        else:
            segment_volume(segmenter, image, axes)
    assert forward_pixels(sides, axes, protocol, window=32, size_divisor=16) == network.pixels
    assert count_windows(sides, axes, protocol, window=32) == sum(windows), "for progress"


def test_work_of_a_trial(make_job):
    from emseg_bench.benchmark.experiments.opening import reopen_dataset
    from emseg_bench.benchmark.plugins.loading import load_plugins

    job = make_job("toy", "recipe.iterations=10", "recipe.validations=3", "recipe.validation_cases=1")
    manifest = reopen_dataset(job.spec.dataset, load_plugins().catalogue, job.folder).manifest
    work = work_of(job.spec, manifest)
    assert (work.steps, work.crops_px) == (10, 10 * 2 * 32**2)
    sides = [case.sides for case in manifest.split("test")]
    assert work.test_px == sum(
        forward_pixels(one, "stack", job.spec.protocol, window=32, size_divisor=1) for one in sides
    )
    assert work.validation_px == 3 * 4 * 32**2  # of one image of 48 px, side by side
    assert (work.validations, work.validated, work.validation_windows) == (3, 1, 3 * 4)
    assert (work.tested, work.test_windows) == (len(sides), work.test_px // 32**2)


def test_what_changes_the_speed(make_job):
    spec = make_job("toy").spec

    def with_recipe(**changes):
        return replace(spec, recipe=replace(spec.recipe, **changes))

    assert speed_key(with_recipe(iterations=999, learning_rate=0.5, name="other")) == speed_key(spec)
    assert speed_key(replace(spec, seed=9, label_fraction=0.5)) == speed_key(spec)
    others = [with_recipe(crop=64), with_recipe(batch_size=3), with_recipe(precision="bf16")]
    others += [replace(spec, threads=7), replace(spec, protocol=replace(spec.protocol, window=64))]
    assert len({speed_key(one) for one in (spec, *others)}) == 6
