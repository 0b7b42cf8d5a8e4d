"""The recipes of emseg-bench's own, and what they name."""

from __future__ import annotations

from ..contracts.cards import AugmentationCard, LossCard, OptimiserCard, RecipeCard, ScheduleCard
from ..contracts.searching import FloatRange
from ..contracts.settings import Recipe
from .options import AdamWOptions, AugmentationOptions, SGDOptions

RECIPES = (
    RecipeCard(
        name="smoke",
        description="seconds, for tests",
        recipe=Recipe(name="smoke", iterations=4, batch_size=2, crop=64, validations=1, validation_cases=1),
    ),
    RecipeCard(
        name="quick",
        description="a minute or two on a laptop's CPU",
        recipe=Recipe(
            name="quick",
            iterations=60,
            batch_size=8,
            crop=96,
            learning_rate=2e-3,
            validations=3,
            validation_cases=4,
        ),
    ),
    RecipeCard(
        name="standard",
        description="for a GPU",
        recipe=Recipe(
            name="standard",
            iterations=10_000,
            batch_size=16,
            crop=256,
            learning_rate=1e-3,
            augmentation="emseg-v1[affine=0.5,noise=0.05,blur=0.2]",
            validations=20,
        ),
    ),
)
LOSSES = (
    LossCard(
        name="emseg-v1",
        description="cross-entropy and Dice, smoothed by a pixel and over the classes that are there",
        factory="emseg_bench.benchmark.training.loss:SegmentationLoss",
        weighted=True,
        citation="Dice: Sudre et al. 2017, arXiv:1707.03237",
    ),
)
SCHEDULES = (
    ScheduleCard(
        name="cosine",
        description="half a cosine, to 0 after the last step",
        factory="emseg_bench.benchmark.training.optimisation:cosine",
    ),
    ScheduleCard(
        name="poly",
        description="a power of 0.9 of what is left, to 0 after the last step",
        factory="emseg_bench.benchmark.training.optimisation:poly",
    ),
    ScheduleCard(
        name="step",
        description="a tenth after 60 % of the steps, and again after 80 %",
        factory="emseg_bench.benchmark.training.optimisation:step",
        citation="He et al. 2020, CVPR, arXiv:1911.05722",
    ),
)
OPTIMISERS = (
    OptimiserCard(
        name="adamw",
        description="Adam with decoupled weight decay",
        factory="emseg_bench.benchmark.training.optimisation:adamw",
        options=AdamWOptions,
        citation="Loshchilov & Hutter 2019, ICLR, arXiv:1711.05101",
    ),
    OptimiserCard(
        name="sgd",
        description="stochastic gradient descent with momentum",
        factory="emseg_bench.benchmark.training.optimisation:sgd",
        options=SGDOptions,
    ),
)
AUGMENTATIONS = (
    AugmentationCard(
        name="emseg-v1",
        description="windows at the image's scale: mirrored, turned, zoomed, blurred, other greys, noise",
        factory="emseg_bench.benchmark.training.window_crops:WindowCrops",
        options=AugmentationOptions,
        search_space={
            "affine": FloatRange(low=0.0, high=1.0),
            "brightness": FloatRange(low=0.0, high=0.4),
            "contrast": FloatRange(low=0.0, high=0.4),
            "noise": FloatRange(low=0.0, high=0.1),
            "blur": FloatRange(low=0.0, high=0.5),
        },
    ),
)
