"""How to read the leaderboard's numbers, in words."""

from __future__ import annotations

from collections.abc import Mapping
from string import ascii_lowercase

from ..benchmark.contracts.data import Axes
from .cost import Conditions, differing
from .schema import Leaderboard
from .wording import listing, metric_heading, plural

SHORT = 6
"""Digits of a hash."""
ENDS_AT_0 = "Where an interval of two that are told apart ends at 0, only Holm's later steps tell them apart."
"""What reads “0.000 to 0.041” beside “surely better”."""
CUTS: Mapping[Axes, str] = {
    "stack": "slice by slice along z",
    "orthoplane": "slice by slice along z, y and x, whose votes are added up",
}


def about_score(table: Leaderboard) -> str:
    """Say what a score is the mean of."""
    unit, classes = table.scoring.unit, listing(table.foreground) or "none"
    return (
        f"Score: per seed, {metric_heading(table.metric)} per {unit} is averaged over the test {unit}s and "
        f"then over the foreground classes ({classes}); the table shows mean ± sample standard deviation "
        f"(SD) over seeds. {table.metric.direction.capitalize()} is better. {_undefined(table)} Pooled IoU: "
        f"true positives, false positives and false negatives of all {unit}s added up first."
    )


def about_rules(table: Leaderboard) -> tuple[str, ...]:
    """Say what the data's own rules leave out of the scores, and how volumes were segmented."""
    rules = table.scoring
    left_out = [name for i, name in enumerate(table.class_names) if i not in rules.classes]
    texts = []
    if left_out and rules.classes:
        texts.append(f"Not scored, by the data's own rule: {listing(left_out)}.")
    if rules.mask_by_truth:
        texts.append(
            "Predictions count only where the truth is not 0, for the data is annotated in part: elsewhere "
            "they were set to background before scoring."
        )
    if rules.axes:
        texts.append(f"Volumes were segmented {CUTS[rules.axes]}; each is scored as a whole.")
    return tuple(texts)


def _undefined(table: Leaderboard) -> str:
    unit = table.scoring.unit
    if table.scoring.skips_undefined and table.ground and table.metric.name in table.ground.own_rule:
        return f"By the metric's own rule every class counts in every {unit}, there or not."
    if table.scoring.skips_undefined:
        return (
            f"A class counts in the {unit}s whose truth has it, for every model alike; small print says how "
            f"many of all seeds' {unit}s these are. Pixels predicted as a class elsewhere stand in a table "
            "of their own."
        )
    return (
        f"By the protocol's rule one {unit} in which the metric does not apply to a class makes the mean "
        "undefined (n/a)."
    )


def about_rank() -> str:
    """Say what a rank claims, and what it does not."""
    return (
        "Rank: the places that a model may hold, from 1 + the number of models that are better for sure to "
        "all models but those that are worse for sure. Sure is what a t test finds in the spread over test "
        "cases (groups of them where there are groups) and over seeds, adjusted for all pairs of the board "
        "(Holm); the 95 % intervals of all differences hold at once (Bonferroni). "
        f"{ENDS_AT_0}"
    )


def about_tuning(table: Leaderboard) -> list[str]:
    """Say what the three scores of a tuned model are, and what to read from them."""
    heading = metric_heading(table.metric)
    return [
        f"Tuning: the mean {heading} is of the test split, which no tuning trial opened. “Validation” is of "
        "the same states, trained anew with the chosen setting by every seed. “Best when tuned” is that of "
        "the one tuning trial that was chosen among all: the best of many is better than it would be again.",
        "Where validation is much better than the test, and more so than with other models, tuning has "
        "fitted the validation split. They are of other images, and validation is scored in windows side by "
        "side, so a difference alone says nothing.",
        "Hours are of devices, of tuning trials alone: 2 devices for 1 hour are 2. The setting is what the "
        "search space varies; all else is the recipe's.",
    ]


def about_cost(table: Leaderboard) -> list[str]:
    """Say where and how costs were measured: one line per set of conditions."""
    if not table.conditions:
        return ["Cost: nothing was measured (n/a)."]
    lead = (
        "Cost: medians over seeds; one multiply-add is 2 floating-point operations; latency is of one image. "
        "n/a: not available."
    )
    unlike = differing(table.conditions)
    texts = [
        _condition_text(one) + (_profiling_text(one) if "profiling code" in unlike else "")
        for one in table.conditions
    ]
    if len(texts) == 1:
        return [f"{lead} Measured on {texts[0]}."]
    return [lead, *(f"As {letter(i)}: measured on {text}." for i, text in enumerate(texts))]


def _condition_text(condition: Conditions) -> str:
    threads = f", {plural(condition.threads, 'thread')}" if condition.threads else ""
    shape = " × ".join(map(str, condition.input_shape))
    return (
        f"{condition.device}, {condition.precision}{threads}; GFLOPs and latency for an input of {shape} "
        f"(N, C, H, W); throughput in batches of {condition.throughput_batch}; "
        f"peak memory: {condition.memory_kind}{_energy_text(condition)}"
    )


def _energy_text(condition: Conditions) -> str:
    if not condition.energy_counted:
        return ""
    return (
        f"; energy: {condition.energy_counted}, counted whole, idling and other processes' work included; of "
        "a trial from loading to the test's end, of an image in batches"
    )


def _profiling_text(condition: Conditions) -> str:
    code = condition.profiling_code[:SHORT]
    return f"; profiling code: {code or 'an earlier one, which was not recorded'}"


def letter(condition: int) -> str:
    """Name a set of conditions: a to z, then a1, b1, ..."""
    turn, place = divmod(condition, len(ascii_lowercase))
    return ascii_lowercase[place] + (str(turn) if turn else "")
