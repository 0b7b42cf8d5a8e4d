"""Draws boards of models that are known to be equal, or not, and counts what the report claims of them.

Every grid goes the report's own way: sums by unit, contest, verdicts; some of each setting go all of it, from
trials' tables of cases to the leaderboard and its sentences, and must come out the same.

    python scripts/null_simulation.py --grids 2000 --out simulated.csv
"""

from __future__ import annotations

import argparse
import itertools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from emseg_bench.benchmark.contracts.records import (
    DatasetSpec,
    MetricSpec,
    ModelSpec,
    Provider,
    Record,
    TrialSpec,
)
from emseg_bench.benchmark.contracts.reporting import Board, Trial
from emseg_bench.benchmark.contracts.settings import Recipe, ScoringProtocol
from emseg_bench.reports.across.comparable import Ranked
from emseg_bench.reports.across.contest import contest_over, verdicts_over
from emseg_bench.reports.across.table import tables_across
from emseg_bench.reports.leaderboard import leaderboard
from emseg_bench.reports.verdicts.comparing import compare
from emseg_bench.reports.verdicts.contests import Entries, Sums, contest_of_sums
from emseg_bench.reports.verdicts.false_best import false_best
from emseg_bench.reports.verdicts.margins import within
from emseg_bench.reports.verdicts.schema import Verdicts
from emseg_bench.reports.verdicts.units import units_of

Array = np.ndarray[Any, Any]

LAYOUTS = {
    "3 images": (3, 0),
    "8 images": (8, 0),
    "30 images": (30, 0),
    "30 in 3 groups": (30, 3),
    "30 in 10 groups": (30, 10),
    "165 in 3 groups": (165, 3),
    "165 in 15 groups": (165, 15),
    "165 slices of 1 volume": (165, 1),
}
"""Cases and groups; 0: every case stands alone."""
CLASSES = 3
LEVELS = (0.8, 0.7, 0.6)
GROUP, CASE = 0.06, 0.04
"""Spread of what is hard for all models alike: groups, cases."""
MODEL_GROUP, MODEL_CASE, SEED, RESIDUAL = 0.025, 0.05, 0.015, 0.03
"""Spread of what is hard for one model: groups, cases; of its trainings; of all else."""
ALIKE = 0.8
"""Correlation of neighbouring cases of a group, in what is hard for one model."""
MARGIN = 0.02


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a grid is drawn by."""

    models: int
    seeds: int
    layout: str = "30 in 10 groups"
    spreads: str = "equal"
    """``equal``; ``graded``: by a factor of six from model to model; ``one wild``: one has four times it."""
    missing: bool = False
    """Whether classes are absent from groups and from images."""
    effects: str = "none"
    """True differences: ``none``; ``ladder``: 0.03 from last to first; ``one``: the first is 0.04 ahead;
    ``margin``: the first is `MARGIN` ahead; ``random``: normal, 0.02."""
    blind: bool = False
    """Whether the last model stands for a prediction that looks at no image, as good as the others."""


NAMES = [field.name for field in fields(Setting)]


@cache
def cases_of(layout: str) -> pd.DataFrame:
    """Lay out the test cases, columns case, group and depth."""
    count, groups = LAYOUTS[layout]
    owner = [f"g{i * groups // count}" if groups else None for i in range(count)]
    return pd.DataFrame({"case": [f"c{i}" for i in range(count)], "group": owner, "depth": 1})


@cache
def owners_of(layout: str) -> Array:
    """Number the group of each case, or the case where there are no groups, (N,)."""
    cases = cases_of(layout)
    return pd.factorize(cases["group"].fillna(cases["case"]))[0]


def true_means(setting: Setting, rng: np.random.Generator) -> Array:
    """Give each model's true lead, (M,)."""
    first = np.arange(setting.models) == 0
    return {
        "none": np.zeros(setting.models),
        "ladder": np.linspace(0.03, 0, setting.models),
        "one": 0.04 * first,
        "margin": MARGIN * first,
        "random": rng.normal(0, 0.02, setting.models),
    }[setting.effects]


