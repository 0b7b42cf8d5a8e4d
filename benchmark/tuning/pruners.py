"""The pruners: what ends trials early whose validation scores promise nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from annotated_types import Ge, Le

from ..contracts.basics import STRICT
from ..contracts.errors import UsageError
from .methods import PrunerCard, TuningMethods

if TYPE_CHECKING:
    from optuna.pruners import BasePruner

DEFAULT_PRUNER: Final = "none"
_Count = Annotated[int, Ge(0), Le(10_000_000)]
_Factor = Annotated[int, Ge(2), Le(100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MedianOptions:
    """Options of ``median``."""

    __pydantic_config__ = STRICT

    startup: _Count = 5
    """Trials that end by themselves before any is pruned."""
    warmup: _Count = 0
    """Validations of a trial before it may be pruned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HalvingOptions:
    """Options of ``hyperband`` and ``halving``."""

    __pydantic_config__ = STRICT

    least: Annotated[int, Ge(1), Le(10_000_000)] = 1
    """Validations that every trial has."""
    factor: _Factor = 3
    """One in so many trials goes on, for so many times as long."""


def _none(_options: Mapping[str, Any], _validations: int) -> BasePruner:
    from optuna.pruners import NopPruner

    return NopPruner()


def _median(options: Mapping[str, Any], _validations: int) -> BasePruner:
    from optuna.pruners import MedianPruner

    # optuna's steps begin with 0, and ours with 1
    return MedianPruner(n_startup_trials=options["startup"], n_warmup_steps=options["warmup"] + 1)


def _hyperband(options: Mapping[str, Any], validations: int) -> BasePruner:
    from optuna.pruners import HyperbandPruner

    return HyperbandPruner(
        min_resource=options["least"], max_resource=validations, reduction_factor=options["factor"]
    )


def _halving(options: Mapping[str, Any], _validations: int) -> BasePruner:
    from optuna.pruners import SuccessiveHalvingPruner

    return SuccessiveHalvingPruner(min_resource=options["least"], reduction_factor=options["factor"])


_CARDS: Final = (
    PrunerCard(name="none", description="every trial ends by itself", factory=_none),
    PrunerCard(
        name="median",
        description="a trial ends that is worse than the median of earlier ones at the same validation",
        factory=_median,
        options=MedianOptions,
        citation="Golovin et al. 2017, KDD, doi:10.1145/3097983.3098043",
    ),
    PrunerCard(
        name="hyperband",
        description="successive halving with several beginnings, so that slow starters have a chance",
        factory=_hyperband,
        options=HalvingOptions,
        citation="Li et al. 2018, JMLR 18:1-52, arXiv:1603.06560",
    ),
    PrunerCard(
        name="halving",
        description="at each rung, only the best trials go on",
        factory=_halving,
        options=HalvingOptions,
        citation="Li et al. 2020, MLSys, arXiv:1810.05934",
    ),
)
PRUNERS: Final = TuningMethods(
    key="pruner",
    plural="pruners",
    summary="What ends trials of tuning that promise nothing.",
    cards={card.name: card for card in _CARDS},
)


def make_pruner(reference: str, validations: int) -> BasePruner:
    """Make a pruner, which is told the score of the first validation as step 1, and so on.

    Args:
        reference: ``median[warmup=1]``.
        validations: That a trial takes, as its recipe says.

    Raises:
        UsageError: The reference is wrong.
    """
    method = PRUNERS.find(reference)
    return method.card.factory(method.options, validations)


def check_pruner(reference: str, validations: int, objectives: int = 1) -> None:
    """Check that a pruner has something to do.

    Raises:
        UsageError: There are several objectives, or too few validations to prune between.
    """
    method = PRUNERS.find(reference)
    name = method.card.name
    if name == DEFAULT_PRUNER:
        return
    if objectives > 1:
        raise UsageError(
            f"the pruner {name} compares by one objective, got {objectives}; take --pruner none, or one."
        )
    first = int(method.options.get("least", int(method.options.get("warmup", 0)) + 1))
    if validations <= first:
        raise UsageError(
            f"the pruner {name} ends no trial before validation {first}, and the recipe takes {validations}; "
            "raise recipe.validations, or take --pruner none."
        )
