"""Do samplers beat chance?  Medians of ten studies at equal budgets, on a score whose best setting is known.

python scripts/bench_samplers.py --trials 10,20,40 --samplers tpe,random,cmaes,nsga2

The space is the default one of ``unet`` with ``quick``, 13 settings.  The score falls from 1 with the
distance from `BEST` in rate, crop, loss, brightness and encoder; the others do nothing, as many do
in real tuning.  Noise of 0.01, as of a trial's seed, lies over it.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Mapping, Sequence

import numpy as np
import optuna
from emseg_bench.benchmark.contracts.basics import OptionValue
from emseg_bench.benchmark.plugins.loading import installed_plugins
from emseg_bench.benchmark.tuning.samplers import make_sampler
from emseg_bench.benchmark.tuning.space.defaults import default_space
from emseg_bench.benchmark.tuning.space.search_space import SearchSpace, suggest

BEST = {"recipe.learning_rate": 8e-3, "recipe.crop": 128, "model.encoder": "resnet50"}
"""Where the score is 1, without noise; and Dice counts as much as cross-entropy there, brightness 0.1."""
SEED_NOISE = 0.01
STUDIES = 10


def space() -> SearchSpace:
    """Give the space."""
    catalogue = installed_plugins().catalogue
    recipe, card = catalogue.recipes.offers["quick"].card.recipe, catalogue.models.offers["unet"].card
    return default_space(recipe, card, catalogue)


def true_score(setting: Mapping[str, OptionValue]) -> float:
    """Score a setting, 1 at best: the rate counts most."""
    number = {key: float(value) for key, value in setting.items() if not isinstance(value, str)}
    rate = math.log10(number["recipe.learning_rate"] / float(BEST["recipe.learning_rate"]))
    loss = math.log10(number["recipe.ce_weight"] / number["recipe.dice_weight"])
    crop = (number["recipe.crop"] - float(BEST["recipe.crop"])) / 64
    grey = number["recipe.augmentation.brightness"] - 0.1
    other = setting["model.encoder"] != BEST["model.encoder"]
    return 1 - 0.3 * rate**2 - 0.1 * loss**2 - 0.1 * crop**2 - grey**2 - 0.05 * other


def best_found(sampler: str, budgets: Sequence[int], seed: int, tried: SearchSpace) -> list[float]:
    """Run a study, and give the true score of the setting that it would take after so many trials.

    Args:
        sampler: Reference.
        budgets: Numbers of trials, rising.
        seed: Of the study.
        tried: The space.
    """
    study = optuna.create_study(direction="maximize")
    noise = np.random.default_rng(seed)
    found = []
    for number in range(budgets[-1]):
        study.sampler = make_sampler(sampler, seed, number)
        trial = study.ask()
        study.tell(trial, true_score(suggest(tried, trial)) + SEED_NOISE * noise.standard_normal())
        if number + 1 in budgets:
            found.append(true_score(study.best_params))
    return found


def compare(
    samplers: Sequence[str], budgets: Sequence[int], studies: int = STUDIES
) -> dict[str, list[float]]:
    """Give the median over studies of what each sampler finds with each budget."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    tried = space()
    found = {one: [best_found(one, budgets, seed, tried) for seed in range(studies)] for one in samplers}
    return {
        one: [statistics.median(column) for column in zip(*rows, strict=True)] for one, rows in found.items()
    }


def main() -> None:
    """Print a line for each sampler."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samplers", default="tpe,random", help="references, parted by commas")
    parser.add_argument("--trials", default="10,20,40", help="budgets, rising")
    parser.add_argument("--studies", type=int, default=STUDIES)
    arguments = parser.parse_args()
    from emseg_bench.benchmark.plugins.references import split_list

    budgets = [int(number) for number in arguments.trials.split(",")]
    print("trials".ljust(40), *(f"{budget:>8}" for budget in budgets))
    for sampler, medians in compare(split_list(arguments.samplers), budgets, arguments.studies).items():
        print(sampler.ljust(40), *(f"{median:8.4f}" for median in medians))


if __name__ == "__main__":
    main()
