"""What a model cannot take is told before anything starts, with what it can; a broken one fails alone."""

from __future__ import annotations

import json
import multiprocessing
import os
from types import SimpleNamespace

import psutil
import pytest
import torch
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.contracts.records import DatasetSpec
from emseg_bench.benchmark.executors import asking, rehearsal
from emseg_bench.benchmark.executors.questions import Question, question_of
from emseg_bench.benchmark.executors.rehearsal import rehearse
from emseg_bench.benchmark.executors.rehearsing import find_fault
from emseg_bench.benchmark.experiments.experiment import build_experiment
from emseg_bench.benchmark.experiments.planning import Plan, make_plan
from emseg_bench.benchmark.plugins.loading import load_plugins
from safetensors.torch import save_file

SMALL = ("recipe.batch_size=2", "recipe.crop=32", "recipe.precision=fp32")


@pytest.fixture
def plan(toy, tiny, tmp_path):
    """Plan trials on toy data."""

    def make(*models: str, settings=()) -> Plan:
        asked = {"models": list(models), "datasets": ["toy-data"], "recipe": "smoke"}
        changed = dict(setting.split("=") for setting in (*SMALL, *settings))
        experiment = build_experiment(None, asked, [f"{key}={value}" for key, value in changed.items()])
        return make_plan(experiment, load_plugins().catalogue, device="cpu", cache=tmp_path)

    return make


@pytest.fixture
def fault(plan):
    """Give what is wrong with a trial, as a rehearsal's process finds it."""

    def find(model: str, *settings: str) -> str:
        made = plan(model, settings=settings)
        (name,) = made.trials
        return find_fault(question_of(made, name))

    return find


def weights(path, width=1, value=0.0, **more):
    state = {"weight": torch.full((width, 1, 1, 1), value), "bias": torch.zeros(width), **more}
    save_file(state, path)
    return f"@file:{path}"


@pytest.mark.parametrize("model", ["toy", "toy-deep", "toy-plain", "toy-killed", "toy-wide"])
def test_what_works_has_no_fault(fault, model):
    assert fault(model, "recipe.crop=64") == ""


@pytest.mark.parametrize("model", ["toy-unbuildable", "toy-raises", "toy-shape"])
def test_broken_model_is_left_to_its_trial(fault, model):
    assert fault(model) == ""


def test_batch_of_one_is_refused_with_the_smallest_that_works(fault):
    found = fault("toy-pooled", "recipe.batch_size=1")
    assert "toy-pooled@scratch cannot be trained with a batch of 1 crops of 32 px" in found
    assert "the smallest batch that works is 2: --set recipe.batch_size=2" in found
    assert fault("toy-pooled", "recipe.batch_size=2") == ""


def test_small_crop_is_refused_with_one_that_works(fault):
    found = fault("toy-wide")
    assert "too small for me (emseg_toy_parts.py" in found
    assert "a crop that works is 64 px: --set recipe.crop=64" in found


def test_small_window_is_refused_with_one_that_works(fault):
    found = fault("toy-wide", "recipe.crop=64", "protocol.window=40")
    assert "cannot segment windows of 40 px" in found
    assert "a window that works is 64 px: --set protocol.window=64" in found


def test_what_the_recipe_names_is_made_and_must_fit_its_other_values(fault):
    nesterov = ("recipe.optimiser=sgd", "recipe.optimiser.nesterov=true")
    assert fault("toy-plain", *nesterov, "recipe.momentum=0") == (
        "recipe.momentum: got 0, expected more than 0 for sgd[nesterov=true]."
    )
    assert fault("toy-plain", *nesterov, "recipe.momentum=0.9") == ""
    for broken in ("toy-loss-raises", "toy-loss-number"):
        assert fault("toy-plain", f"recipe.loss={broken}") == ""


def test_weights_are_loaded_into_the_model(fault, tmp_path):
    path = tmp_path / "w.safetensors"
    assert fault("tiny" + weights(path)) == ""
    assert "does not fit" in fault("tiny" + weights(path, width=2))
    assert fault("tiny[width=2]" + weights(path, width=2)) == ""
    assert "does not fit" in fault("tiny" + weights(path, other=torch.zeros(1)))
    assert "NaN or infinite values, which are now in weight" in fault(
        "tiny" + weights(path, value=float("nan"))
    )


def test_frozen_part_that_the_model_does_not_have_is_refused(fault, tmp_path):
    model = "tiny" + weights(tmp_path / "w.safetensors")
    assert "recipe.freeze names 'encoder'" in fault(model, "recipe.freeze=[encoder]")


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("recipe.batch_size=65536", "a batch of 65,536 x 32 x 32 px takes 256.0 MiB"),
        ("recipe.crop=32768", "a batch of 2 x 32,768 x 32,768 px takes 8.0 GiB"),
        ("protocol.window=32768", "a window of 1 x 32,768 x 32,768 px takes 4.0 GiB"),
    ],
)
def test_more_than_the_machine_s_memory_is_refused_without_a_try(
    plan, tmp_path, monkeypatch, setting, expected
):
    monkeypatch.setattr(rehearsal, "_ask", None)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=200 << 20))
    made = plan("toy-plain", settings=[setting])
    with pytest.raises(UsageError, match=expected):
        rehearse(made, made.trials, (), tmp_path, runs_on="cpu")


