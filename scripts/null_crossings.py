"""Draws boards with more and more labels, and counts the changes of places that the report claims of models.

Boards are those of `null_simulation`, three at a time, with known differences; they go the report's own way
from verdicts to changes of places.

    python scripts/null_crossings.py --grids 1000 --out crossings.csv
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from emseg_bench.reports.label_efficiency.crossings import crossings_of, meetings_of
from null_simulation import Array, Setting, draw, entries_of, name, verdicts_of

AMOUNTS = 3
"""Boards, the fewest labels first."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """What grids are drawn by."""

    models: int
    layout: str
    seeds: int = 3
    truth: str = "equal"
    """``equal``: all models are, with any labels; ``ahead``: the first is 0.1 ahead with the fewest labels
    and equal with more; ``turned``: it is 0.06 ahead with the fewest, and the second 0.06 with the most."""


@dataclass(kw_only=True)
class Counts:
    """What was claimed in the grids of a case."""

    grids: int = 0
    false: int = 0
    """Grids with a pair that surely changes places, over all boards at once, and does not in truth."""
    false_alone: int = 0
    """The same by single boards."""
    found: int = 0
    """Grids in which the pair that does change places surely does so."""
    found_alone: int = 0


def effects_of(case: Case) -> Array:
    """Give each model's true lead, by board and model, (K, M)."""
    effects = np.zeros((AMOUNTS, case.models))
    if case.truth != "equal":
        effects[0, 0] = 0.1 if case.truth == "ahead" else 0.06
    if case.truth == "turned":
        effects[-1, 1] = 0.06
    return effects


def simulate(case: Case, grids: int, seed: int) -> Counts:
    """Draw grids of one case, and count."""
    rng = np.random.default_rng([seed, *repr(case).encode()])
    setting = Setting(models=case.models, seeds=case.seeds, layout=case.layout)
    entries, counts, effects = entries_of(setting), Counts(), effects_of(case)
    names = [{name(model): name(model) for model in range(case.models)}] * AMOUNTS
    truth = (name(0), name(1)) if case.truth == "turned" else None
    for _ in range(grids):
        boards = [verdicts_of(setting, draw(setting, own, rng), entries) for own in effects]
        found = [*crossings_of(meetings_of(boards, names))]
        true = [one for one in found if (one.one, one.other) == truth]
        wrong = [one for one in found if (one.one, one.other) != truth]
        counts.grids += 1
        counts.false += any(one.sure for one in wrong)
        counts.false_alone += bool(wrong)
        counts.found += any(one.sure for one in true)
        counts.found_alone += bool(true)
    return counts


def all_cases() -> Iterator[Case]:
    """Give what docs/statistics.md reports."""
    for truth, models, layout in itertools.product(
        ("equal", "ahead", "turned"), (2, 5, 20), ("8 images", "30 in 10 groups")
    ):
        yield Case(models=models, layout=layout, truth=truth)


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate all cases, and write a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grids", type=int, default=1000)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    lines = [{**asdict(one), **asdict(simulate(one, options.grids, options.seed))} for one in all_cases()]
    pd.DataFrame(lines).to_csv(options.out, index=False)


if __name__ == "__main__":
    main()