def factors(setting: Setting) -> Array:
    """Give by how much each model's spreads are larger than usual, (M,)."""
    last = np.arange(setting.models) == setting.models - 1
    return {
        "equal": np.ones(setting.models),
        "graded": np.geomspace(0.4, 2.4, setting.models),
        "one wild": np.where(last, 4.0, 1.0),
    }[setting.spreads]


def draw(setting: Setting, effects: Array, rng: np.random.Generator) -> Array:
    """Draw the scores of one grid, by model, seed, case and class, (M, S, N, C); NaN: not applicable."""
    m, s = setting.models, setting.seeds
    owner = owners_of(setting.layout)
    n, g = owner.size, int(owner.max()) + 1
    shared = rng.normal(0, GROUP, (g, CLASSES))[owner] + rng.normal(0, CASE, (n, CLASSES))
    wide = factors(setting)[:, None, None]
    others = MODEL_GROUP * (g > 1)  # of one volume alone, what suits a model there is its lead there
    own = rng.normal(0, others, (m, g, 1))[:, owner] + MODEL_CASE * _neighbours(m, owner, rng)
    trained = rng.normal(0, SEED, (m, s, 1, 1)) + rng.normal(0, RESIDUAL, (m, s, n, CLASSES))
    scores = np.asarray(LEVELS) + shared + effects[:, None, None, None] + (wide * own)[:, None]
    scores = scores + wide[..., None] * trained
    if setting.blind:
        scores[-1] = (scores[-1] - wide[-1] * trained[-1])[:1]
    if setting.missing:
        absent = (rng.random((g, CLASSES)) < 0.3)[owner] | (rng.random((n, CLASSES)) < 0.3)
        absent[:, 0] &= rng.random(n) < 0.3
        scores = np.where(absent, np.nan, scores)
    return scores


def _neighbours(models: int, owner: Array, rng: np.random.Generator) -> Array:
    """Draw standard normal numbers that are alike for neighbours of one group, (M, N, C)."""
    drawn = rng.normal(0, 1, (models, owner.size, CLASSES))
    for i in range(1, owner.size):
        if owner[i] == owner[i - 1]:
            drawn[:, i] = ALIKE * drawn[:, i - 1] + math.sqrt(1 - ALIKE**2) * drawn[:, i]
    return drawn


def entries_of(setting: Setting) -> Entries:
    """Say whose scores a grid's are."""
    trained = setting.models - setting.blind
    return Entries(
        models=tuple(name(i) for i in range(trained) for _ in range(setting.seeds)),
        blind=(name(trained),) if setting.blind else (),
        units=units_of(cases_of(setting.layout)),
        table=pd.DataFrame(),
        skips_undefined=True,
    )


def name(model: int) -> str:
    """Name a model so that names are in order."""
    return f"m{model:02d}"


def verdicts_of(setting: Setting, scores: Array, entries: Entries) -> Verdicts | None:
    """Compare a grid's models, without the tables in between."""
    trained = setting.models - setting.blind
    rows = scores[:trained].reshape(-1, *scores.shape[2:])
    if setting.blind:
        rows = np.concatenate([rows, scores[-1, :1]])
    unit = np.fromiter(entries.units.of_case.values(), int)
    starts = np.flatnonzero(np.diff(unit, prepend=-1))
    known = np.isfinite(rows)
    numerators = np.add.reduceat(np.where(known, rows, 0), starts, axis=1)
    denominators = np.add.reduceat(known.astype(float), starts, axis=1)
    sums = Sums(numerators, denominators, np.zeros(rows.shape[0], bool))
    contest = contest_of_sums(sums, entries, "iou", "higher")
    return contest and compare(contest)


# ------------------------------------------------------------------- the whole way, with its sentences
_PROVIDER = Provider(distribution="emseg-bench", version="0", source_sha256="0" * 64)
_METRIC = MetricSpec(
    name="iou", version=1, provider=_PROVIDER, unit="1", direction="higher", aggregation="", empty_rule=""
)