def test_more_than_memory_in_a_single_layer_is_refused(plan):
    made = plan("toy-plain", settings=["recipe.batch_size=1000"])
    (name,) = made.trials
    whole = 1000 * 4 * 32 * 32 * 4
    assert find_fault(question_of(made, name, whole)) == ""
    assert find_fault(question_of(made, name, whole - 1)).startswith(
        "a batch of 1,000 x 32 x 32 px takes 15.6 MiB in a single layer of toy-plain@scratch, and"
    )


class Asked:
    """Stands in for the process: answers by model, and remembers what it was asked."""

    def __init__(self, **answers: str) -> None:
        self.answers, self.asked = answers, []

    def __call__(self, questions: list[Question]) -> list[str]:
        names = [one.spec.model.name for one in questions]
        self.asked.append(names)
        return [self.answers.get(name.replace("-", "_"), "") for name in names]


def test_what_works_is_remembered_and_what_is_complete_is_not_asked(plan, tmp_path, monkeypatch):
    asked = Asked(toy_wide="too small")
    monkeypatch.setattr(rehearsal, "_ask", asked)
    made = plan("toy", "toy-plain", "toy-wide")
    for _ in range(2):
        with pytest.raises(UsageError, match="too small"):
            rehearse(made, made.trials, (), tmp_path, runs_on="cpu")
    assert asked.asked == [["toy", "toy-plain", "toy-wide"], ["toy-wide"]]
    assert rehearse(made, [], (), tmp_path, runs_on="cpu") == made
    assert len(asked.asked) == 2


def test_what_nobody_answered_is_asked_again(plan, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(rehearsal, "_ask", lambda questions: asked.append(1) or [None for _ in questions])
    made = plan("toy")
    for _ in range(2):
        assert rehearse(made, made.trials, (), tmp_path, runs_on="cpu") == made
    assert len(asked) == 2


def test_models_that_only_all_asks_for_are_left_out_with_a_note(plan, tmp_path, monkeypatch):
    monkeypatch.setattr(rehearsal, "_ask", Asked(toy_wide="too small"))
    made = plan("toy", "toy-wide")
    left = rehearse(made, made.trials, {"toy-wide"}, tmp_path, runs_on="cpu")
    assert [trial.model.name for trial in left.trials.values()] == ["toy"]
    assert left.notes[-1] == "toy-wide@scratch is left out of 'all': too small"


def test_process_that_crashes_leaves_the_answer_to_the_trial(plan, monkeypatch):
    made = plan("toy", "toy-wide")
    questions = [question_of(made, name) for name in made.trials]
    monkeypatch.setattr(rehearsal, "_serve", _crash_at_the_first)
    monkeypatch.setattr(asking, "worker_context", lambda: multiprocessing.get_context("fork"))
    assert rehearsal._ask(questions) == [None, "answered"]


def _crash_at_the_first(questions, answers):
    if questions[0].spec.model.name == "toy":
        os._exit(1)
    answers.send_bytes(b"ready")
    answers.send_bytes(json.dumps("answered").encode())


def test_two_datasets_of_one_name_keep_their_channels(plan):
    made = plan("toy")
    (spec,) = made.trials.values()
    assert isinstance(spec.dataset, DatasetSpec)
    assert [(one.channels, one.num_logits) for one in made.manifests.values()] == [(1, 1)]


@pytest.mark.slow
def test_dry_run_refuses_what_the_trial_would(toy, tiny, invoke, tmp_path, work):
    model = "tiny" + weights(tmp_path / "w.safetensors", width=2)
    done = invoke("run", "--models", model, "--datasets", "toy-data", "--recipe", "smoke", "--dry-run")
    assert (done.code, list(work.iterdir())) == (2, [])
    assert f"error: {tmp_path / 'w.safetensors'} does not fit" in done.err


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--threads", "1e20", "--threads"),
        ("--threads", "100000000000000000000", "less than or equal to 1024"),
        ("--workers", "100000", "less than or equal to 1024"),
        ("--timeout", "nan", "--timeout"),
        ("--timeout", "inf", "--timeout"),
        ("--checkpoint-seconds", "nan", "--checkpoint-seconds"),
        ("--checkpoint-seconds", "-1", "--checkpoint-seconds"),
        ("--executor", "cloud", "no executor is called 'cloud'"),
        ("--device", "cuda:99", "is not on this machine"),
        ("--set", "recipe.learning_rate=.nan", "recipe.learning_rate: got nan"),
        ("--set", "recipe.weight_decay=.inf", "recipe.weight_decay: got inf"),
        ("--set", "recipe.class_weights=[1, .nan]", "recipe.class_weights"),
        ("--set", "recipe.augmentation.noise=.nan", "noise: got nan"),
        ("--set", "protocol.overlap=.nan", "protocol.overlap: got nan"),
        ("--set", "recipe.clip_gradient_norm=-1", "recipe.clip_gradient_norm: got -1"),
        ("--label-fractions", "nan", "--label-fractions nan"),
    ],
)
def test_nonsense_is_refused_by_a_dry_run(toy, invoke, work, option, value, expected):
    done = invoke("run", "--models", "toy", "--datasets", "toy-data", "--dry-run", option, value)
    assert (done.code, list(work.iterdir())) == (2, []), done.err
    assert expected in done.err
    assert "Traceback" not in done.err
