"""Do samplers beat chance?  Medians of ten studies at equal budgets.

python scripts/bench_samplers.py --trials 10,20,40 --samplers tpe,random,cmaes,nsga2
python scripts/bench_samplers.py --trials 10,20 --trained FOLDER

Without a folder the score is one whose best setting is known: it falls from 1 with the distance from `BEST`
in rate, crop, loss, brightness and encoder; the others of 13 settings do nothing, as many do in real tuning.
Noise of 0.01, as of a trial's seed, lies over it.

With a folder, studies of `MODEL` train on `DATA` for a few steps, by ``emseg-bench tune``, and the score is
the best on the validation split.  What is in the folder is gone on with, and not run again.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import optuna
from emseg_bench.benchmark.contracts.basics import OptionValue
from emseg_bench.benchmark.plugins.loading import installed_plugins
from emseg_bench.benchmark.plugins.references import split_list
from emseg_bench.benchmark.tuning.samplers import make_sampler
from emseg_bench.benchmark.tuning.space.defaults import default_space
from emseg_bench.benchmark.tuning.space.search_space import SearchSpace, suggest

BEST = {"recipe.learning_rate": 8e-3, "recipe.crop": 128, "model.encoder": "resnet50"}
"""Where the score is 1, without noise; and Dice counts as much as cross-entropy there, brightness 0.1."""
SEED_NOISE = 0.01
STUDIES = 10
COMMAND = str(Path(sys.executable).with_name("emseg-bench"))
MODEL = "segformer[size=b0]@scratch"
DATA = "synthetic-em[size=96,train=4,val=2,test=1]"
RECIPE = ("--recipe", "smoke", "--set", "recipe.iterations=20", "--threads", "1")

BestFound = Callable[[str, Sequence[int], int], list[float]]
"""From a sampler's reference, rising numbers of trials and a seed to what a study has found by then."""


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


def drawn(tried: SearchSpace, sampler: str, budgets: Sequence[int], seed: int) -> list[float]:
    """Run a study of the known score; give the true score of what it would choose after so many trials."""
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


def trained(folder: Path, sampler: str, budgets: Sequence[int], seed: int) -> list[float]:
    """Run a study of trials that train, or go on with it, and give its best score after so many trials."""
    out = folder / f"{re.sub(r'[^a-z0-9]+', '-', sampler)}-{seed}"
    command = (COMMAND, "tune", "--models", MODEL, "--datasets", DATA, *RECIPE)
    asked = ("--trials", str(budgets[-1]), "--sampler", sampler, "--seed", str(seed), "--out", str(out))
    subprocess.run([*command, *asked], check=True, stdout=subprocess.DEVNULL)
    (state,) = out.glob("studies/*/trials.json")
    trials = json.loads(state.read_text())["trials"]
    return [
        max(one["values"][0] for one in trials[:budget] if one["state"] == "complete") for budget in budgets
    ]


def compare(
    samplers: Sequence[str], budgets: Sequence[int], found: BestFound, studies: int = STUDIES
) -> dict[str, list[float]]:
    """Give the median over studies of what each sampler has found with each budget."""
    rows = {one: [found(one, budgets, seed) for seed in range(studies)] for one in samplers}
    return {one: [statistics.median(column) for column in zip(*of, strict=True)] for one, of in rows.items()}


def main() -> None:
    """Print a line for each sampler."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samplers", default="tpe,random", help="references, parted by commas")
    parser.add_argument("--trials", default="10,20,40", help="budgets, rising")
    parser.add_argument("--studies", type=int, default=STUDIES)
    parser.add_argument("--trained", type=Path, metavar="FOLDER", help="train real trials, kept here")
    arguments = parser.parse_args()
    budgets = [int(number) for number in arguments.trials.split(",")]
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    found = partial(trained, arguments.trained) if arguments.trained else partial(drawn, space())
    print("trials".ljust(40), *(f"{budget:>8}" for budget in budgets))
    medians_of = compare(split_list(arguments.samplers), budgets, found, arguments.studies)
    for sampler, medians in medians_of.items():
        print(sampler.ljust(40), *(f"{median:8.4f}" for median in medians))


if __name__ == "__main__":
    main()
