"""What more labels change, in sentences: of leads what the boards claim, of crossings what all do at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from ...benchmark.files.wording import joined
from ..verdicts.contest import FEWEST_UNITS
from ..wording import listing, metric_title, plural
from .schema import Amount, Crossing, LabelEfficiency

BLIND: Final = "a prediction that looks at no image"
AT_ONCE: Final = "95 %, for all pairs at all numbers of labels at once"
NAMED: Final = 2
"""Rivals of a first model that are named, rather than counted."""
SPELLED: Final = 2
"""Pairs that change places that are spelled out; the page has a table of all."""


def summary(found: LabelEfficiency) -> str:
    """Say who leads with how many labels, whether models change places, and what of it is sure."""
    leads = "; ".join(_standings(found))
    parts = (f"On {found.dataset}, {leads}.", *_changes(found), *_about(found))
    return " ".join(parts)


def amounts_told(amounts: Sequence[Amount], found: LabelEfficiency) -> str:
    """Write ``1 labelled image``, ``3, 10 and all 24 labelled images``, ``10 % and 50 % of the labels``."""
    one = amounts[-1]
    noun = "of the labels" if one.images is None else f"labelled image{'' if one.images == 1 else 's'}"
    return f"{_numbers(amounts, found)} {noun}"


def _numbers(amounts: Sequence[Amount], found: LabelEfficiency) -> str:
    return joined([_number(one, found) for one in amounts])


def _number(one: Amount, found: LabelEfficiency) -> str:
    if one.images is None:
        return f"{100 * one.share:g} %"
    return f"all {one.images:,}" if one.images == found.training_images else f"{one.images:,}"


def percents(one: Amount) -> str:
    """Write its share where space is short: ``0.42 %``, ``4.2 %``, ``42 %``."""
    share = 100 * one.share
    return f"{share:.0f} %" if share >= 10 else f"{share:.2g} %"


# --------------------------------------------------------------------------------- amount by amount
def _standings(found: LabelEfficiency) -> Iterator[str]:
    """Say what boards say; those that say the same say it once."""
    told = amounts_told  # at first, then numbers alone
    for standing, group in groupby(found.amounts, lambda one: _standing(one, found)):
        yield f"with {told([*group], found)}, {standing}"
        told = _numbers


def _standing(one: Amount, found: LabelEfficiency) -> str:
    extreme = "highest" if found.metric.direction == "higher" else "lowest"
    has = f"{one.first} has the {extreme} mean {metric_title(found.metric)}"
    match one.outcome:
        case "leads":
            return f"{one.first} leads"
        case "unskilled":
            return f"nobody leads, for no model is surely better than {BLIND}"
        case "unknown":
            few = f"one seed each, fewer than {FEWEST_UNITS} {one.sampled}"
            return f"nothing tells how much of the order is chance ({few}), and {has}"
        case "alone":
            return f"{one.first} is the only model with a score"
        case "ordered":
            return f"nobody leads: {has}, but is not surely better than {_rivals(one)}"
        case "open":
            return f"no order is sure ({has})"


def _rivals(one: Amount) -> str:
    if not one.level:
        return BLIND
    return joined(one.level) if len(one.level) <= NAMED else f"{len(one.level)} of the others"


# ------------------------------------------------------------------------------------- changes of places
def _changes(found: LabelEfficiency) -> Iterator[str]:
    if found.turned is None or all(one.outcome == "unknown" for one in found.amounts):
        return
    sure = [one for one in found.crossings if one.sure]
    alone = [one for one in found.crossings if not one.sure]
    if sure:
        texts = [_crossing(one, found) for one in sure[:SPELLED]]
        left = len(sure) - SPELLED
        more = [f"so do{'es' * (left == 1)} {plural(left, 'pair')} more"] if left > 0 else []
        yield f"The order changes surely ({AT_ONCE}): {'; '.join([*texts, *more])}."
    if alone:
        pairs = [f"{one.one} with {one.other}" for one in alone]
        which = listing(pairs) if not sure else plural(len(pairs), "pair") + " more"
        yield (
            f"By single boards alone, each at 95 % for itself, {which} change{'s' * (len(pairs) == 1)} "
            "places; for all at once that is not sure."
        )
    if not sure and not alone:
        yield _no_crossing(found)


def _crossing(crossing: Crossing, found: LabelEfficiency) -> str:
    """Write ``with 1 labelled image a is ahead of b, with 10 and all 24 b of a``; the table has the rest."""
    told: list[str] = []
    sure = (met for met in crossing.meetings if met.surely)
    for verdict, group in groupby(sure, lambda met: met.surely):
        amounts = [found.amounts[met.amount] for met in group]
        pair = (crossing.one, crossing.other) if verdict == "better" else (crossing.other, crossing.one)
        told.append(
            f"with {_numbers(amounts, found)} {pair[0]} of {pair[1]}"
            if told
            else f"with {amounts_told(amounts, found)} {pair[0]} is ahead of {pair[1]}"
        )
    return ", ".join(told)


def _no_crossing(found: LabelEfficiency) -> str:
    if not found.turned:
        return "The order of the means is the same with any of these numbers of labels."
    return (
        f"Whether more labels change the order is not known: the means of {plural(found.turned, 'pair')} of "
        "models change places, but of no pair is one model surely ahead with fewer labels and the other with "
        "more."
    )


# ------------------------------------------------------------------------------------------ what it is about
def _about(found: LabelEfficiency) -> Iterator[str]:
    """Say what the claims are claims about, once where all boards' are about the same."""
    claims = [one for one in found.amounts if one.outcome not in ("unknown", "alone")]
    phrases = [(phrase, [*group]) for phrase, group in groupby(claims, lambda one: one.phrase)]
    if len(phrases) == 1:
        yield f"“Leads” and “surely” are about what holds {phrases[0][0]}."
    elif phrases:
        told = [f"with {amounts_told(own, found)} {phrase}" for phrase, own in phrases]
        yield f"“Leads” and “surely” are about what holds {joined(told)}."
