"""What a planned comparison takes, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ..benchmark.contracts.records import MetricSpec
from ..benchmark.contracts.reporting import OWN_TRAINING
from ..benchmark.experiments.label_counts import describe_labels
from .schema import Leaderboard
from .verdicts.contest import FEWEST_UNITS, several
from .verdicts.sample_size import Need
from .wording import capitalised, listing, metric_title, number, plural

MEASURED: Final = (
    "the example retina_miniature measured 0.015 (ventral nerve cord of a fly, 3 classes) and 0.034 "
    "(mitochondria in the brain of a mouse) over five seeds of RETINA, fine-tuned for 80 steps on one "
    "labelled section that the seed chose: a rough hint for other models, data and more labels"
)


def told(need: Need, metric: MetricSpec, stored: Leaderboard | None) -> Iterator[str]:
    """Say what a planned board takes, where that is from, and what is not known.

    Args:
        need: In numbers.
        metric: The one that ranks.
        stored: The leaderboard that its spreads come from, if they do.
    """
    labels = describe_labels(need.label_fraction, need.training_cases)
    data = f"{need.dataset} with {labels}" if labels else need.dataset
    counts = (plural(need.models, "model"), plural(need.seeds, "seed"), _many(need))
    yield (
        f"{data}, {', '.join(counts)}: to find a difference of {need.difference:g} in mean "
        f"{metric_title(metric)} in 4 of 5 repetitions, all pairs and the best blind prediction compared at "
        "once at 95 %:"
    )
    if stored is None:
        yield _not_stored(need)
    else:
        yield _stored(need, stored)
    if need.assumed:
        yield _planned(need)
    if any(one.seeds_sd is not None for one in need.assumed):
        yield _seeds(need)
    if need.assumed and need.assumed[0].units_sd is not None:
        yield _units(need)
    else:
        yield (
            f"How differences vary from one {need.noun} to the next is not known, so nothing can be said "
            f"about others than these {several(need.noun)}. {_first_run(need)}"
        )


def _many(need: Need) -> str:
    return f"{need.units} {several(need.noun) if need.units != 1 else need.noun}"


def _not_stored(need: Need) -> str:
    if need.source == "unknown":
        return "Nothing comparable is stored, and no figure is known of how scores by this metric vary."
    return f"Nothing comparable is stored. Typical values, for spread over seeds alone: {MEASURED}."


def _stored(need: Need, stored: Leaderboard) -> str:
    (one,) = need.assumed
    seeds = "is not known (one seed)" if one.seeds_sd is None else f"is {number(one.seeds_sd)}"
    over = (
        ""
        if one.units_sd is None
        else f", that of a difference over {several(need.noun)} {number(one.units_sd)}"
    )
    names = listing([row.model for row in stored.scored])
    recipe = stored.recipe if stored.recipe == OWN_TRAINING else f"by the recipe {stored.recipe}"
    origin = f"From stored trials of {names} {recipe}"
    return f"{origin}: standard deviation over seeds {seeds}{over}."


def _first_run(need: Need) -> str:
    enough = max(need.units, FEWEST_UNITS)
    return (
        f"Run two models with two seeds on {'' if need.units >= FEWEST_UNITS else 'at least '}{enough} "
        f"{several(need.noun)} into the same folder first, and ask again: what they leave behind tells it."
    )


def _planned(need: Need) -> str:
    found = [one.planned for one in need.assumed if one.planned is not None]
    if not found:
        return "As planned: no difference can be claimed, for one seed says nothing about others."
    alone = " with these very seeds" if need.seeds == 1 else ""
    return f"As planned: a difference of {_range([number(value) for value in found])} can be found{alone}."


def _seeds(need: Need) -> str:
    found = ["no number is enough" if one.seeds is None else f"{one.seeds:,}" for one in need.assumed]
    kept = "" if need.assumed[0].units_sd is None else f" with these {_many(need)}"
    return f"Seeds of each model that it takes{kept}: {_range(found)}."


def _units(need: Need) -> str:
    (one,) = need.assumed
    if not one.units:
        return "A volume has no more slices, and other volumes are another question."
    counts = [
        f"{'no number' if units is None else f'{units:,}'} with {plural(seeds, 'seed')}"
        for seeds, units in one.units.items()
    ]
    return f"{capitalised(several(need.noun))} that it takes: {listing(counts)} of each model."


def _range(texts: Sequence[str]) -> str:
    return " to ".join(dict.fromkeys(texts))
