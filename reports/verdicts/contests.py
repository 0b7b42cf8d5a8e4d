"""From a board's tables of cases to contests: one per metric, the best blind prediction among them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ..arrays import Flags, Floats, Whole
from ..scores import POOLED_IOU, foreground
from .contest import FEWEST_UNITS, Contest, Direction, Scope, ScopeKind
from .pseudo_values import pseudo_values, scores_of_sums, scores_without
from .units import Units, units_of


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entries:
    """The scored trials of a board and the predictions that look at no image, unit by unit."""

    models: tuple[str, ...]
    """The row of each trial."""
    blind: tuple[str, ...]
    """Names of predictions that look at no image, numbered on after the trials."""
    units: Units
    table: pd.DataFrame
    """Columns entry, unit, class_index, metric, value: of foreground classes."""
    skips_undefined: bool

    @classmethod
    def of(
        cls,
        cases: pd.DataFrame,
        models: tuple[str, ...],
        sanity: pd.DataFrame | None,
        *,
        skips_undefined: bool,
    ) -> Entries:
        """Put models and blind predictions into one table.

        Args:
            cases: Columns of `Trial.cases`, and ``trial``: the position in `models`.
            models: The row of each trial.
            sanity: As `Board.sanity`; its last predictor is the truth, which competes with nobody.
            skips_undefined: The protocol's.
        """
        cases = cases.assign(metric=cases["metric"].astype("category"))
        metrics, chosen = cases["metric"].cat.categories, foreground(cases)
        units = units_of(cases)
        tables = [_arranged(chosen, chosen["trial"].to_numpy(), units, metrics)]
        blind: list[str] = []
        if sanity is not None and not sanity.empty:
            blind = list(dict.fromkeys(sanity["predictor"]))[:-1]
            numbers = {name: len(models) + i for i, name in enumerate(blind)}
            known = sanity["predictor"].isin(blind) & sanity["case"].astype(str).isin(units.of_case)
            chosen = foreground(sanity[known])
            entry = np.asarray(chosen["predictor"].map(numbers), np.int64)
            tables.append(_arranged(chosen, entry, units, metrics))
        return cls(
            models=models,
            blind=tuple(blind),
            units=units,
            table=pd.concat(tables, ignore_index=True),
            skips_undefined=skips_undefined,
        )


def _arranged(rows: pd.DataFrame, entry: Whole, units: Units, metrics: pd.Index) -> pd.DataFrame:
    """Take from rows of cases what contests need."""
    codes, names = pd.factorize(rows["case"])
    unit = np.array([units.of_case[str(name)] for name in names], np.int64)
    return pd.DataFrame(
        {
            "entry": entry,
            "unit": unit[codes] if unit.size else codes,
            "class_index": rows["class_index"].to_numpy(),
            "metric": pd.Categorical(rows["metric"], categories=metrics),
            "value": rows["value"].to_numpy(np.float64),
        }
    )


def contest_of(entries: Entries, metric: str, direction: Direction) -> Contest | None:
    """Make the contest of one metric, or of the pooled IoU; None if no trial has a score.

    Units in which the metric applies to nothing of anybody's are no sample of it, and are left out.
    """
    return contest_of_sums(Sums.of(entries, metric), entries, metric, direction)


def contest_of_sums(sums: Sums, entries: Entries, metric: str, direction: Direction) -> Contest | None:
    """Make a contest of what its scores are ratios of; `entries` say whose they are."""
    scores = sums.scores
    trials = _trials_of(entries.models, scores)
    if not trials:
        return None
    names = _ordered(trials, scores, direction)
    members = [trials[name] for name in names]
    blind = _best(scores, len(entries.models), direction)
    if blind is not None:
        names.append(entries.blind[blind - len(entries.models)])
        members.append(np.array([blind]))
    units, rare = _units(sums, members)
    seeds = np.array([own.size for own in members])
    variances = np.array([scores[own].var(ddof=1) if own.size > 1 else np.nan for own in members])
    if blind is not None:
        variances[-1] = 0
    return Contest(
        metric=metric,
        direction=direction,
        names=tuple(names),
        means=np.array([scores[own].mean() for own in members]),
        units=units,
        variances=variances,
        seeds=seeds,
        blind=blind is not None,
        scope=replace(_scope(entries.units, units, several=bool(seeds.max() > 1)), rare=rare),
    )


def without_each_unit(entries: Entries, metric: str) -> Floats:
    """Give the score of each entry without each unit, (R, G); NaN where it has none, or nothing is left."""
    sums = Sums.of(entries, metric)
    without = scores_without(sums.numerators, sums.denominators)
    return np.where(sums.undefined[:, None], np.nan, without)


def _trials_of(models: tuple[str, ...], scores: Floats) -> dict[str, Whole]:
    """Give each model's trials that have a score."""
    found: dict[str, list[int]] = {}
    for trial, name in enumerate(models):
        if np.isfinite(scores[trial]):
            found.setdefault(name, []).append(trial)
    return {name: np.array(trials) for name, trials in found.items()}


