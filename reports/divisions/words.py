"""How ranks change from the closed to the open division, in sentences that claim what the boards do."""

from __future__ import annotations

from typing import Final

from ..wording import LISTED, listing, metric_title, plural
from .schema import Divisions, Turned

FEWEST: Final = 2
"""Models that stand on both boards, below which there is no order to change."""
CLAIM: Final = (
    "“Surely” is each board's own verdict. Whether tuning made a model better is not tested: the two boards "
    "are two experiments, whose scores stand side by side."
)


def summary(found: Divisions) -> str:
    """Say what orders the boards have, which pairs change places, and what that is worth."""
    closed, opened = (
        listing([one.model for one in sorted(found.models, key=lambda one: place[one.model])])
        for place in (
            {one.model: one.closed.place for one in found.models},
            {one.model: one.open.place for one in found.models},
        )
    )
    count, title = plural(len(found.models), "model"), metric_title(found.metric)
    if not found.turned:
        return f"{count} stand on both boards, in the same order by mean {title}: {closed}."
    orders = (
        f"{count} stand on both boards. By mean {title} the closed board has {closed}; the open one {opened}."
    )
    told = sorted(found.turned, key=lambda one: one.surely != "on both boards")
    more = [f"So do {len(told) - LISTED} pairs more."] if len(told) > LISTED else []
    return " ".join((orders, *map(_change, told[:LISTED]), *more, *_worth(found)))


def _change(turned: Turned) -> str:
    return (
        f"{turned.one} is ahead of {turned.other} in the closed division and behind it in the open one; "
        f"the two are told apart {turned.surely}."
    )


def _worth(found: Divisions) -> tuple[str, ...]:
    """Say where no change of places is more than may be chance."""
    if any(one.surely == "on both boards" for one in found.turned):
        return ()
    return (
        "No model is surely ahead on one board and surely behind on the other: the change may be chance.",
    )
