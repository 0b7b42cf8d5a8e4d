"""What tuning was given, as people read it."""

from __future__ import annotations

from ..contracts.records import Tuned
from ..files.wording import counted


def describe_tuning(tuned: Tuned) -> str:
    """Name where tuning began and what each model had for it: ``tuned from quick, 20 trials each``."""
    return f"tuned from {tuned.base}, {describe_budget(tuned.trials, tuned.hours)} each"


def describe_budget(trials: int | None, hours: float | None) -> str:
    """Name a budget: ``20 trials``, ``4 h``, ``20 trials or 4 h``."""
    known = [counted(trials, "trial")] if trials else []
    return " or ".join([*known, *([f"{hours:g} h"] if hours else [])])
