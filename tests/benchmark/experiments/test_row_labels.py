"""What a plan calls its models: no two that differ are called alike."""

from __future__ import annotations

import pytest
from emseg_bench.benchmark.experiments.experiment import build_experiment
from emseg_bench.benchmark.experiments.planning import make_plan
from emseg_bench.benchmark.plugins.loading import load_plugins


@pytest.fixture
def plan(toy, tiny, tmp_path):
    def make(*models: str):
        experiment = build_experiment(None, {"models": list(models), "datasets": ["toy-data"]}, [])
        return make_plan(experiment, load_plugins().catalogue, device="cpu", cache=tmp_path / "cache")

    return make


def test_files_of_one_name_are_told_apart(plan, tmp_path):
    files = [tmp_path / folder / "weights.safetensors" for folder in "AB"]
    for file in files:
        file.parent.mkdir()
        file.write_text(file.parent.name)
    made = plan(*(f"tiny@file:{file}" for file in files), "toy")
    labels = [spec.model.label for spec in made.trials.values()]
    assert labels == [*(f"tiny@file:weights.safetensors (folder {one})" for one in "AB"), "toy@scratch"]


def test_a_model_that_was_asked_for_twice_is_said_to_be_one(plan):
    made = plan("tiny", "tiny[width=1]")
    assert len(made.trials) == 1
    assert (
        "tiny@scratch and tiny[width=1]@scratch are one and the same model, so they make one row."
        in made.notes
    )
