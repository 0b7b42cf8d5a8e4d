"""RETINA's published fine-tuning (Xing, Xie & Bader 2025, doi 10.1371/journal.pcbi.1013115) as recipes.

``retina-2025`` is what all its benchmarks share; ``retina-2025-NAME`` adds what its configuration for
one of them says.  Normalisation and class weights are those that its results were made with, even
where a value looks copied from another benchmark's configuration (docs/retina.md).
"""

from __future__ import annotations

from dataclasses import replace

from ..contracts.data import Normalisation
from ..contracts.settings import Recipe, ResizedCropAugmentation

PUBLISHED = ResizedCropAugmentation()

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
    augmentation=PUBLISHED,
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
    augmentation: ResizedCropAugmentation = PUBLISHED,
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
        augmentation=ResizedCropAugmentation(noise_variance=(400, 1200), blur_kernel=7),
    ),
    _benchmark("kasthuri-pp", *KASTHURI, 10_000, foreground_crops=0.8),
    _benchmark("perez-lyso", *PEREZ, 10_000),
    _benchmark("perez-mito", *PEREZ, 3000),
    _benchmark("perez-nuclei", *PEREZ, 3000),
    _benchmark("perez-nucleoli", *PEREZ, 3000),
    _benchmark("urocell", *KASTHURI, 3000, foreground_crops=0.8, class_weights=(0.1, 1, 1)),
)
