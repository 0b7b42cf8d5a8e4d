"""Networks whose weights are not all of four axes: laid out as far as they can be, and used everywhere."""

from __future__ import annotations

import numpy as np
import torch
from emseg_bench.benchmark.files.store import TrialFolder
from emseg_bench.benchmark.training.memory_layout import channels_last
from emseg_bench.benchmark.trials.trial import run_trial
from PIL import Image
from torch import nn


def test_tensors_of_four_axes_change_their_layout_and_no_values():
    network = nn.ModuleDict(
        {"conv1": nn.Conv1d(3, 5, 3), "conv2": nn.Conv2d(3, 5, 3), "conv3": nn.ConvTranspose3d(3, 5, 3)}
    )
    network.register_buffer("grid", torch.rand(2, 3, 4, 5))
    network.register_buffer("volume", torch.rand(2, 3, 4, 5, 6))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    assert channels_last(network) is network
    assert network["conv2"].weight.is_contiguous(memory_format=torch.channels_last)
    assert network.grid.is_contiguous(memory_format=torch.channels_last)
    after = network.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert all(after[name].is_contiguous() for name in ("conv1.weight", "conv3.weight", "volume"))


def test_layout_is_torch_s_own_and_shared_weights_stay_shared():
    ours, theirs = (nn.Sequential(nn.Conv2d(3, 5, 3), nn.Conv2d(5, 5, 1)) for _ in range(2))
    ours[0].bias = ours[1].bias
    channels_last(ours)
    theirs.to(memory_format=torch.channels_last)
    assert ours[0].bias is ours[1].bias
    assert [p.stride() for p in (ours[0].weight, ours[1].weight)] == [
        p.stride() for p in (theirs[0].weight, theirs[1].weight)
    ]


def test_network_of_volumes_is_trained_and_segments(make_job, runtime, invoke, work):
    job = make_job("toy-deep")
    assert run_trial(job, runtime, lambda event: None).status == "complete"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 48), np.uint8)).save(work / "one.png")
    done = invoke("predict", "one.png", "--weights", TrialFolder(job.folder).weights, "--out", "maps")
    assert done.code == 0, done.err


def test_network_of_volumes_is_pretrained(toy, invoke, work):
    (work / "images").mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (224, 224), np.uint8)
    Image.fromarray(noise).save(work / "images/one.png")
    small = ("--set", "recipe.epochs=1", "--set", "recipe.batch_size=1", "--set", "recipe.crop=32")
    done = invoke(
        "pretrain", "--images", "images", "--method", "reconstruction", "--model", "toy-deep", *small
    )
    assert done.code == 0, done.err
