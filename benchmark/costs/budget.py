"""``--budget``: time that a run may take."""

from __future__ import annotations

import re
from typing import Final

from ..contracts.errors import UsageError
from ..files.printable import brief
from ..files.wording import counted, duration
from .schema import PlanCost

SECONDS: Final = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_BUDGET: Final = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?) ?(s|min|h|d)", re.ASCII)


def read_budget(text: str) -> float:
    """Read ``8h``, ``30min`` or ``1.5d`` as seconds.

    Raises:
        UsageError: It is no time above 0.
    """
    found = _BUDGET.fullmatch(text.strip())
    seconds = float(found[1]) * SECONDS[found[2]] if found else 0.0
    if seconds <= 0:
        raise UsageError(
            f"got --budget {brief(text)}, expected a time above 0 with its unit: 90s, 30min, 8h or 1.5d."
        )
    return seconds


def check_budget(cost: PlanCost, text: str) -> None:
    """Refuse a plan that takes longer than its budget, or of which nobody knows how long it takes.

    Raises:
        UsageError: It does.
    """
    budget = read_budget(text)
    trials = len(cost.trials)
    if cost.seconds.middle > budget:
        more = (
            f", and {counted(cost.unknown, 'trial')} more of which nothing is known" if cost.unknown else ""
        )
        raise UsageError(
            f"what is to run, {counted(trials, 'trial')}, takes about {duration(cost.seconds.middle)}{more}, "
            f"which is over --budget {text}; plan fewer seeds, models or iterations, or a larger budget "
            "(--dry-run without --budget shows what takes how long)."
        )
    if cost.unknown:
        raise UsageError(
            f"--budget {text} cannot be held against {cost.unknown} of the {trials} trials that are to run, "
            "of which nothing is known here; run one of each kind first, or leave --budget out."
            + "".join(f" {note}" for note in cost.notes if "could not be timed" in note)
        )
