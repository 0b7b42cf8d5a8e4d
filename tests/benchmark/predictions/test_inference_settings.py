"""How images are segmented, in words."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts.data import Normalisation
from emseg_bench.benchmark.experiments.presets import protocols
from emseg_bench.benchmark.predictions.inference_settings import InferenceSettings
from emseg_bench.benchmark.predictions.network import TrainedWeights
from emseg_bench.benchmark.weights.weight_info import Segmenting, WeightsInfo


def setting(side, told):
    protocol = protocols()["emseg-v1"]
    known = asdict(protocol) | {"protocol": "emseg-v1", "axes": "stack", "precision": "fp32"} | told
    how = Segmenting(**{one.name: known[one.name] for one in fields(Segmenting)})
    info = WeightsInfo(model="toy", num_logits=1, origin="x", window=32, segmenting=how)
    return InferenceSettings(
        weights=TrainedWeights(Path("w"), info, 1, None),
        protocol=protocol,
        normalisation=Normalisation(mean=(0.5,), std=(0.2,)),
        window=side,
        axes="stack",
        device="cpu",
        precision="fp32",
        greys={},
    )


@pytest.mark.parametrize(
    ("window", "told", "words"),
    [
        (32, {}, "windows of 32 px, overlap 0.5, gaussian, fp32; as the trial was scored"),
        (64, {}, "windows of 64 px (the trial was scored in those of 32 px), overlap"),
        (64, {"window": 48}, "windows of 64 px (the trial was scored in those of 48 px), overlap"),
        (64, {"window": "whole-padded"}, "windows of 64 px (the trial was scored whole-padded), overlap"),
        (64, {"window": 64}, "windows of 64 px, overlap"),
    ],
)
def test_other_windows_than_the_trial_s_are_told(window, told, words):
    assert words in setting(window, told).how(volumes=False)
