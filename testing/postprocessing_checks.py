"""What a step of post-processing owes: label maps of the same shape, type and classes, and no memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from . import card_checks
from .card_checks import CardBench
from .findings import Check, ContractError, demanding, relying
from .metric_cases import truth

Labels: TypeAlias = np.ndarray[Any, Any]


class PostProcessingBench(CardBench):
    """A step under test."""

    def make(self) -> Any:
        """Call the factory, as a trial does."""
        return self.factory()(**self.options)

    def tidied(self, labels: Labels) -> Labels:
        """Take labels through it.

        Raises:
            BlockedError: It gives no label map of that shape and type; `check_shape_and_type` says so.
        """
        with relying("it gives no label map of the same shape and type"):
            return _tidied(self.make(), labels.copy(), "")


def check_shape_and_type(bench: PostProcessingBench) -> None:
    """Labels (H, W) uint8 become such labels, whatever they show, a single pixel too."""
    bench.factory()
    with demanding("a step from factory(**options)", "Mend the factory"):
        step = bench.make()
    for what, labels in _maps().items():
        with demanding("labels", "Mend the step", f" for {what}"):
            _tidied(step, labels.copy(), f" for {what}")


def check_known_classes(bench: PostProcessingBench) -> None:
    """It gives no class but background to pixels that was not in the map before."""
    for what, labels in _maps().items():
        if new := {*np.unique(bench.tidied(labels)).tolist()} - {*np.unique(labels).tolist(), 0}:
            raise ContractError(
                f"label {min(new)} for {what}, which has none of it",
                "labels that are in the map, or 0",
                "Write only labels that were predicted",
            )


def check_input_untouched(bench: PostProcessingBench) -> None:
    """The labels that it is given stay as they are."""
    with relying("it cannot be made"):
        step = bench.make()
    for what, labels in _maps().items():
        given = labels.copy()
        with relying("it cannot tidy"):
            step(given)
        if not np.array_equal(given, labels):
            raise ContractError(
                f"its input changed for {what}", "labels of its own", "Begin with labels.copy()"
            )


def check_deterministic(bench: PostProcessingBench) -> None:
    """The same labels become the same, whatever it was given before."""
    with relying("it cannot be made"):
        step = bench.make()
    maps = _maps()
    with relying("it gives no label map of the same shape and type"):
        forwards = {what: _tidied(step, labels.copy(), "") for what, labels in maps.items()}
        backwards = {what: _tidied(step, maps[what].copy(), "") for what in reversed([*maps])}
    for what, labels in forwards.items():
        if not np.array_equal(labels, backwards[what]):
            raise ContractError(
                f"other labels the second time for {what}", "the same", "Keep no state, and draw no numbers"
            )


def _tidied(step: Any, labels: Labels, when: str) -> Labels:
    found = step(labels)
    if not isinstance(found, np.ndarray):
        raise ContractError(f"a {type(found).__name__}{when}", "an array", "Return the labels")
    if (found.shape, found.dtype) != (labels.shape, labels.dtype):
        raise ContractError(
            f"{found.dtype} {found.shape}{when}",
            f"{labels.dtype} {labels.shape}",
            "Return labels of the same shape, with .astype(labels.dtype)",
        )
    return found


def _maps() -> Mapping[str, Labels]:
    """Give label maps (H, W) by what they show."""
    noise = np.random.default_rng(0).integers(0, 4, (37, 50)).astype(np.uint8)
    return {
        "objects of two classes": truth(),
        "nothing but background": np.zeros((20, 30), np.uint8),
        "one class everywhere": np.ones((20, 30), np.uint8),
        "noise": noise,
        "a single pixel": np.ones((1, 1), np.uint8),
    }


CHECKS: tuple[Check, ...] = (
    *card_checks.CHECKS,
    check_shape_and_type,
    check_known_classes,
    check_input_untouched,
    check_deterministic,
)
