"""Samplers and pruners by name: the same draws after a kill, and better than chance."""

from __future__ import annotations

import logging
import re
import statistics

import optuna
import pytest
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.contracts.searching import Choice, FloatRange
from emseg_bench.benchmark.tuning.pruners import PRUNERS, check_pruner, make_pruner
from emseg_bench.benchmark.tuning.samplers import SAMPLERS, make_sampler, sampler_notes
from emseg_bench.benchmark.tuning.space.search_space import SearchSpace, suggest

RANGES = {
    "recipe.learning_rate": FloatRange(low=1e-4, high=1e-1, log=True),
    "recipe.warmup": FloatRange(low=0.0, high=0.3),
}
SPACE = SearchSpace({**RANGES, "model.size": Choice(choices=("b0", "b1", "b2"))})


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level(logging.WARNING, "optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def score(setting) -> float:
    """The optimum is 0, at 3e-3, 0.1 and b1."""
    rate, warmup = setting["recipe.learning_rate"], setting["recipe.warmup"]
    wrong = setting.get("model.size", "b1") != "b1"
    return -((abs(rate - 3e-3) / (rate + 3e-3)) + 2 * abs(warmup - 0.1) + 0.3 * wrong)


def studied(sampler: str, trials: int, seed: int = 3, space: SearchSpace = SPACE, killed_after: int = 0):
    """Draw and tell in a study, with a sampler made anew for each trial, as after a kill."""
    storage = optuna.storages.InMemoryStorage()
    study = optuna.create_study(storage=storage, study_name="s", direction="maximize")
    for number in range(trials):
        if number == killed_after:
            study = optuna.load_study(storage=storage, study_name="s")
        study.sampler = make_sampler(sampler, seed, number)
        trial = study.ask()
        study.tell(trial, score(suggest(space, trial)))
    return study


@pytest.mark.parametrize("sampler", [name for name in SAMPLERS.cards if name != "gp"])
def test_draws_follow_from_seed_and_number_and_what_was_seen(sampler):
    first, again, killed, other = (
        [trial.params for trial in studied(sampler, 12, seed, killed_after=stop).trials]
        for seed, stop in ((3, 0), (3, 0), (3, 7), (4, 0))
    )
    assert first == again == killed
    assert first != other
    assert len({str(one) for one in first}) == len(first)


@pytest.mark.slow
def test_a_gaussian_process_does_so_too():
    first, again = ([one.params for one in studied("gp[startup=2]", 4).trials] for _ in range(2))
    assert first == again


def test_tpe_beats_chance_at_the_same_budget_in_the_median_of_ten_studies():
    best = {
        name: statistics.median(studied(name, 15, seed).best_value for seed in range(10))
        for name in ("tpe", "random")
    }
    assert best["tpe"] > best["random"]


def test_every_pruner_is_made():
    for name in PRUNERS.cards:
        assert isinstance(make_pruner(name, 9), optuna.pruners.BasePruner)


def test_a_pruner_ends_what_is_worse_than_others():
    study = optuna.create_study(pruner=make_pruner("median[startup=2,warmup=1]", 4), direction="maximize")
    for good in (0.8, 0.9):
        trial = study.ask()
        for step in range(1, 5):
            trial.report(good, step)
        study.tell(trial, good)
    poor = study.ask()
    poor.report(0.1, 1)
    assert not poor.should_prune()
    poor.report(0.1, 2)
    assert poor.should_prune()


@pytest.mark.parametrize(
    ("find", "text", "gist"),
    [
        (SAMPLERS.find, "tpee", "no sampler is called 'tpee'; did you mean 'tpe'? known: cmaes, gp"),
        (SAMPLERS.find, "tpe[startups=5]", "tpe.startups: there is no such key; did you mean 'startup'?"),
        (SAMPLERS.find, "tpe[startup=0]", "tpe.startup: got 0; input should be greater than or equal to 1"),
        (SAMPLERS.find, "tpe[multivariate=perhaps]", "tpe.multivariate: got 'perhaps'"),
        (SAMPLERS.find, "random[seed=1]", "random takes no options, got seed"),
        (SAMPLERS.find, "tpe(startup=5)", "no sampler is called 'tpe(startup=5)'"),
        (SAMPLERS.find, "", "got '' as a sampler, expected NAME"),
        (PRUNERS.find, "hyper-band", "did you mean 'hyperband'?"),
        (PRUNERS.find, "halving[factor=1]", "halving.factor: got 1"),
        (lambda text: sampler_notes(text, SPACE, 2), "cmaes", "takes one objective, got 2; take tpe, random"),
        (lambda text: sampler_notes(text, SearchSpace({}), 1), "cmaes", "2 ranges of numbers or more"),
        (lambda text: check_pruner(text, 3, 2), "median", "compares by one objective, got 2"),
        (lambda text: check_pruner(text, 1), "median", "ends no trial before validation 1"),
        (lambda text: check_pruner(text, 3), "hyperband[least=3]", "raise recipe.validations"),
    ],
)
def test_what_is_wrong_is_told(find, text, gist):
    with pytest.raises(UsageError, match=re.escape(gist)):
        find(text)


def test_what_a_sampler_does_not_learn_is_told():
    assert sampler_notes("tpe", SPACE) == ()
    assert sampler_notes("cmaes", SearchSpace(RANGES)) == ()
    (note,) = sampler_notes("cmaes", SPACE)
    assert note.endswith("draws at random: model.size.")
    check_pruner("none", 1, 2)
    check_pruner("median", 2)


def test_a_reference_is_written_with_all_options():
    assert SAMPLERS.find("tpe[startup=7]").reference == "tpe[candidates=24,multivariate=true,startup=7]"
    assert PRUNERS.find("none").reference == "none"
