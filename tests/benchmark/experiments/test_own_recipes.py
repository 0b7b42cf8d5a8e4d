"""Models trained as their authors train them: rows and a board of their own, beside the shared recipe's."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.experiments.experiment import build_experiment
from emseg_bench.benchmark.experiments.planning import make_plan
from emseg_bench.benchmark.files.hashing import fingerprint
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.plugin import ModelCard

DATA = ("--datasets", "toy-data", "--recipe", "smoke", "--set", "recipe.iterations=1")
SHORT = ("--set", "recipe.crop=32", "--set", "recipe.batch_size=1", "--precision", "fp32")
TITLE = "toy-data · as its authors train it · emseg-v1"


def test_they_are_planned_run_and_reported_apart(toy, invoke, tmp_path):
    file = tmp_path / "experiment.yaml"
    file.write_text(
        "models: [toy-own, {model: toy-plain, recipe: {preset: toy-training, iterations: 2}}, toy-brought]\n"
        "own_recipes: true\n"
    )
    plan = invoke("run", str(file), *DATA, *SHORT, "--out", "out", "--dry-run", "--json")
    assert plan.code == 0, plan.err
    own = {trial["model"]: trial["own_recipe"] for trial in json.loads(plan.out)["trials"]}
    assert own == {
        "toy-own@scratch": None,
        "toy-own@scratch by toy-training": "toy-training",
        "toy-plain@scratch": None,
        "toy-plain@scratch by toy-training[iterations=2]": "toy-training[iterations=2]",
        "toy-brought@scratch": None,
        "toy-brought@scratch by as-in-its-paper": "as-in-its-paper",
    }
    done = invoke("run", str(file), *DATA, *SHORT, "--out", "out")
    assert done.code == 0, done.err
    assert "recipe smoke, iterations=1, batch_size=1, crop=32 (3 by their authors' own);" in done.out
    assert TITLE in " ".join(done.out.split())

    boards = {
        board["title"]: board
        for board in json.loads(Path("out/report/leaderboard.json").read_text())["boards"]
    }
    assert len(boards) == 2
    rows = {title: {row["model"]: row for row in board["rows"]} for title, board in boards.items()}
    apart = rows.pop(TITLE)
    (shared,) = rows.values()
    assert apart.keys() == {name for name, recipe in own.items() if recipe}
    assert shared.keys() == {name for name, recipe in own.items() if not recipe}
    assert boards[TITLE]["recipe"] == "as its authors train it"
    assert {row["own_recipe"] for row in shared.values()} == {""}
    assert {row["rank"]["best"] for row in apart.values()} <= {1, 2, 3}
    with Path("out/report/leaderboard.csv").open(encoding="utf-8") as table:
        lines = {line["model"]: line for line in csv.DictReader(table)}
    assert {name: line["own_recipe"] or None for name, line in lines.items()} == own
    assert lines["toy-own@scratch by toy-training"]["board"] == TITLE
    for page in ("leaderboard.md", "index.html"):
        text = Path("out/report", page).read_text().replace("\\", "")
        assert TITLE in text
        assert "Training recipe toy-training[iterations=2]" in text
    again = invoke("run", str(file), *DATA, *SHORT, "--out", "out", "--dry-run")
    assert "6 trials, 6 complete already" in again.out


def test_its_own_recipe_is_what_it_is_trained_by(toy, tmp_path):
    asked = {"models": ["toy-own"], "datasets": ["toy-data"], "recipe": "smoke", "own_recipes": True}
    plan = make_plan(build_experiment(None, asked), load_plugins().catalogue, device="cpu", cache=tmp_path)
    shared, own = plan.trials.values()
    assert (shared.recipe.name, own.recipe.name) == ("smoke", "toy-training")
    assert (own.recipe.loss, own.recipe.iterations) == ("toy-loss[gamma=3]", 3)
    assert [method.kind for method in shared.methods] == []
    assert {method.kind for method in own.methods} == {"loss", "schedule"}
    alike = replace(own, model=shared.model)
    assert len({fingerprint(spec) for spec in (shared, own, alike)}) == 3


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ([{"model": "toy"}], r"models: got \{'model': 'toy'\}, expected a model by its name"),
        ([{"model": "toy", "recipe": "quick", "seeds": 3}], "and no other key"),
        ([{"model": "all", "recipe": "quick"}], "expected a model by its name"),
        ([{"model": "toy", "recipe": "quik"}], "no recipe is called 'quik'; did you mean 'quick'"),
        ([{"model": "toy", "recipe": {"iterations": -1}}], r"models.toy.recipe.iterations: got -1"),
        (["toy", {"model": "toy", "recipe": "quick"}], "names something twice"),
    ],
)
def test_wrong_entries_are_told(toy, models, message):
    with pytest.raises(UsageError, match=message):
        build_experiment(None, {"models": models})


def test_models_without_one_are_told(toy, invoke):
    none = invoke("run", "--models", "toy", "--own-recipes", *DATA, "--dry-run")
    assert none.code == 2
    assert "--own-recipes: the card of no model that was asked for (toy) names a recipe" in none.err
    some = invoke("run", "--models", "toy,toy-own", "--own-recipes", *DATA, *SHORT, "--dry-run")
    assert some.code == 0, some.err
    assert "no recipe of its own is known of toy: it stands on the board of the shared" in some.out


def test_a_recipe_that_does_not_fit_is_told_with_its_model(toy, invoke):
    done = invoke("run", "--models", "toy-unfit", "--own-recipes", *DATA, "--dry-run")
    assert done.code == 2
    assert "toy-unfit@scratch by three-classes: recipe.class_weights: got 3" in done.err


def test_a_card_with_something_else_is_refused():
    from emseg_bench.benchmark.plugins.card_faults import card_fault

    words = {"description": "x", "factory": "a:b", "citation": "x", "licence": "x"}
    fault = card_fault(ModelCard(name="x", family="cnn", recipe=3, **words), ModelCard)
    assert fault == "x's recipe is 3, expected str | Recipe | None"


def test_retina_is_trained_as_published(invoke):
    told = json.loads(invoke("describe", "model", "retina", "--json").out)
    assert told["recipe"] == "retina-2025"
