"""Experiments written from trials plan the very same trials."""

from __future__ import annotations

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.experiments.experiment import build_experiment
from emseg_bench.benchmark.experiments.planning import make_plan
from emseg_bench.benchmark.experiments.writing import NAME, experiment_files
from emseg_bench.benchmark.plugins.loading import load_plugins

SYNTHETIC = "synthetic-em[size=64,train=4,val=1,test=1]"
QUICK = ("recipe.iterations=2", "recipe.crop=32")


@pytest.fixture
def planned(toy, tmp_path):
    """Plan trials, by an experiment's file or by what is asked."""

    def plan(file=None, settings=(), **asked):
        experiment = build_experiment(file, asked, settings)
        cache = tmp_path / "cache"
        return dict(make_plan(experiment, load_plugins().catalogue, device="cpu", cache=cache).trials)

    return plan


@pytest.fixture
def again(planned, tmp_path):
    """Write trials as experiments and plan those; gives what they plan, and the files' names."""

    def plan(trials):
        files = experiment_files(trials.values(), load_plugins().catalogue)
        found = {}
        for name, text in files.items():
            (tmp_path / name).write_text(text)
            found |= planned(tmp_path / name)
        return found, [*files]

    return plan


def test_a_grid_is_one_file(planned, again):
    trials = planned(
        models=["toy", "toy-plain"],
        datasets=["toy-data", SYNTHETIC],
        seeds=[0, 3],
        label_fractions=[0.5, 1.0],
        settings=QUICK,
    )
    assert again(trials) == (trials, [NAME])


def test_numbers_of_labels_are_one_grid_on_data_of_any_size(planned, again, tmp_path):
    other = SYNTHETIC.replace("train=4", "train=3")
    trials = planned(models=["toy"], datasets=[SYNTHETIC, other], label_counts=[1, 2], label_fractions=[1.0])
    assert again(trials) == (trials, [NAME])
    assert "label_counts:\n- 1\n- 2\nlabel_fractions:\n- 1.0\n" in (tmp_path / NAME).read_text()


def test_shares_that_are_whole_percents_stay_shares(planned, again, tmp_path):
    trials = planned(models=["toy"], datasets=[SYNTHETIC], label_fractions=[0.25, 0.5])
    assert again(trials) == (trials, [NAME])
    assert "label_counts" not in (tmp_path / NAME).read_text()


@pytest.mark.parametrize(
    ("models", "settings", "protocol"),
    [
        (
            ["unet[encoder=resnet18]@scratch"],
            ("recipe.augmentation.noise=0.07",),
            "emseg-v1",
        ),
        (["toy"], ("recipe.name=mine", "recipe.optimiser=sgd[nesterov=true]"), "emseg-v1"),
        (["toy"], ("protocol.metrics=[iou, 'nsd[tolerance_nm=20]']", "protocol.overlap=0.25"), "emseg-v1"),
        (["toy"], ("protocol.postprocess=['remove-small[min_px=3]']",), "emseg-v1"),
        (["toy"], (), "retina-2025"),
        (
            ["retina[hidden=768,train=lora[alpha=16,rank=4]]@scratch", "toy[train=norm]", "toy"],
            (),
            "emseg-v1",
        ),
    ],
)
def test_every_setting_comes_again(planned, again, models, settings, protocol):
    trials = planned(
        models=models,
        datasets=[SYNTHETIC],
        seeds=[1],
        protocol=protocol,
        settings=settings,
    )
    assert again(trials) == (trials, [NAME])


def test_trials_of_volumes_come_again(planned, again):
    trials = planned(
        models=["toy"], datasets=["toy-volumes"], seeds=[0], protocol="retina-2025", settings=QUICK
    )
    assert again(trials)[0].keys() == trials.keys()


def test_what_is_no_grid_takes_several_files(planned, again):
    trials = planned(models=["toy"], datasets=["toy-data"], seeds=[0, 1], settings=QUICK)
    trials |= planned(models=["toy-plain"], datasets=["toy-data"], seeds=[0], settings=QUICK)
    trials |= planned(models=["toy"], datasets=[SYNTHETIC], seeds=[5], settings=QUICK)
    found, names = again(trials)
    assert found == trials
    assert names == ["experiment-1.yaml", "experiment-2.yaml", "experiment-3.yaml"]


