"""What ``emseg-bench score`` prints: scores, how they came about, and what was left out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from ..benchmark.predictions.pair_scores import ClassScore, Scores
from ..benchmark.predictions.pairs import some
from ..benchmark.predictions.rules import VOLUME
from ..benchmark.predictions.survey import ScoringOptions, Survey
from .console import Console
from .tables import print_table, say

MOST_CASES = 40
"""More cases than this are not shown one by one."""

MEAN = "mean"


def announce(found: Survey, options: ScoringOptions, skipped: Sequence[str]) -> list[str]:
    """Say what a reader of the scores must know about what was scored."""
    notes = list(_strangers(found))
    for what, mapping in (("predicted labels", options.mapping), ("true labels", options.true_mapping)):
        if mapping:
            mapped = ", ".join(f"{value} for {label}" for value, label in mapping.items())
            option = "--map" if what == "predicted labels" else "--map-truth"
            notes.append(f"{what} are taken for others ({option}): {mapped}")
    for white, side in ((found.white_predictions, "predictions"), (found.white_truths, "truth")):
        if white:
            notes.append(f"the {side} hold 0 and 255 only: 255 is taken as class 1, {found.class_names[1]}")
    if options.mask_by_truth:
        notes.append("predictions count only where the truth is not background (--mask-by-truth)")
    if options.ignored is not None:
        notes.append(f"pixels with true label {options.ignored} are in no score")
    left_out = [name for label, name in enumerate(found.class_names) if label not in found.scored]
    notes.append(f"not in the means: {', '.join(left_out) or 'no class'}")
    if skipped:
        notes.append(f"{len(skipped)} other file(s) were not read: {some(skipped)}")
    return notes


def _strangers(found: Survey) -> Iterator[str]:
    """Warn of predictions whose foreground has nothing in common with the truth's."""
    predicted, true = sorted(found.predicted - {0}), sorted(found.true - {0})
    if predicted and true and not set(predicted) & set(true):
        example = ",".join(f"{value}={label}" for value, label in zip(predicted, true, strict=False))
        yield (
            f"warning: the predictions' labels {some([str(value) for value in predicted])} are none of the "
            f"truth's, {some([str(value) for value in true])}, so nothing can agree; if they mean the same, "
            f"say --map {example}"
        )


def announce_objects(found: Survey, place: Path) -> list[str]:
    """Say which true objects were compared."""
    notes = [f"true objects go by their numbers in {place}; predicted ones are connected components"]
    if found.unnumbered:
        notes.append(
            f"{found.unnumbered} px of true classes have no number there: their connected components are "
            "objects too"
        )
    return notes


def print_scores(scores: Scores, found: Survey, notes: Sequence[str]) -> None:
    """Print the scores by class and, if they are few, by case."""
    console, rule = Console(), scores.rule
    say(console, f"{_counted(scores, found)}, protocol {rule.protocol}")
    print_table([*_class_rows(scores, found), _mean_row(scores)], title="by class")
    if scores.table["case"].nunique() <= MOST_CASES:
        print_table(_case_rows(scores, found), title=f"{rule.primary} by case")
    for remark in [f"mean of {rule.primary}: {rule.words}", *_undefined(scores), *notes]:
        say(console, remark, "dim")


def print_all_scores(every: Sequence[Scores], found: Survey, notes: Sequence[str]) -> None:
    """Print what each protocol makes of the same label maps, one below the other."""
    console = Console()
    say(console, f"{_counted(every[0], found)}, {len(every)} protocols")
    print_table([_protocol_row(scores, found) for scores in every], title="by protocol")
    remarks = [f"{scores.rule.protocol}: {scores.rule.words}" for scores in every]
    undefined = [
        f"{scores.rule.protocol}: {text}"
        for scores in every
        for text in _undefined(scores, only=scores.rule.primary)
    ]
    for remark in [*_spread(every), *remarks, *undefined, *notes]:
        say(console, remark, "dim")


def all_as_data(every: Sequence[Scores], found: Survey, notes: Sequence[str]) -> dict[str, Any]:
    """Give the scores by every protocol as plain data; the cases, which they share, stand there once."""
    return {
        "protocols": [_summary(scores, found, _undefined(scores)) for scores in every],
        "cases": _cases(every[0]),
        "notes": [*_spread(every), *notes],
    }