def board_of(setting: Setting, scores: Array) -> Board:
    """Make trials of a grid's scores, as the store would hand them over."""
    trained = setting.models - setting.blind
    trials = [
        Trial(
            record=_record(name(model), seed),
            folder=Path(),
            cases=case_table(setting, scores[model, seed]),
            curve=pd.DataFrame({"iteration": [], "series": [], "value": []}),
        )
        for model in range(trained)
        for seed in range(setting.seeds)
    ]
    sanity = None
    if setting.blind:
        table = case_table(setting, scores[-1, 0])
        sanity = pd.concat([table.assign(predictor=name(trained)), table.assign(predictor="truth", value=1)])
    return Board(title="simulated", slug="simulated", trials=tuple(trials), primary=_METRIC, sanity=sanity)


def case_table(setting: Setting, scores: Array) -> pd.DataFrame:
    """Lay one trial's scores out as `Trial.cases`, (N, C)."""
    n, classes = scores.shape
    cases = cases_of(setting.layout)
    table = cases.loc[cases.index.repeat(classes)].reset_index(drop=True)
    labels = np.tile(np.arange(1, classes + 1), n)
    return table.assign(
        height=64, width=64, class_index=labels, class_name="x", metric="iou", value=scores.ravel()
    )


def _record(model: str, seed: int) -> Record:
    spec = TrialSpec(
        model=ModelSpec(
            name=model, options={}, init="scratch", requested_init="scratch", provider=_PROVIDER,
            label=model, family="cnn", citation="", size_divisor=1,
        ),
        dataset=DatasetSpec(
            name="simulated", location=None, options={}, manifest_sha256="0" * 64, has_instances=False,
            provider=_PROVIDER, label="simulated", citation="",
        ),
        recipe=Recipe(name="quick", iterations=1, batch_size=1, crop=64),
        protocol=ScoringProtocol(name="emseg-v1"),
        metrics=(_METRIC,),
        seed=seed,
        engine_sha256="0" * 64,
    )  # fmt: skip
    return Record(
        fingerprint=f"{model}-{seed}",
        spec=spec,
        status="complete",
        started="2026-01-01T00:00:00+00:00",
        finished="2026-01-01T00:01:00+00:00",
        class_names=("background", *(f"class {i}" for i in range(1, CLASSES + 1))),
    )


def check_sentences(setting: Setting, scores: Array, expected: Verdicts) -> None:
    """Go the whole way, and hold verdicts and the first sentences against what is expected.

    Raises:
        ValueError: They say something else.
    """
    table = leaderboard(board_of(setting, scores))
    found = table.verdicts
    if found is None or [c.verdict for c in found.comparisons] != [c.verdict for c in expected.comparisons]:
        raise ValueError(f"{setting}: the leaderboard's verdicts are others than the contest's")
    differing = max(
        abs(a.value - b.value) for a, b in zip(found.comparisons, expected.comparisons, strict=True)
    )
    led = re.search(r"(m\d\d) leads", table.claims[0])
    if (
        differing > 1e-9
        or (led and led[1]) != expected.leader
        or [*map(str, (r.rank for r in table.rows))] != [*map(str, expected.places)]
    ):
        raise ValueError(f"{setting}: {table.claims[0]!r} is not what was found")


