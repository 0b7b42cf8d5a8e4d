"""How much of a model is trained, as it is planned: labels, names, and what is refused."""

from __future__ import annotations

import pytest
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.contracts.records import ModelSpec
from emseg_bench.benchmark.executors.questions import question_of
from emseg_bench.benchmark.executors.rehearsing import find_fault
from emseg_bench.benchmark.experiments import regimes
from emseg_bench.benchmark.experiments.experiment import build_experiment
from emseg_bench.benchmark.experiments.planning import make_plan
from emseg_bench.benchmark.experiments.row_names import row_names
from emseg_bench.benchmark.files.hashing import model_sha256
from emseg_bench.benchmark.files.validation import plain, validate
from emseg_bench.benchmark.plugins.loading import load_plugins


@pytest.fixture
def plan(toy, tmp_path):
    def make(*models: str, settings=()):
        asked = {"models": list(models), "datasets": ["toy-data"], "recipe": "smoke"}
        experiment = build_experiment(None, asked, list(settings))
        return make_plan(experiment, load_plugins().catalogue, device="cpu", cache=tmp_path / "cache")

    return make


def models(made) -> list[ModelSpec]:
    return [spec.model for spec in made.trials.values()]


def test_labels_say_how_much_is_trained(plan):
    made = models(
        plan("toy", "toy[train=head]", "toy[train=lora]", "retina[train=lora[rank=4],hidden=768]@scratch")
    )
    assert [(one.label, one.train, one.backbone) for one in made] == [
        ("toy@scratch", "all", ()),
        ("toy[train=head]@scratch", "head", ("0.", "1.")),
        ("toy[train=lora[rank=8]]@scratch", "lora[rank=8]", ("0.", "1.")),
        ("retina[hidden=768,train=lora[rank=4]]@scratch", "lora[rank=4]", ("transformer.",)),
    ]
    assert dict(made[3].options) == {"hidden": 768}
    assert len({model_sha256(one) for one in made}) == 4


def test_what_is_written_in_two_ways_is_one_model(plan):
    made = plan("toy", "toy[train=all]")
    assert len(made.trials) == 1
    made = plan("toy[train=lora]", "toy[train=lora[alpha=8]]")
    assert [one.label for one in models(made)] == ["toy[train=lora[rank=8]]@scratch"]


def test_a_model_of_before_reads_as_one_that_is_trained_whole(plan):
    (model,) = models(plan("toy"))
    older = {key: value for key, value in plain(model).items() if key not in ("train", "backbone")}
    read = validate(ModelSpec, older, "model")
    assert (read, model_sha256(read)) == (model, model_sha256(model))


def test_rows_of_one_label_are_told_apart_by_it(plan):
    from dataclasses import replace

    made = [replace(one, label="mine") for one in models(plan("toy", "toy[train=norm]"))]
    assert sorted(row_names(made).values()) == ["mine (train=all)", "mine (train=norm)"]


def test_random_backbones_are_told(plan):
    assert not any("keeps its random weights" in note for note in plan("toy").notes)
    assert (
        "toy[train=head]@scratch starts from scratch, so its backbone keeps its random weights, but for what "
        "train=head trains of it."
    ) in plan("toy[train=head]").notes


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("toy[train=heads]", "did you mean 'head'"),
        ("toy[trian=head]", r"toy takes no options but train, context, got trian\."),
        ("retina[trian=head]", r"did you mean 'train'\? Known: hidden, train, context\."),
        ("toy-raises[train=head]", r"toy-raises\[train=head\]: its card does not say what its backbone is"),
    ],
)
def test_what_cannot_be_is_refused(plan, model, message):
    with pytest.raises(UsageError, match=message):
        plan(model)


def test_a_recipe_that_freezes_and_a_model_that_does_contradict_each_other(plan):
    with pytest.raises(UsageError, match=r"recipe.freeze: got 0\. for toy\[train=norm\]@scratch, .* say one"):
        plan("toy[train=norm]", settings=["recipe.freeze=['0.']"])


def test_a_library_that_is_missing_is_told(plan, monkeypatch):
    monkeypatch.setattr(regimes, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'emseg-bench\[lora\]'"):
        plan("toy[train=lora]")
    plan("toy[train=head]")


@pytest.mark.parametrize(
    ("train", "fault"),
    [
        ("lora[rank=2]", ""),
        ("norm", ""),
        ("last-3", "train=last-3: the backbone has 0 blocks; ask for no more."),
    ],
)
def test_what_only_the_network_tells_is_told_by_a_rehearsal(plan, train, fault):
    made = plan(f"toy[train={train}]", settings=["recipe.crop=32"])
    (name,) = made.trials
    assert find_fault(question_of(made, name)) == fault
