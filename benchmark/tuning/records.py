"""What a study is, and how far it is: the two files that reports read of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from annotated_types import Ge, Gt, MinLen

from ..contracts.basics import STRICT, OptionValue
from ..contracts.searching import Parameter
from ..contracts.settings import Recipe, ScoringProtocol

STUDY_VERSION: Literal[1] = 1
"""Of ``study.json`` and ``trials.json``."""

State: TypeAlias = Literal["running", "complete", "pruned", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What a study looks for the best of."""

    __pydantic_config__ = STRICT

    name: str
    """The protocol's primary metric, on the validation split, or ``latency``."""
    direction: Literal["maximize", "minimize"]
    unit: str
    """``ms`` of latency (the median of one window); a metric's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What every model has for being tuned; of two bounds the first that is reached ends it."""

    __pydantic_config__ = STRICT

    trials: Annotated[int, Ge(1)] | None = None
    """Those that count: complete, pruned, and failed twice."""
    hours: Annotated[float, Gt(0)] | None = None
    """Of devices, measured, over all trials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySpec:
    """One model on one dataset, what is tried of its settings, and for how long: ``study.json``."""

    __pydantic_config__ = STRICT

    version: Literal[1] = STUDY_VERSION
    name: str
    """Of its folder, and of the study in optuna's storage."""
    model: str
    """As it was asked for: ``unet[encoder=resnet50]@imagenet``."""
    model_label: str
    model_sha256: str
    """Of the model as it is before it is tuned: its row among closed boards."""
    dataset: str
    """As it was asked for: ``folder:/data/my_cells``."""
    dataset_label: str
    manifest_sha256: str
    label_fraction: float = 1.0
    recipe: Recipe
    """What settings change."""
    base: str
    """The recipe as it is told to people: ``quick, iterations=300``."""
    protocol: ScoringProtocol
    space: Mapping[str, Parameter]
    """By dotted key: ``recipe.learning_rate``, ``model.dropout``."""
    objectives: Annotated[tuple[Objective, ...], MinLen(1)]
    sampler: str
    pruner: str
    """References, complete: ``tpe[candidates=24,multivariate=true,startup=5]``; ``none``."""
    seed: int
    """Of the sampler, and of every tuning trial."""
    budget: Budget
    storage: str
    """Where optuna keeps it, without a password; empty: beside the studies' folders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningTrial:
    """One setting that was tried."""

    __pydantic_config__ = STRICT

    number: int
    fingerprint: str
    setting: Mapping[str, OptionValue]
    state: State
    values: tuple[float, ...] = ()
    """One for each objective; empty unless complete."""
    curve: tuple[tuple[int, float], ...] = ()
    """Validation scores of the primary metric: iteration, score."""
    seconds: float = 0.0
    """That its devices were held for, all attempts; nothing where a stored trial was told."""
    stored: bool = False
    """Whether it was complete before the study asked for it, so that it cost nothing."""
    reason: str = ""
    """Why it failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyState:
    """How far a study is: ``trials.json``."""

    __pydantic_config__ = STRICT

    version: Literal[1] = STUDY_VERSION
    trials: tuple[TuningTrial, ...] = ()
    """By number."""
    best: tuple[int, ...] = ()
    """Numbers of the best trial, or of all on the Pareto front, that of the best score first."""
    seconds: float = 0.0
    """Of all trials."""
    final: tuple[str, ...] = ()
    """Fingerprints of the trials of the best setting, which are tested; empty before they are planned."""
