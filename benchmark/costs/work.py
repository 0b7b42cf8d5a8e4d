"""How much a trial has to do, counted from its plan; and which trials do the same work at the same speed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from ..contracts.data import Case, Manifest
from ..contracts.records import TrialSpec
from ..contracts.settings import ScoringProtocol
from ..evaluation.placing import count_windows, crop_side, forward_pixels, window_side
from ..experiments.regimes import ALL
from ..files.hashing import sha256_of
from ..files.validation import plain
from ..images.spread import spread

SAME_SPEED: Final = frozenset(
    {
        *("name", "iterations", "learning_rate", "weight_decay", "momentum", "decay_vectors", "schedule"),
        *("warmup", "clip_gradient_norm", "class_weights", "ce_weight", "dice_weight", "normalisation"),
        *("validations", "validation_cases"),
    }
)
"""Of a recipe: what changes how often something is done, or its numbers, and not how long it takes."""
TRAINING_PASSES: Final = 3
"""A training step takes about as long as so many forward passes of its crops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a trial does."""

    steps: int
    """Of the optimiser."""
    crops_px: int
    """Pixels of all crops of all steps."""
    validation_px: int
    """Pixels of all windows that go through the network in all validations."""
    test_px: int
    """The same of the test split."""
    validations: int
    validated: int
    """Cases of each validation."""
    validation_windows: int
    """Or whole images, in all validations."""
    tested: int
    """Cases."""
    test_windows: int

    @property
    def scores_more_than_it_trains(self) -> bool:
        """Whether validation and test put more through the network than training, there and back, does."""
        return self.validation_px + self.test_px > TRAINING_PASSES * self.crops_px


def work_of(spec: TrialSpec, manifest: Manifest) -> Work:
    """Count what a trial does on a dataset."""
    recipe = spec.recipe
    validated = spread(manifest.split("val"), recipe.validation_cases)
    tested = () if spec.purpose == "tune" else manifest.split("test")
    validations, validating = min(recipe.validations, recipe.iterations), while_training(spec.protocol)
    return Work(
        steps=recipe.iterations,
        crops_px=recipe.iterations * recipe.batch_size * crop_side(recipe, spec.model.size_divisor) ** 2,
        validation_px=validations * pixels_of(validated, spec, manifest, validating),
        test_px=pixels_of(tested, spec, manifest, spec.protocol),
        validations=validations,
        validated=len(validated),
        validation_windows=validations * _windows_of(validated, spec, manifest, validating),
        tested=len(tested),
        test_windows=_windows_of(tested, spec, manifest, spec.protocol),
    )


def while_training(protocol: ScoringProtocol) -> ScoringProtocol:
    """Validate as the test split is scored, but with windows side by side: a quarter of the work."""
    return replace(protocol, overlap=0.0, slice_overlap=0.0)


def pixels_of(cases: Iterable[Case], spec: TrialSpec, manifest: Manifest, protocol: ScoringProtocol) -> int:
    """Count the pixels of all windows of some cases."""
    divisor = spec.model.size_divisor
    window = window_side(protocol, crop_side(spec.recipe, divisor), divisor)
    return sum(
        forward_pixels(case.sides, manifest.axes, protocol, window=window, size_divisor=divisor)
        for case in cases
    )


def _windows_of(cases: Iterable[Case], spec: TrialSpec, manifest: Manifest, protocol: ScoringProtocol) -> int:
    divisor = spec.model.size_divisor
    window = window_side(protocol, crop_side(spec.recipe, divisor), divisor)
    return sum(count_windows(case.sides, manifest.axes, protocol, window=window) for case in cases)


def speed_key(spec: TrialSpec) -> str:
    """Name what decides, beside data and device, how fast a trial is: model, sizes, threads."""
    recipe = {key: value for key, value in plain(spec.recipe).items() if key not in SAME_SPEED}
    divisor = spec.model.size_divisor
    window = window_side(spec.protocol, crop_side(spec.recipe, divisor), divisor)
    trained = [] if spec.model.train == ALL else [spec.model.train]
    seen = [spec.model.context] if spec.model.context else []
    return sha256_of(
        [spec.model.name, plain(spec.model.options), recipe, window, spec.threads, *trained, *seen]
    )


def scoring_key(spec: TrialSpec) -> str:
    """Name what decides, beside `speed_key`, how long scoring takes: data, windows, metrics, clean-up."""
    protocol, metrics = spec.protocol, sorted(metric.name for metric in spec.metrics)
    settings = [str(protocol.window), protocol.blending, list(protocol.postprocess), protocol.primary]
    return sha256_of([spec.dataset.manifest_sha256, settings, metrics, spec.purpose])