# ------------------------------------------------------------------------------------------ counting
@dataclass(kw_only=True)
class Counts:
    """What was claimed in the grids of a setting."""

    grids: int = 0
    claims: int = 0
    """Grids with verdicts about more than these very images; all that follows is of these."""
    false_better: int = 0
    """Grids with a model called better that is not."""
    intervals: int = 0
    """Grids in which the intervals of all differences hold."""
    ranks: int = 0
    """Grids in which the rank intervals of all models hold the true places."""
    found: int = 0
    """Grids in which the first model is told from the second, in truth."""
    false_within: int = 0
    """Grids with a model called within `MARGIN` that is not."""
    risk: float = 0.0
    """Sum of the stated risks that the first is not the best."""
    not_best: int = 0

    def add(self, verdicts: Verdicts, effects: Array) -> None:
        """Count one grid."""
        true = np.array([effects[int(one[1:])] for one in verdicts.names])
        models = len(verdicts.models)
        self.claims += 1
        self.false_better += any(
            pair.verdict
            and (true[pair.one] - true[pair.other]) * (1 if pair.verdict == "better" else -1) <= 0
            for pair in verdicts.comparisons
        )
        self.intervals += all(
            pair.low is None
            or pair.high is None
            or pair.low <= true[pair.one] - true[pair.other] <= pair.high
            for pair in verdicts.comparisons
        )
        better = (true[:models, None] < true[None, :models]).sum(axis=1)
        worse = (true[:models, None] > true[None, :models]).sum(axis=1)
        self.ranks += all(
            place.best <= 1 + above and place.worst >= models - below
            for place, above, below in zip(verdicts.places, better, worse, strict=True)
        )
        first, second = verdicts.names.index(name(0)), verdicts.names.index(name(1))
        self.found += verdicts.between(first, second).verdict == "better"
        behind = true[:models].max() - true[:models]
        self.false_within += any(
            item.sure and lag >= MARGIN - 1e-12
            for item, lag in zip(within(verdicts, MARGIN), behind, strict=True)
        )
        self.risk += false_best(verdicts) or 0.0
        self.not_best += bool(behind[0] > 0)


def simulate(setting: Setting, grids: int, seed: int, sentences: int = 1) -> Counts:
    """Draw grids of one setting and count; the first ones go the whole way."""
    rng = np.random.default_rng([seed, setting.models, setting.seeds, *repr(setting).encode()])
    entries, counts = entries_of(setting), Counts()
    for number in range(grids):
        effects = true_means(setting, rng)
        scores = draw(setting, effects, rng)
        verdicts = verdicts_of(setting, scores, entries)
        counts.grids += 1
        if verdicts is None:
            continue
        if verdicts.scope.units:
            counts.add(verdicts, effects)
        if number < sentences:
            check_sentences(setting, scores, verdicts)
    return counts


@dataclass(frozen=True, kw_only=True)
class Sets:
    """What a grid of means on data sets is drawn by."""

    count: int
    interaction: float
    """Spread of what suits one model on one data set."""
    noisy: bool = False
    """Whether the first data set is small: its noise is four times that of the others."""

    @property
    def layout(self) -> str:
        """Name it as `Setting.layout`."""
        return f"{self.count} data sets, interaction {self.interaction}" + ", one noisy" * self.noisy


NOISE = 0.012
"""Spread of a model's mean on one data set, from seeds and cases."""
ALL_SETS = (
    *(Sets(count=5, interaction=interaction) for interaction in (0.0, 0.02)),
    Sets(count=5, interaction=0.02, noisy=True),
    *(Sets(count=count, interaction=0.02) for count in (3, 10)),
)


def over_sets(sets: Sets, effects: Array, rng: np.random.Generator) -> Verdicts:
    """Compare models over data sets by their means on each, as the report does."""
    noise = np.where(sets.noisy & (np.arange(sets.count) == 0), 4 * NOISE, NOISE)
    shape = (effects.size, sets.count)
    means = rng.normal(0.7, 0.1, sets.count) + effects[:, None] + noise * rng.normal(0, 1, shape)
    return _verdicts_over(means + rng.normal(0, sets.interaction, shape))


def _verdicts_over(means: Array) -> Verdicts:
    order = np.argsort(-means.mean(axis=1))
    return verdicts_over(contest_over([name(i) for i in order], means[order], _METRIC), [])