@pytest.mark.parametrize(
    ("models", "own"),
    [
        (["toy", {"model": "toy-plain", "recipe": {"preset": "smoke", "iterations": 4, "crop": 32}}], None),
        (["toy", "toy-own"], True),
        (["toy", "toy-brought"], True),
    ],
)
def test_recipes_of_models_own_come_again(planned, again, models, own):
    asked = {"own_recipes": True} if own else {}
    trials = planned(models=models, datasets=["toy-data"], seeds=[0, 1], settings=QUICK, **asked)
    found, names = again(trials)
    assert found.keys() == trials.keys()
    assert names == [NAME]


SETTING = {"recipe.learning_rate": 0.003, "recipe.augmentation.noise": 0.07, "model.encoder": "resnet18"}
FOUND = ("recipe.learning_rate=0.003", "recipe.augmentation.noise=0.07")


@pytest.fixture
def opened(planned):
    """Plan a row of the open division."""

    def plan(study="s1", models=("unet@scratch",), settings=(*QUICK, *FOUND), setting=SETTING, **asked):
        tuned = {"study": study, "trials": 5, "hours": 1.5, "setting": setting, "base": "quick"}
        usual = {"datasets": [SYNTHETIC], "seeds": [0, 1], "tuned": tuned}
        return planned(models=[*models], settings=settings, **{**usual, **asked})

    return plan


def test_rows_of_the_open_division_come_again_beside_others(planned, opened, again):
    other = {**SETTING, "model.encoder": "resnet34"}
    trials = planned(models=["unet@scratch"], datasets=[SYNTHETIC], seeds=[0, 1], settings=QUICK)
    trials |= opened() | opened("s2", setting=other)
    found, names = again(trials)
    assert found == trials
    assert names == ["experiment-1.yaml", "experiment-2.yaml", "experiment-3.yaml"]
    assert {spec.model.label for spec in found.values()} == {"unet@scratch"}
    assert [spec.model.tuned and spec.model.tuned.study for spec in found.values()][1::2] == [
        None,
        "s1",
        "s2",
    ]


@pytest.mark.parametrize(
    ("changed", "gist"),
    [
        ({"settings": QUICK}, r"tuned.setting: it has 0.003 for recipe.learning_rate, and the recipe 0.002"),
        ({"models": ("unet[encoder=resnet18]",)}, "says encoder, which it says too"),
        ({"models": ("unet", "fpn")}, "for one model on one dataset, got unet, fpn on synthetic-em"),
        ({"setting": {"size": 1}}, "got size, expected keys such as recipe.crop"),
        ({"setting": {"model.size": "b0"}}, "size: there is no such key"),
        ({"own_recipes": True}, "with no recipe of the model's own"),
    ],
)
def test_a_row_of_the_open_division_is_what_tuning_found(opened, changed, gist):
    with pytest.raises(UsageError, match=gist):
        opened(**changed)


@pytest.mark.parametrize(
    ("asked", "settings", "gist"),
    [
        ({"models": ["fpn"]}, (), "and --models asks"),
        ({}, ["recipe.crop=64"], "and --set recipe.crop=64 asks"),
    ],
)
def test_nothing_else_is_asked_for_beside_it(opened, planned, tmp_path, asked, settings, gist):
    file = tmp_path / "experiment.yaml"
    file.write_text(experiment_files(opened().values(), load_plugins().catalogue)["experiment.yaml"])
    assert "Nothing is searched" in file.read_text()
    assert len(planned(file, ["recipe.precision=fp32"], seeds=[0, 1, 2])) == 3
    with pytest.raises(UsageError, match=gist):
        planned(file, settings, **asked)


def test_weights_from_a_file_and_paths_with_commas(planned, again, tmp_path):
    from safetensors.numpy import save_file

    place = tmp_path / "day 1, side A"
    place.mkdir()
    save_file({"any": np.zeros(3)}, place / "weights.safetensors")
    model = f"unet@file:{place / 'weights.safetensors'}"
    trials = planned(models=[model], datasets=["toy-data"], seeds=[0])
    assert again(trials)[0].keys() == trials.keys()
