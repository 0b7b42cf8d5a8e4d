"""The samplers: what chooses the next setting of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from annotated_types import Ge, Le

from ..contracts.basics import STRICT
from ..contracts.errors import UsageError
from ..contracts.searching import Choice
from .methods import SamplerCard, TuningMethods

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

    from .space.search_space import SearchSpace

MOST_STARTUP: Final = 10_000
LEAST_RANGES: Final = 2
"""Of numbers, that CMA-ES learns from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TPEOptions:
    """Options of ``tpe``."""

    __pydantic_config__ = STRICT

    startup: Annotated[int, Ge(1), Le(MOST_STARTUP)] = 5
    """Settings that are drawn at random before anything is learned."""
    candidates: Annotated[int, Ge(1), Le(100_000)] = 24
    """Of which the likeliest to be better is tried."""
    multivariate: bool = True
    """Learn which values go together, and not only each by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GPOptions:
    """Options of ``gp``."""

    __pydantic_config__ = STRICT

    startup: Annotated[int, Ge(1), Le(MOST_STARTUP)] = 5
    """Settings that are drawn at random before anything is learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NSGA2Options:
    """Options of ``nsga2``."""

    __pydantic_config__ = STRICT

    population: Annotated[int, Ge(2), Le(MOST_STARTUP)] = 10
    """Settings of one generation; the first is drawn at random."""


def _tpe(options: Mapping[str, Any], seed: int) -> BaseSampler:
    from optuna.samplers import TPESampler

    return TPESampler(
        n_startup_trials=options["startup"],
        n_ei_candidates=options["candidates"],
        multivariate=options["multivariate"],
        constant_liar=True,  # several workers do not all try the same place
        seed=seed,
    )


def _random(_options: Mapping[str, Any], seed: int) -> BaseSampler:
    from optuna.samplers import RandomSampler

    return RandomSampler(seed=seed)


def _gp(options: Mapping[str, Any], seed: int) -> BaseSampler:
    from optuna.samplers import GPSampler

    return GPSampler(n_startup_trials=options["startup"], seed=seed)


def _cmaes(_options: Mapping[str, Any], seed: int) -> BaseSampler:
    from optuna.samplers import CmaEsSampler

    return CmaEsSampler(seed=seed, warn_independent_sampling=False)  # `sampler_notes` says it


def _nsga2(options: Mapping[str, Any], seed: int) -> BaseSampler:
    from optuna.samplers import NSGAIISampler

    return NSGAIISampler(population_size=options["population"], seed=seed)


_CARDS: Final = (
    SamplerCard(
        name="tpe",
        description="tree-structured Parzen estimators: where good settings are denser than others",
        factory=_tpe,
        options=TPEOptions,
        citation="Bergstra et al. 2011, NeurIPS; Watanabe 2023, arXiv:2304.11127",
    ),
    SamplerCard(
        name="random",
        description="every setting by itself, which nothing learned can mislead",
        factory=_random,
        citation="Bergstra & Bengio 2012, JMLR 13:281-305",
    ),
    SamplerCard(
        name="gp",
        description="a Gaussian process over all settings: for few, dear trials",
        factory=_gp,
        options=GPOptions,
        citation="Snoek, Larochelle & Adams 2012, NeurIPS, arXiv:1206.2944",
    ),
    SamplerCard(
        name="cmaes",
        description="evolution of a normal distribution (CMA-ES): for numbers and a hundred trials or more",
        factory=_cmaes,
        several_objectives=False,
        learns_from_choices=False,
        citation="Hansen & Ostermeier 2001, Evolutionary Computation 9:159-195",
    ),
    SamplerCard(
        name="nsga2",
        description="generations of settings sorted by dominance (NSGA-II): for two objectives",
        factory=_nsga2,
        options=NSGA2Options,
        citation="Deb et al. 2002, IEEE Trans Evol Comput 6:182-197, doi:10.1109/4235.996017",
    ),
)
SAMPLERS: Final = TuningMethods(
    key="sampler",
    plural="samplers",
    summary="What chooses the next setting when a model is tuned.",
    cards={card.name: card for card in _CARDS},
)


def make_sampler(reference: str, seed: int, number: int) -> BaseSampler:
    """Make the sampler of one trial.

    What it draws follows from seed, number and what the study's storage holds, so that it is made anew for
    every trial: a command that was killed goes on as if it had not been.

    Args:
        reference: ``tpe[startup=5]``.
        seed: Of the study.
        number: Of the trial that is asked for.

    Raises:
        UsageError: The reference is wrong.
    """
    import numpy as np

    method = SAMPLERS.find(reference)
    return method.card.factory(
        method.options, int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    )


def sampler_notes(reference: str, space: SearchSpace, objectives: int = 1) -> tuple[str, ...]:
    """Check that a sampler can do what is wanted of it, and say what it cannot learn.

    Raises:
        UsageError: It takes one objective only, or there is nothing that it could learn.
    """
    card = SAMPLERS.find(reference).card
    if objectives > 1 and not card.several_objectives:
        able = ", ".join(name for name, other in SAMPLERS.cards.items() if other.several_objectives)
        raise UsageError(f"the sampler {card.name} takes one objective, got {objectives}; take {able}.")
    unordered = [key for key, parameter in space.parameters.items() if isinstance(parameter, Choice)]
    ranges = len(space.parameters) - len(unordered)
    if card.learns_from_choices:
        return ()
    if ranges < LEAST_RANGES:
        raise UsageError(
            f"the sampler {card.name} learns from {LEAST_RANGES} ranges of numbers or more, and the search "
            f"space has {ranges}; take tpe, or add ranges."
        )
    told = f"the sampler {card.name} learns of ranges alone, and draws at random: {', '.join(unordered)}."
    return (told,) if unordered else ()