def check_sentences_over_sets(setting: Setting, sets: int, rng: np.random.Generator) -> None:
    """Go the whole way from trials on several data sets to the sentence over all of them.

    Raises:
        ValueError: It says something else than what the means do.
    """
    scores = [draw(setting, true_means(setting, rng), rng) for _ in range(sets)]
    boards = [_on(board_of(setting, one), f"set {k}") for k, one in enumerate(scores)]
    (found,) = tables_across([Ranked(board, leaderboard(board)) for board in boards])
    expected = _verdicts_over(np.stack([_means(one) for one in scores], axis=1))
    led = re.search(r"(m\d\d) leads", found.summary)
    if [row.model for row in found.rows] != list(expected.names) or (led and led[1]) != expected.leader:
        raise ValueError(f"{setting}: {found.summary!r} is not what was found")


def _on(board: Board, dataset: str) -> Board:
    """Put a board's trials on another data set."""
    trials = []
    for trial in board.trials:
        spec = trial.record.spec
        spec = replace(spec, dataset=replace(spec.dataset, name=dataset, label=dataset))
        trials.append(replace(trial, record=replace(trial.record, spec=spec)))
    return replace(board, title=dataset, slug=dataset, trials=tuple(trials))


def _means(scores: Array) -> Array:
    """Average over cases, then over classes, then over seeds, (M,)."""
    return np.nanmean(scores, axis=2).mean(axis=2).mean(axis=1)


def all_settings() -> Iterator[Setting]:
    """Give what docs/statistics.md reports, the most telling first."""
    models, shown = (2, 5, 20), ("8 images", "30 in 10 groups", "165 in 15 groups")
    yield from _alike((3,), models, LAYOUTS, "equal", missing=False)
    for effects, seeds in (("one", (3, 5)), ("ladder", (3,)), ("margin", (3,)), ("random", (3,))):
        for many, size, layout in itertools.product(seeds, models, shown):
            yield Setting(models=size, seeds=many, layout=layout, effects=effects)
    for size, layout in itertools.product(models, shown):
        yield Setting(models=size + 1, seeds=3, layout=layout, blind=True)
    yield from _alike((3, 10), models, LAYOUTS, "graded", missing=True)
    yield from _alike((10, 2), models, LAYOUTS, "equal", missing=False)
    yield from _alike((3,), models, LAYOUTS, "one wild", missing=False)
    yield from _alike((1,), models, shown, "equal", missing=False)
    yield from _alike((5,), models, LAYOUTS, "equal", missing=False)


def _alike(
    seeds: Iterable[int], models: Iterable[int], layouts: Iterable[str], spreads: str, *, missing: bool
) -> Iterator[Setting]:
    for many, size, layout in itertools.product(seeds, models, layouts):
        yield Setting(models=size, seeds=many, layout=layout, spreads=spreads, missing=missing)


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate all settings, or a share of them, and write a line each; what is written is not done again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grids", type=int, default=2000)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--share", default="0/1", help="K/N: every N-th setting, from the K-th on")
    options = parser.parse_args(arguments)
    start, step = map(int, options.share.split("/"))
    known = pd.read_csv(options.out) if options.out.exists() else pd.DataFrame()
    done = {Setting(**line) for line in known[known.columns[: len(NAMES)]].to_dict("records")}
    for setting in itertools.islice(all_settings(), start, None, step):
        if setting not in done:
            _write(options.out, setting, simulate(setting, options.grids, options.seed))
    if start == 0:
        for effects, models, sets in itertools.product(("none", "one"), (2, 5, 20), ALL_SETS):
            setting = Setting(models=models, seeds=1, layout=sets.layout, effects=effects)
            _write(options.out, setting, simulate_sets(setting, sets, options.grids, options.seed))


def _write(path: Path, setting: Setting, counts: Counts) -> None:
    line = pd.DataFrame([{**asdict(setting), **asdict(counts)}])
    line.to_csv(path, mode="a", header=not path.exists(), index=False)


def simulate_sets(setting: Setting, sets: Sets, grids: int, seed: int) -> Counts:
    """Draw grids of models over several data sets, and count."""
    rng, counts = np.random.default_rng([seed, setting.models, *repr(sets).encode()]), Counts()
    for _ in range(grids):
        effects = true_means(setting, rng)
        counts.grids += 1
        counts.add(over_sets(sets, effects, rng), effects)
    return counts


if __name__ == "__main__":
    main()
