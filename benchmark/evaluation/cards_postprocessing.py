"""Steps that tidy predicted label maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from annotated_types import Ge, Le

from ..contracts.basics import STRICT
from ..contracts.cards import PostProcessingCard


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveSmallOptions:
    """What is small."""

    __pydantic_config__ = STRICT

    min_px: Annotated[int, Ge(1), Le(2**40)] = 30
    """Connected pixels of a class that are fewer become background."""


CARDS: Final = (
    PostProcessingCard(
        name="remove-small",
        description="turns connected pixels of a class (8-connected) that are too few into background",
        factory="emseg_bench.benchmark.evaluation.postprocessing:remove_small",
        options=RemoveSmallOptions,
    ),
    PostProcessingCard(
        name="fill-holes",
        description="gives background that is enclosed by a class (4-connected) to that class",
        factory="emseg_bench.benchmark.evaluation.postprocessing:fill_holes",
    ),
)