def _ordered(trials: dict[str, Whole], scores: Floats, direction: Direction) -> list[str]:
    """Put models best first; those of one seed stand below those of several, whatever it drew."""
    sign = -1 if direction == "higher" else 1
    several = max(own.size for own in trials.values()) > 1
    means = {name: float(scores[own].mean()) for name, own in trials.items()}
    return sorted(trials, key=lambda name: (several and trials[name].size == 1, sign * means[name], name))


def _best(scores: Floats, first: int, direction: Direction) -> int | None:
    """Number the best blind prediction by this metric; None: it applies to none."""
    blind = scores[first:]
    if not np.isfinite(blind).any():
        return None
    return first + int(np.nanargmax(blind) if direction == "higher" else np.nanargmin(blind))


def _units(sums: Sums, members: list[Whole]) -> tuple[Floats | None, tuple[int, ...]]:
    """Give the contenders' pseudo-values, averaged over seeds, and the classes that too few units show.

    None: there are such classes, or too few units.
    """
    told = np.asarray((sums.denominators > 0).any(axis=(0, 2)))
    shown = sums.denominators if sums.truth is None else sums.truth
    units_of_class = (shown > 0).any(axis=0).sum(axis=0)
    if told.sum() < FEWEST_UNITS:
        return None, ()
    if few := np.flatnonzero((units_of_class > 0) & (units_of_class < FEWEST_UNITS)).tolist():
        return None, tuple(few)
    used = np.concatenate(members)
    values = np.full((sums.numerators.shape[0], int(told.sum())), np.nan)
    values[used] = pseudo_values(sums.numerators[used][:, told], sums.denominators[used][:, told])
    units = np.stack([values[own].mean(axis=0) for own in members])
    return (units if np.isfinite(units).all() else None), ()


def _scope(sample: Units, units: Floats | None, *, several: bool) -> Scope:
    if units is None:
        kind: ScopeKind = "seeds" if several else "none"
        return Scope(kind=kind, units=0, noun=sample.case_noun, seeds=several, sample=sample.noun)
    return Scope(kind=sample.kind, units=units.shape[1], noun=sample.noun, held=sample.held, seeds=several)


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """What a score is a ratio of, by entry, unit and class, (R, G, C)."""

    numerators: Floats
    denominators: Floats
    undefined: Flags
    """Entries whose score a class without a number, or the protocol's rule, makes undefined, (R,)."""
    truth: Floats | None = None
    """How much of a class the truth has, (R, G, C), where it is not that which has a denominator: what is
    falsely predicted has one, too, and a class whose truth lies in one unit is a sample of one."""

    @classmethod
    def of(cls, entries: Entries, metric: str) -> Sums:
        """Add up the cases of each unit."""
        if metric == POOLED_IOU:
            hits, false, missed = (_added(entries, name)[0] for name in ("tp", "fp", "fn"))
            return cls(hits, hits + false + missed, np.zeros(hits.shape[0], bool), hits + missed)
        sums, applicable, cases = _added(entries, metric)
        missing = np.asarray((applicable < cases).any(axis=1))
        if entries.skips_undefined:  # only a class that has no number at all
            missing = np.asarray((applicable.sum(axis=1) == 0) & (cases.sum(axis=1) > 0))
        return cls(sums, applicable, np.asarray(missing.any(axis=1)))

    @property
    def scores(self) -> Floats:
        """The leaderboard's own mean of each entry, (R,); NaN where it is undefined."""
        means = scores_of_sums(self.numerators.sum(axis=1), self.denominators.sum(axis=1))
        return np.where(self.undefined, np.nan, means)


def _added(entries: Entries, metric: str) -> tuple[Floats, Floats, Floats]:
    """Add up a metric's values, the cases to which it applies, and all cases, by entry, unit and class."""
    rows = entries.table[entries.table["metric"] == metric]
    shape = (
        len(entries.models) + len(entries.blind),
        entries.units.count,
        int(entries.table["class_index"].max()) + 1 if len(entries.table) else 1,
    )
    place = np.ravel_multi_index([rows[name].to_numpy() for name in ("entry", "unit", "class_index")], shape)
    values = rows["value"].to_numpy(np.float64)
    known = np.isfinite(values)

    def added(weights: Floats) -> Floats:
        counts = np.bincount(place, weights, minlength=int(np.prod(shape)))
        return np.asarray(counts, np.float64).reshape(shape)

    return added(np.where(known, values, 0)), added(known.astype(np.float64)), added(np.ones(values.size))
