"""Trials by RETINA's published recipe: what they train, normalise with and leave behind."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
import torch
from emseg_bench.benchmark.contracts.data import Normalisation
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.contracts.running import Event, Job, Runtime
from emseg_bench.benchmark.experiments.experiment import build_experiment
from emseg_bench.benchmark.experiments.planning import make_plan
from emseg_bench.benchmark.files.store import TrialFolder
from emseg_bench.benchmark.images.normalisation import settle_normalisation
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.trials.trial import run_trial
from emseg_bench.benchmark.weights.weight_info import WeightsInfo, read_info, to_metadata
from emseg_bench.models.retina.network import published_variant
from safetensors.torch import load_file, save_file

SMALL = ("recipe.iterations=4", "recipe.batch_size=2", "recipe.crop=32")
CEM500K = Normalisation(mean=(0.57287007,), std=(0.12740536,))


@pytest.fixture
def plan_trial(toy, tmp_path):
    def make(model="toy", *settings, recipe="retina-2025", folder="trial"):
        asked = {"models": [model], "datasets": ["toy-data"], "seeds": [1234], "recipe": recipe}
        frozen = any(setting.startswith("recipe.freeze") for setting in settings)
        settings = (*SMALL, *settings, *(() if frozen else ("recipe.freeze=[]",)))
        experiment = build_experiment(None, asked, settings)
        plan = make_plan(experiment, load_plugins().catalogue, device="cpu", cache=tmp_path / "cache")
        ((fingerprint, spec),) = plan.trials.items()
        return Job(fingerprint=fingerprint, spec=spec, folder=tmp_path / folder)

    return make


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    """A pre-training file of RETINA's that says what it was trained with, and its weights."""
    torch.manual_seed(1)
    state = {name: value.clone() for name, value in published_variant("pretrain192").state_dict().items()}
    path = tmp_path_factory.mktemp("weights") / "pretrained.safetensors"
    save_file(state, path, to_metadata(WeightsInfo(model="retina", normalisation=CEM500K, origin="a test")))
    return path, state


def ignore(event: Event) -> None:
    pass


class KilledError(Exception):
    pass


def kill_in_training(event: Event) -> None:
    if event.phase == "train" and event.done == 2:
        raise KilledError


def test_a_killed_trial_goes_on_with_the_same_running_iou(plan_trial, tmp_path):
    runtime = Runtime(device="cpu", cache=str(tmp_path / "cache"), checkpoint_seconds=0)
    whole, killed = plan_trial(folder="whole"), plan_trial(folder="killed")
    run_trial(whole, runtime, ignore)
    with pytest.raises(KilledError):
        run_trial(killed, runtime, kill_in_training)
    assert run_trial(killed, runtime, ignore).resumed == 1
    curves = [pd.read_parquet(TrialFolder(job.folder).curve) for job in (whole, killed)]
    assert curves[0].equals(curves[1])
    running = curves[0][curves[0]["series"] == "train/iou"]
    assert running["iteration"].tolist() == [1, 2, 3, 4]
    assert running["value"].between(0, 1).all()


def test_the_last_state_is_the_result(plan_trial, tmp_path):
    runtime = Runtime(device="cpu", cache=str(tmp_path / "cache"))
    assert run_trial(plan_trial(), runtime, ignore).selection.iteration == 4


def test_the_recipes_normalisation_is_used_and_handed_on(plan_trial, tmp_path):
    job = plan_trial(recipe="retina-2025-perez-lyso")
    run_trial(job, Runtime(device="cpu", cache=str(tmp_path / "cache")), ignore)
    info = read_info(TrialFolder(job.folder).weights)
    assert info.normalisation == Normalisation(mean=(0.35047498,), std=(0.01674651,))
    assert (info.model, info.num_logits, info.window) == ("toy", 1, 32)
    assert info.class_names == ("background", "disk")


@pytest.mark.slow
def test_frozen_encoder_keeps_the_files_weights_and_the_rest_trains(plan_trial, pretrained, tmp_path):
    path, before = pretrained
    settings = ("recipe.freeze=[transformer.encoder]", "recipe.normalisation=weights", "protocol.window=32")
    job = plan_trial(f"retina@file:{path}", *settings)
    record = run_trial(job, Runtime(device="cpu", cache=str(tmp_path / "cache")), ignore)
    after = load_file(TrialFolder(job.folder).weights)
    frozen = {name for name in after if name.startswith("transformer.encoder")}
    assert len(frozen) == 194
    assert all(torch.equal(after[name], before[name]) for name in frozen)
    stem = "transformer.embeddings.hybrid_model.root.conv.weight"
    assert not torch.equal(after[stem], before[stem])
    assert record.profile.trainable_parameters == 16_862_417
    assert read_info(TrialFolder(job.folder).weights).normalisation == CEM500K


def test_a_file_that_does_not_say_its_normalisation_is_refused(plan_trial, pretrained, tmp_path):
    silent = tmp_path / "silent.pt"
    torch.save(pretrained[1], silent)
    with pytest.raises(UsageError, match="does not say what it was trained with; give numbers"):
        plan_trial(f"retina@file:{silent}", "recipe.normalisation=weights")


def test_from_scratch_nothing_is_frozen_which_is_said_and_the_data_normalise(plan_trial):
    settings = ("recipe.normalisation=weights", "recipe.freeze=[transformer.encoder]")
    spec = plan_trial("retina@scratch", *settings).spec
    assert (spec.model.weights_path, spec.model.normalisation) == (None, None)
    assert any("nothing of it is frozen" in note for note in spec.notes)
    assert settle_normalisation(spec.recipe, spec.model, Manifest) == Normalisation(
        mean=Manifest.mean, std=Manifest.std
    )


class Manifest:
    dataset = "colours"
    channels, mean, std = 3, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("dataset", Normalisation(mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6))),
        ("weights", Normalisation(mean=(0.5,) * 3, std=(0.25,) * 3)),
        (Normalisation(mean=(1, 2, 3), std=(4, 5, 6)), Normalisation(mean=(1, 2, 3), std=(4, 5, 6))),
    ],
)
def test_normalisation_is_settled_per_channel(plan_trial, wanted, expected):
    spec = plan_trial().spec
    own = Normalisation(mean=(0.5,), std=(0.25,))
    model = replace(spec.model, weights_path="w.safetensors", normalisation=own)
    assert settle_normalisation(replace(spec.recipe, normalisation=wanted), model, Manifest) == expected


def test_normalisation_of_another_number_of_channels_is_refused_before_anything_runs(plan_trial):
    with pytest.raises(
        UsageError, match=r"recipe\.normalisation normalises 2 channels.* have 1; give numbers"
    ):
        plan_trial("toy", "recipe.normalisation={mean: [1, 2], std: [1, 2]}")


@pytest.mark.parametrize(
    ("weights", "message"), [([1, 2], "a binary task takes none"), ([1, 2, 3], "a binary task")]
)
def test_class_weights_must_fit_the_classes(plan_trial, weights, message):
    with pytest.raises(UsageError, match=message):
        plan_trial("toy", f"recipe.class_weights={weights}")
