"""``--models all``: what it stands for, and what it leaves out."""

from pathlib import Path

import pytest
from emseg_bench.benchmark.contracts.cards import Initialisation, ModelCard
from emseg_bench.benchmark.contracts.errors import PluginError, UsageError, WeightsUnavailableError
from emseg_bench.benchmark.experiments.experiment import build_experiment
from emseg_bench.benchmark.experiments.planning import Plan, make_plan
from emseg_bench.benchmark.plugins.every_model import wanted_models
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.plugins.registry import Catalogue, Offer


class Nowhere:
    def obtain(self, options: object, location: object) -> Path:
        raise WeightsUnavailableError("the weights of published are nowhere")

    def load(self, model: object, path: Path) -> str:
        raise AssertionError("there is nothing to load")


PUBLISHED = Initialisation(name="published", description="from nowhere", source=Nowhere())


def card(name: str, factory: str = "emseg_toy_parts:toy", **more: object) -> ModelCard:
    return ModelCard(
        name=name, family="cnn", description="", factory=factory, citation="none", licence="MIT", **more
    )


def catalogue(*cards: ModelCard) -> Catalogue:
    found = load_plugins().catalogue
    found.models.offers.clear()
    for one in cards:
        found.models.add(Offer(one, "emseg-others", "1.0"))
    return found


def plan(found: Catalogue, cache: Path, *models: str, **asked: object) -> Plan:
    experiment = build_experiment(None, {"models": models, "datasets": ["toy-data"], **asked})
    return make_plan(experiment, found, device="cpu", cache=cache)


def labels(made: Plan) -> list[str]:
    return [trial.model.label for trial in made.trials.values()]


def test_all_stands_for_the_registered_models_and_each_is_wanted_once() -> None:
    assert wanted_models(["all"], ["b", "a"]) == {"a": False, "b": False}
    assert list(wanted_models(["b[x=1]", "all", "a"], ["b", "a"]).items()) == [
        ("b[x=1]", True),
        ("a", True),
        ("b", False),
    ]


@pytest.mark.parametrize("text", ["all@scratch", "all[encoder=resnet18]", "all@file:/w.pt"])
def test_all_takes_nothing_else(text: str) -> None:
    with pytest.raises(UsageError, match="'all' takes neither options nor an initialisation"):
        wanted_models([text], ["a"])


def test_models_start_as_usual(toy: Path, tmp_path: Path) -> None:
    scratch = Initialisation(name="scratch", description="random")
    found = catalogue(card("plain"), card("published", initialisations=(PUBLISHED, scratch)))
    made = plan(found, tmp_path, "all")
    assert labels(made) == ["plain@scratch", "published@scratch"]
    assert any("published: trained from scratch" in note for note in made.notes)
    with pytest.raises(WeightsUnavailableError):
        plan(found, tmp_path, "all", strict_weights=True)


def test_what_cannot_be_used_is_left_out_unless_named(toy: Path, tmp_path: Path) -> None:
    missing, stuck = card("missing", "no_such_module:f"), card("stuck", initialisations=(PUBLISHED,))
    found = catalogue(card("plain"), missing, stuck)
    made = plan(found, tmp_path, "all")
    assert labels(made) == ["plain@scratch"]
    first, second = made.notes
    assert first.startswith("missing is left out of 'all': missing of emseg-others 1.0 cannot be used")
    assert second.startswith("stuck is left out of 'all': stuck cannot start from scratch")
    with pytest.raises(PluginError, match="no module no_such_module"):
        plan(found, tmp_path, "all", "missing")


def test_nothing_usable_is_an_error(toy: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no registered model can be used") as caught:
        plan(catalogue(card("missing", "no_such_module:f")), tmp_path, "all")
    assert "no_such_module" in str(caught.value)


def test_the_command_plans_built_ins_and_strangers_alike(invoke, toy) -> None:
    done = invoke("run", "--models", "all", "--datasets", "toy-data", "--dry-run")
    assert done.code == 0, done.err
    for label in ("retina@scratch", "unet@scratch", "unet-classic@scratch", "toy@scratch"):
        assert label in done.out
