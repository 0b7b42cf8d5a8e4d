"""A board's tables of cases as cells, one per metric, class and case, and what can be counted over them.

Everything is a sum over rows, so time and memory follow the rows, whatever a table names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .arrays import Flags, Floats, Names, Whole


@dataclass(frozen=True, slots=True)
class CaseCells:
    """Rows of tables, the cell of each row, and what each cell is."""

    trials: int
    trial: Whole
    """Of each row, (N,)."""
    value: Floats
    """Of each row, (N,)."""
    cell: Whole
    """Of each row, (N,)."""
    metrics: Names
    """(M,)"""
    classes: Names
    """Labels, (K,)."""
    cases: Names
    """Ids, (C,)."""
    metric: Whole
    """Of each cell, a position in `metrics`, (U,)."""
    label: Whole
    """Of each cell, a position in `classes`, (U,)."""
    case: Whole
    """Of each cell, a position in `cases`, (U,)."""
    kind: Whole
    """Of each cell: those of one metric and class are of one kind, (U,)."""
    place: Whole
    """Of each cell: those of one class and case are at one place, (U,)."""
    truth: Flags
    """Whether the truth has the class in the case, (U,); False where no counts tell."""
    told: Flags
    """Whether counts tell it, (U,)."""

    @classmethod
    def of(cls, rows: pd.DataFrame, trials: int) -> CaseCells:
        """Sort rows, as `scores.joined` gives them, into cells."""
        metric, metrics = _factorized(rows["metric"])
        label, classes = _factorized(rows["class_index"])
        case, cases = _factorized(rows["case"])
        cell, first = _numbered(metric, label, case)
        metric, label, case = metric[first], label[first], case[first]
        place, _ = _numbered(label, case)
        value = rows["value"].to_numpy(np.float64)
        tells = np.isin(metrics, ("tp", "fn"))[metric]
        told = np.bincount(place, weights=tells)[place] > 0
        pixels = np.bincount(place[cell], weights=np.where(tells[cell], value, 0), minlength=len(place))
        return cls(
            trials=trials,
            trial=rows["trial"].to_numpy(np.int64),
            value=value,
            cell=cell,
            metrics=metrics,
            classes=classes,
            cases=cases,
            metric=metric,
            label=label,
            case=case,
            kind=_numbered(metric, label)[0],
            place=place,
            truth=pixels[place] > 0,
            told=told,
        )

    def held(self) -> Whole:
        """Count the cases of each trial, (trials,)."""
        return _distinct(self.trial, self.case[self.cell], self.trials)

    def common(self, compared: Flags) -> Flags:
        """Find the cases that all compared trials have, (C,)."""
        rows = compared[self.trial]
        found = _distinct(self.case[self.cell[rows]], self.trial[rows], len(self.cases))
        return np.asarray((found == compared.sum()) & compared.any())

    def judged(self, compared: Flags) -> tuple[Flags, Flags]:
        """Find the cells that a metric judges by the truth, and those of them of which all have a number.

        All are the compared trials of which the metric has any number.  Where no counts tell what the truth
        has, a class is judged of which each of them has a number.
        """
        rows = compared[self.trial] & np.isfinite(self.value)
        cell, trial = self.cell[rows], self.trial[rows]
        every = _distinct(self.metric[cell], trial, len(self.metrics))[self.metric]
        holders = _distinct(self.kind[cell], trial, len(self.kind))[self.kind]
        judged = np.where(self.told, self.truth & (holders > 0), (holders == every) & (every > 0))
        numbers = np.bincount(cell, minlength=len(self.metric))
        return judged, np.asarray(numbers == every)

    def share(self, part: Flags, whole: Flags) -> Floats:
        """Give for each cell the share that a part has of a whole in its metric's class; 1 of nothing."""
        sums = [np.bincount(self.kind, weights=flags) for flags in (part, whole)]
        return np.asarray(np.where(sums[1] > 0, sums[0] / np.maximum(sums[1], 1), 1.0)[self.kind])

    def scored_in_silence(self) -> set[str]:
        """Name the metrics that score a class in a case where neither truth nor prediction has it."""
        at, predicted = self.place[self.cell], np.isin(self.metrics, ("fp",))[self.metric][self.cell]
        codes = self.trial * (len(self.place) + 1) + at
        loud = codes[predicted & (self.value > 0)]
        rows = np.flatnonzero((self.told & ~self.truth)[self.cell] & np.isfinite(self.value))
        quiet = rows[~np.isin(codes[rows], loud)]
        return {*self.metrics[np.unique(self.metric[self.cell[quiet]])]}

    def unfounded(self, common: Flags, compared: Flags) -> pd.DataFrame:
        """Sum up what compared trials predicted where the truth has none: see `CommonGround.unfounded`."""
        wanted = (self.metrics == "fp")[self.metric] & self.told & ~self.truth & common[self.case]
        rows = wanted[self.cell] & compared[self.trial]
        table = pd.DataFrame(
            {
                "trial": self.trial[rows],
                "class_index": self.classes[self.label[self.cell[rows]]],
                "pixels": self.value[rows],
                "hits": self.value[rows] > 0,
            }
        )
        groups = table.groupby(["trial", "class_index"])
        return groups.agg(
            pixels=("pixels", "sum"), hits=("hits", "sum"), cases=("hits", "size")
        ).reset_index()

    def labels(self, cells: Flags) -> set[int]:
        """Give the labels of cells."""
        return {*self.classes[np.unique(self.label[cells])].tolist()}

    def index(self, cells: Flags) -> pd.MultiIndex:
        """Name cells by metric, class and case."""
        parts = (
            self.metrics[self.metric[cells]],
            self.classes[self.label[cells]],
            self.cases[self.case[cells]],
        )
        return pd.MultiIndex.from_arrays(parts)


def _factorized(column: pd.Series[Any]) -> tuple[Whole, Names]:
    """Number a column's values in order of appearance, a missing one as any other."""
    codes, values = pd.factorize(column, use_na_sentinel=False)
    return np.asarray(codes, np.int64), np.asarray(values, object)


def _numbered(*parts: Whole) -> tuple[Whole, Whole]:
    """Number distinct combinations in order of appearance; give too where each appears first."""
    code = np.zeros(len(parts[0]), np.int64)
    for part in parts:  # stays below 2**63: as many distinct values as rows at most, made dense each time
        code = pd.factorize(code * (part.max(initial=0) + 1) + part)[0]
    first = np.zeros(code.max(initial=-1) + 1, np.int64)
    first[code[::-1]] = np.arange(len(code))[::-1]  # the last one that is written stays
    return code, first


def _distinct(groups: Whole, members: Whole, size: int) -> Whole:
    """Count the distinct members of each group, (size,)."""
    _, first = _numbered(groups, members)
    return np.bincount(groups[first], minlength=size)
