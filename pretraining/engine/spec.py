"""What a pre-training is: enough to run it, to know it again, and to say what its weights are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from annotated_types import Ge, Lt

from ...benchmark.contracts.basics import STRICT, OptionValue
from ...benchmark.contracts.data import Normalisation
from ...benchmark.contracts.pretraining import PretrainingRecipe
from ...benchmark.contracts.records import MethodSpec, Provider
from ...benchmark.files.hashing import sha256_of
from ...benchmark.plugins.references import label

KEPT_OUT = frozenset({"name", "save_every", "panels_every"})
"""Of a recipe: what changes no weight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainingSpec:
    """One (model, method, recipe, images, seed)."""

    __pydantic_config__ = STRICT

    model: str
    model_options: Mapping[str, OptionValue]
    """Complete, defaults included."""
    model_provider: Provider
    method: str
    method_options: Mapping[str, OptionValue]
    method_provider: Provider
    recipe: PretrainingRecipe
    methods: tuple[MethodSpec, ...] = ()
    """What the recipe names and other packages provide."""
    normalisation: Normalisation
    """The recipe's, or that of the images."""
    folder: str
    """Where the images lie."""
    images: int
    """How many files."""
    tiles: int
    """How many images they count as."""
    images_sha256: str
    seed: Annotated[int, Ge(0), Lt(2**32)]

    @property
    def model_label(self) -> str:
        """Write the model as a reference does."""
        return label(self.model, self.model_options)

    @property
    def steps_per_epoch(self) -> int:
        """Count the optimiser steps of a pass."""
        return self.recipe.steps_per_epoch or max(1, self.tiles // self.recipe.batch_size)

    @property
    def steps(self) -> int:
        """Count all optimiser steps."""
        return self.recipe.epochs * self.steps_per_epoch

    @property
    def schedule_steps(self) -> int:
        """Count the steps after which the learning rate would reach its end."""
        return (self.recipe.schedule_epochs or self.recipe.epochs) * self.steps_per_epoch


def identity(spec: PretrainingSpec) -> dict[str, Any]:
    """List what decides the weights: two pre-trainings of the same identity are one.

    Out stay where the images lie, what preset the recipe came from, how often it saves, and the providers'
    source, which the record names: a long pre-training may go on after an update that repairs something else.
    """
    recipe = {key: value for key, value in asdict(spec.recipe).items() if key not in KEPT_OUT}
    recipe["normalisation"] = asdict(spec.normalisation)
    return {
        "model": {"name": spec.model, **spec.model_options},
        "method": {"name": spec.method, **spec.method_options},
        "recipe": recipe,
        "images": {"sha256": spec.images_sha256},
        "seed": {"seed": spec.seed},
    }


def fingerprint(spec: PretrainingSpec) -> str:
    """Name a pre-training by its `identity`."""
    return sha256_of(identity(spec))


def differences(one: PretrainingSpec, other: PretrainingSpec) -> list[str]:
    """List where two identities differ: ``recipe.learning_rate 0.1 instead of 0.003``."""
    ours, theirs = identity(one), identity(other)
    return [
        f"{part}.{key} {ours[part].get(key)} instead of {theirs[part].get(key)}"
        for part in ours
        for key in sorted({*ours[part], *theirs[part]})
        if ours[part].get(key) != theirs[part].get(key)
    ]
