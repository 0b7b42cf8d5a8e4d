"""Who competes on one metric, and what a claim about them is a claim about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from ..arrays import Floats, Whole

Direction: TypeAlias = Literal["higher", "lower"]
ScopeKind: TypeAlias = Literal["groups", "cases", "blocks", "sets", "fixed", "seeds", "none"]

FEWEST_UNITS: Final = 3
"""With fewer nothing is said about others: a spread of two units is next to unknown."""
BLOCK: Final = "block of slices"
"""What a volume is cut into: it has no more of them."""
_WORDS: Final = (
    *("no", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the verdicts of a contest are about."""

    kind: ScopeKind
    """``groups`` (animals, volumes), ``cases`` (where there are no groups), ``blocks`` of slices of the same
    volumes, data ``sets``; ``fixed``: these data sets and no others; ``seeds``: these images alone;
    ``none``: nothing beyond these numbers."""
    units: int
    """Sampled units of that kind that spreads were taken over; 0 for ``seeds`` and ``none``."""
    noun: str
    """What one unit is: ``image``, ``volume``, ``animal or volume``; for blocks what holds them."""
    held: int = 1
    """Volumes that blocks lie in."""
    seeds: bool
    """Whether the chance of training (its seed) is in the intervals."""
    rare: tuple[int, ...] = ()
    """Labels of classes that fewer than `FEWEST_UNITS` units show, so that nothing is said about others."""
    sample: str | None = None
    """What there would have to be more of, where it is not `noun`: animals, of images that are all of one."""

    @property
    def sampled(self) -> str:
        """What a claim about others would be about."""
        return self.sample or self.noun

    @property
    def unit(self) -> str:
        """What one sampled unit is called."""
        return BLOCK if self.kind == "blocks" else self.noun

    @property
    def phrase(self) -> str:
        """End a sentence: ``on other images like these eight``, ``on other slices of this volume``."""
        these = f"these {_word(self.units)}"
        match self.kind:
            case "groups" | "cases" | "sets":
                text = f"on other {several(self.noun)} like {these}"
            case "blocks":
                whose = (
                    f"this {self.noun}"
                    if self.held == 1
                    else f"these {_word(self.held)} {several(self.noun)}"
                )
                text = f"on other slices of {whose}"
            case "fixed":
                text = f"on {these} {several(self.noun)}"
            case "seeds":
                return f"with other seeds on these {several(self.noun)}"
            case "none":
                return f"on these {several(self.noun)} with these seeds"
        return text if self.seeds else f"{text}, with these very seeds"


def several(noun: str) -> str:
    """Write a noun's plural: ``animals or volumes``, ``blocks of slices``."""
    parts = (part.partition(" of ") for part in noun.split(" or "))
    return " or ".join(f"{head}s{of}{rest}" for head, of, rest in parts)


def _word(number: int) -> str:
    return _WORDS[number] if number < len(_WORDS) else str(number)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contest:
    """M contenders on one metric: the models, and behind them the best prediction that looks at no image."""

    metric: str
    direction: Direction
    names: tuple[str, ...]
    """Of the contenders; models best first, those of one seed below those of several, the blind one last."""
    means: Floats
    """The leaderboard's own mean of each contender over its seeds, (M,)."""
    units: Floats | None
    """Pseudo-values, averaged over seeds, by contender and unit, (M, G); None: there are too few units."""
    variances: Floats
    """Sample variance of the mean over seeds, (M,); NaN with one seed, 0 where no seed has any part."""
    seeds: Whole
    """Seeds with a score, (M,)."""
    blind: bool = False
    """Whether the last contender is a prediction that looks at no image."""
    scope: Scope

    @property
    def models(self) -> int:
        """How many of the contenders are models."""
        return len(self.names) - self.blind

    @property
    def seeds_pooled(self) -> tuple[int, float]:
        """Degrees of freedom and variance of the models' scores over seeds, pooled; 0 where all have one."""
        variances = self.variances[: self.models]
        several = np.isfinite(variances)
        degrees = (self.seeds[: self.models] - 1)[several]
        total = int(degrees.sum())
        return total, float(degrees @ variances[several]) / total if total else 0.0
