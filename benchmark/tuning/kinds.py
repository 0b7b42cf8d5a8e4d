"""Samplers and pruners for lists and descriptions: they are optuna's, and no plugins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .methods import PrunerCard, SamplerCard
from .pruners import PRUNERS
from .samplers import SAMPLERS


@dataclass(frozen=True, slots=True)
class TuningKind:
    """One kind of card."""

    key: str
    """What it is called in commands: ``describe sampler``."""
    plural: str
    """The verb of ``list`` that shows them."""
    summary: str
    cards: Mapping[str, SamplerCard] | Mapping[str, PrunerCard]


TUNING_KINDS: Final = (
    TuningKind("sampler", "samplers", "What chooses the next setting when a model is tuned.", SAMPLERS),
    TuningKind("pruner", "pruners", "What ends trials of tuning that promise nothing.", PRUNERS),
)
