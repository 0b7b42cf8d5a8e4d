"""Pre-training recipes that have a name; smoke: seconds, for tests; quick: minutes on a laptop's CPU."""

from __future__ import annotations

from ..benchmark.contracts.data import Normalisation
from ..benchmark.contracts.pretraining import PretrainingRecipe

CEM500K = Normalisation(mean=(0.57287007,), std=(0.12740536,))
"""Mean and standard deviation of CEM500K's images, as published."""

RECONSTRUCTION = (
    PretrainingRecipe(
        name="quick",
        epochs=10,
        steps_per_epoch=20,
        batch_size=8,
        crop=96,
        tile=128,
        learning_rate=0.01,
        schedule="poly-retina-2025",
        save_every=5,
        panels_every=5,
    ),
    PretrainingRecipe(
        name="smoke",
        epochs=2,
        steps_per_epoch=2,
        batch_size=2,
        crop=32,
        schedule="poly-retina-2025",
        save_every=1,
        panels_every=1,
    ),
    PretrainingRecipe(
        name="retina-2025",
        epochs=200,
        schedule_epochs=5000,
        batch_size=256,
        schedule="poly-retina-2025",
        normalisation=CEM500K,
        precision="fp32",
    ),
)
"""RETINA's as published: 224 px, SGD from 0.003, weight decay 1e-4 on everything, no autocast; and small."""

MOCOV2 = (
    PretrainingRecipe(
        name="quick",
        epochs=10,
        steps_per_epoch=20,
        batch_size=16,
        crop=96,
        tile=128,
        learning_rate=0.015,
        schedule="cosine",
        save_every=5,
        panels_every=5,
    ),
    PretrainingRecipe(
        name="smoke",
        epochs=2,
        steps_per_epoch=2,
        batch_size=4,
        crop=32,
        schedule="step",
        save_every=1,
        panels_every=1,
    ),
    PretrainingRecipe(
        name="cem500k-2021",
        epochs=200,
        batch_size=128,
        learning_rate=0.015,
        schedule="step",
        normalisation=Normalisation(mean=(0.58331613,), std=(0.09966064,)),
        precision="fp32",
    ),
)
"""CEM500K's as in its published configuration (queue, temperature, momentum are the method's); and small."""
