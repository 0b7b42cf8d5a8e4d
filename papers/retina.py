"""RETINA's published fine-tuning and scoring (Xing, Xie & Bader 2025, doi 10.1371/journal.pcbi.1013115).

``retina-2025`` is what all its benchmarks share; ``retina-2025-NAME`` adds what its configuration for
one of them says.  Normalisation and class weights are those that its results were made with, even
where a value looks copied from another benchmark's configuration (docs/retina.md).
"""

from __future__ import annotations

from dataclasses import replace

from ..benchmark.contracts.cards import AugmentationCard, LossCard, ProtocolCard, RecipeCard, ScheduleCard
from ..benchmark.contracts.data import Normalisation
from ..benchmark.contracts.searching import FloatRange
from ..benchmark.contracts.settings import Recipe, ScoringProtocol, VolumeRule
from .cem500k import matched
from .options import ResizedCropOptions

CITATION = "Xing, Xie & Bader 2025, PLOS Computational Biology, doi:10.1371/journal.pcbi.1013115"

RETINA = Recipe(
    name="retina-2025",
    iterations=10_000,
    batch_size=16,
    crop=224,
    foreground_crops=0.0,
    optimiser="sgd",
    learning_rate=0.003,
    weight_decay=1e-4,
    momentum=0.9,
    decay_vectors=True,
    schedule="poly-retina-2025",
    warmup=0.0,
    clip_gradient_norm=0.0,
    loss="retina-2025",
    freeze=("transformer.encoder",),
    augmentation="retina-2025",
    precision="fp32",
    validations=1,  # of the last state, which is the result: nothing was selected
)


def _benchmark(
    name: str,
    mean: float,
    std: float,
    iterations: int,
    *,
    foreground_crops: float = 0.0,
    class_weights: tuple[float, ...] = (),
    augmentation: str = RETINA.augmentation,
) -> Recipe:
    return replace(
        RETINA,
        name=f"retina-2025-{name}",
        iterations=iterations,
        normalisation=Normalisation(mean=(mean,), std=(std,)),
        foreground_crops=foreground_crops,
        class_weights=class_weights,
        augmentation=augmentation,
    )


KASTHURI = (0.27342241, 0.26917548)
PEREZ = (0.35047498, 0.01674651)
GUAY = (0.55412821, 0.15759415)

RETINA_RECIPES = (
    RETINA,
    _benchmark("cremi", *KASTHURI, 10_000, foreground_crops=0.8),
    _benchmark(
        "guay",
        *GUAY,
        3000,
        class_weights=(0.1, 0.1, 1, 1, 0.1, 3, 3),
        augmentation="retina-2025[least_noise=400,largest_noise=1200,blur_kernel=7]",
    ),
    _benchmark("kasthuri-pp", *KASTHURI, 10_000, foreground_crops=0.8),
    _benchmark("perez-lyso", *PEREZ, 10_000),
    _benchmark("perez-mito", *PEREZ, 3000),
    _benchmark("perez-nuclei", *PEREZ, 3000),
    _benchmark("perez-nucleoli", *PEREZ, 3000),
    _benchmark("urocell", *KASTHURI, 3000, foreground_crops=0.8, class_weights=(0.1, 1, 1)),
)

PROTOCOL = ScoringProtocol(
    name="retina-2025",
    window=224,
    overlap=0.5,
    blending="constant",
    padding="zero",
    slice_overlap=0.7,
    metrics=("iou-eps", "iou"),
    primary="iou-eps",
    volumes=VolumeRule(metrics=("iou", "iou-eps"), primary="iou", skips_undefined=False),
)
"""Its evaluation of volumes follows CEM500K's: IoU without epsilon, per volume the mean over classes, then
the mean over volumes; a class that is in neither truth nor prediction makes both undefined."""

RECIPES = tuple(
    RecipeCard(
        name=recipe.name,
        description="RETINA's fine-tuning as published"
        + (f", for {recipe.name.removeprefix('retina-2025-')}" if recipe is not RETINA else ""),
        recipe=recipe,
        citation=CITATION,
    )
    for recipe in RETINA_RECIPES
)
PROTOCOLS = (
    ProtocolCard(
        name=PROTOCOL.name, description="as published with RETINA", protocol=PROTOCOL, citation=CITATION
    ),
    matched(PROTOCOL, CITATION),
)
LOSSES = (
    LossCard(
        name="retina-2025",
        description="cross-entropy and RETINA's Dice, over the whole batch",
        factory="emseg_bench.papers.retina_training:RetinaLoss",
        weighted=True,
        shown={"iou": "emseg_bench.papers.running_iou:RunningIou"},
        citation=CITATION,
    ),
)
SCHEDULES = (
    ScheduleCard(
        name="poly-retina-2025",
        description="poly of power 0.9, whose first two steps share the full rate",
        factory="emseg_bench.papers.retina_training:schedule",
        warmup=False,
        citation=CITATION,
    ),
)
AUGMENTATIONS = (
    AugmentationCard(
        name="retina-2025",
        description="CEM500K's and RETINA's: resized parts of the image, changed as 8-bit pixels",
        factory="emseg_bench.papers.resized_crops:ResizedCrops",
        options=ResizedCropOptions,
        search_space={
            "brightness": FloatRange(low=0.0, high=0.5),
            "contrast": FloatRange(low=0.0, high=0.5),
            "probability": FloatRange(low=0.1, high=0.9),
        },
        citation=CITATION,
    ),
)
