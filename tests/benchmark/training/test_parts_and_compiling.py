"""Batches taken in parts, and training through torch.compile."""

from __future__ import annotations

import pandas as pd
import pytest
import torch
from emseg_bench.benchmark.contracts.errors import TrialError, UsageError
from emseg_bench.benchmark.files.store import TrialFolder
from emseg_bench.benchmark.training import compiling
from emseg_bench.benchmark.training.compiling import Compiled
from emseg_bench.benchmark.trials.trial import run_trial
from safetensors.torch import load_file
from torch import nn

PIXELS_ONLY = ("recipe.dice_weight=0", "recipe.augmentation.noise=0")
"""A loss that is a mean over pixels, so that parts of a batch give the batch's gradient."""


def outcome(job, runtime):
    record = run_trial(job, runtime, lambda _: None)
    folder = TrialFolder(job.folder)
    curve = pd.read_parquet(folder.curve)
    return record, load_file(folder.weights), curve[curve["series"] == "train/loss"]["value"].to_numpy()


def test_parts_of_a_batch_give_its_gradient(make_job, runtime):
    whole, parted = (
        outcome(
            make_job(
                "toy-plain",
                "recipe.batch_size=4",
                f"recipe.accumulate={parts}",
                *PIXELS_ONLY,
                folder=str(parts),
            ),
            runtime,
        )
        for parts in (1, 4)
    )
    assert parted[2] == pytest.approx(whole[2], rel=1e-4)
    for name, value in whole[1].items():
        torch.testing.assert_close(parted[1][name], value, rtol=1e-3, atol=1e-5)
    assert whole[0].fingerprint != parted[0].fingerprint
    assert whole[0].profile.compile_seconds is None


def test_parts_must_be_equal(make_job):
    with pytest.raises(
        UsageError, match=r"got 4, expected a multiple of 3: 1 process with 3 accumulated parts"
    ):
        make_job("toy-plain", "recipe.batch_size=4", "recipe.accumulate=3")


@pytest.mark.parametrize("model", ["toy", "toy[train=lora[rank=2]]"])
def test_a_compiled_training_is_the_same_and_says_how_long_it_compiled(make_job, runtime, monkeypatch, model):
    monkeypatch.setattr(compiling, "BACKEND", "eager")  # traced as ever, but no compiler has to run
    plain, compiled = (
        outcome(make_job(model, f"recipe.compile={flag}", folder=flag), runtime) for flag in ("false", "true")
    )
    for name, value in plain[1].items():
        torch.testing.assert_close(compiled[1][name], value, rtol=1e-4, atol=1e-6)
    profile = compiled[0].profile
    assert profile.compile_seconds > 0
    assert profile.train_images_per_s == pytest.approx(5 * 2 / profile.train_seconds)


def test_what_cannot_be_compiled_fails_with_a_sentence(monkeypatch):
    def broken(graph, inputs):
        raise RuntimeError("no compiler here")

    monkeypatch.setattr(compiling, "BACKEND", broken)
    with pytest.raises(TrialError, match=r"recipe\.compile is true, but .* no compiler here.*C\+\+ compiler"):
        Compiled(nn.Conv2d(1, 1, 3))(torch.zeros(1, 1, 8, 8))
