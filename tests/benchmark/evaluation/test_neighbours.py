"""Slices with their neighbours: against plain indexing, in volumes, slabs and after a kill."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from emseg_bench.benchmark.contracts.data import Normalisation
from emseg_bench.benchmark.evaluation.neighbours import reach, stacks
from emseg_bench.benchmark.evaluation.segmenter import Segmenter
from emseg_bench.benchmark.evaluation.volumes import segment_volume
from emseg_bench.benchmark.experiments.presets import protocols
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn


def around(place: int, context: int, length: int) -> list[int]:
    return [min(max(other, 0), length - 1) for other in range(place - context, place + context + 1)]


@given(st.integers(0, 4), st.integers(1, 9), st.data())
def test_any_part_of_a_volume_gets_the_neighbours_that_it_has_in_the_whole(context, length, data):
    start = data.draw(st.integers(0, length - 1))
    stop = data.draw(st.integers(start + 1, length))
    planes = [np.full((1, 1), number) for number in range(length)]
    read, before, after = reach(slice(start, stop), context, length)
    found = [stack.ravel().tolist() for stack in stacks(iter(planes[read]), context, before, after)]
    assert found == [around(place, context, length) for place in range(start, stop)]


def test_no_more_is_read_ahead_than_the_neighbours():
    taken = []

    def planes():
        for number in range(9):
            taken.append(number)
            yield np.full((1, 1), number)

    assert next(stacks(planes(), 2)).ravel().tolist() == [0, 0, 0, 1, 2]
    assert taken == [0, 1, 2]


class Difference(nn.Module):
    """Foreground where a slice is brighter than the mean of its neighbours."""

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, 3, H, W) to (N, 1, H, W)."""
        before, own, after = images.unbind(1)
        return (own - (before + after) / 2)[:, None] * 50


@pytest.mark.parametrize("axes", ["stack", "orthoplane"])
@pytest.mark.parametrize("slab", [None, 1, 2])
def test_a_volume_is_segmented_with_neighbours_however_it_is_read(axes, slab):
    volume = np.random.default_rng(0).integers(0, 256, (5, 20, 18), np.uint8)
    segmenter = Segmenter(
        model=Difference(),
        normalisation=Normalisation(mean=(0.5,) * 3, std=(0.25,) * 3),
        protocol=protocols()["emseg-v1"],
        window=16,
        size_divisor=1,
        device="cpu",
        batch_size=3,
        context=1,
    )
    inputs = torch.from_numpy(volume).float() / 255 * 4
    shares = torch.zeros(volume.shape)
    for axis in (0, 1, 2) if axes == "orthoplane" else (0,):
        along = inputs.movedim(axis, 0)
        both = torch.stack([along[around(place, 1, len(along))] for place in range(len(along))])
        logits = (both[:, 1] - (both[:, 0] + both[:, 2]) / 2) * 50
        share = logits.sigmoid() if axes == "stack" else (logits.sigmoid() * 85).floor() / 255
        shares += share.movedim(0, axis)
    with torch.no_grad():
        labels = segment_volume(segmenter, volume, axes, slab=slab)
    # pixels on the threshold are rounded otherwise
    assert (labels != (shares > 0.5).numpy()).mean() < 0.005