def as_data(scores: Scores, found: Survey, notes: Sequence[str]) -> dict[str, Any]:
    """Give all of it as plain data; an undefined number is None."""
    summary = _summary(scores, found, [*notes, *_undefined(scores)])
    return {**summary, "cases": _cases(scores)}


def _counted(scores: Scores, found: Survey) -> str:
    cases = scores.table["case"].nunique()
    kind = "volume" if found.axes == VOLUME else "image"
    return f"{cases} {kind}{'s' if cases > 1 else ''}"


def _spread(every: Sequence[Scores]) -> list[str]:
    """Say how far apart the protocols are: that much of a difference needs no better model."""
    means = {scores.rule.protocol: scores.overall[scores.rule.primary] for scores in every}
    defined = {name: value for name, value in means.items() if not math.isnan(value)}
    if len(defined) < 2:
        return []
    low, high = min(defined, key=defined.__getitem__), max(defined, key=defined.__getitem__)
    return [f"{defined[high] - defined[low]:.4f} between {high} and {low}: the protocol alone"]


def _protocol_row(scores: Scores, found: Survey) -> dict[str, str]:
    rule = scores.rule
    by_class = {item.class_index: item for item in scores.classes if item.metric == rule.primary}
    return {
        "protocol": rule.protocol,
        "metric": rule.primary,
        **{found.class_names[index]: _cell(by_class[index]) for index in found.scored},
        MEAN: _text(scores.overall[rule.primary]),
    }


def _cases(scores: Scores) -> list[dict[str, Any]]:
    rows = cast("list[dict[str, Any]]", scores.table.to_dict(orient="records"))
    return [{**row, "value": _number(row["value"])} for row in rows]


def _summary(scores: Scores, found: Survey, notes: Sequence[str]) -> dict[str, Any]:
    rule = scores.rule
    return {
        "protocol": rule.protocol,
        "rule": rule.words,
        "primary": rule.primary,
        "score": _number(scores.overall[rule.primary]),
        "means": {metric: _number(value) for metric, value in scores.overall.items()},
        "class_names": list(found.class_names),
        "classes": [
            {
                "class_index": item.class_index,
                "class_name": item.class_name,
                "metric": item.metric,
                "value": _number(item.value),
                "applicable_cases": item.applicable,
                "cases": item.cases,
            }
            for item in scores.classes
        ],
        "notes": list(notes),
    }


def _class_rows(scores: Scores, found: Survey) -> list[dict[str, str]]:
    by_class = {(item.class_index, item.metric): item for item in scores.classes}
    return [
        {
            "class": found.class_names[index],
            **{metric: _cell(by_class[index, metric]) for metric in scores.rule.metrics},
        }
        for index in found.scored
    ]


def _mean_row(scores: Scores) -> dict[str, str]:
    return {"class": MEAN, **{metric: _text(scores.overall[metric]) for metric in scores.rule.metrics}}


def _case_rows(scores: Scores, found: Survey) -> list[dict[str, str]]:
    table = scores.table[scores.table["metric"] == scores.rule.primary]
    wide = table.pivot_table(
        index="case", columns="class_index", values="value", dropna=False, observed=True, sort=False
    )
    return [
        {
            "case": str(case),
            **{found.class_names[index]: _text(float(values[index])) for index in found.scored},
        }
        for case, values in wide.iterrows()
    ]


def _undefined(scores: Scores, only: str = "") -> list[str]:
    """Say where a metric (`only` this one, if named) was not applicable, and what that did to the means."""
    effect = "left out of the means" if scores.rule.skips_undefined else "so the means over it are undefined"
    return [
        f"{item.metric} of {item.class_name} is not applicable in {item.cases - item.applicable} of "
        f"{item.cases} cases (nothing to divide by): {effect}"
        for item in scores.classes
        if item.applicable < item.cases and only in {"", item.metric}
    ]


def _cell(item: ClassScore) -> str:
    note = f" ({item.applicable} of {item.cases})" if item.applicable < item.cases else ""
    return f"{_text(item.value)}{note}"


def _text(value: float) -> str:
    return "n/a" if math.isnan(value) else f"{value:.4f}"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
