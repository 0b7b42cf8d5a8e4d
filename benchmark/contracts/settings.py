"""How a model is trained and how it is scored: recipes and protocols."""

from __future__ import annotations

from dataclasses import dataclass
from typing import (
    Annotated,
    Literal,
)

from annotated_types import Ge, Gt, Le, Lt

from .basics import STRICT
from .data import Normalisation


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything about training that is neither the model nor the data."""

    __pydantic_config__ = STRICT

    name: str
    iterations: Annotated[int, Ge(1), Le(10_000_000)]
    """Optimiser steps."""
    batch_size: Annotated[int, Ge(1), Le(65_536)]
    """Crops per step, over all processes and accumulated parts together."""
    processes: Annotated[int, Ge(1), Le(4096)] = 1
    """That train one trial together, a GPU each or all on the CPU: each takes an equal part of every batch,
    whose loss and BatchNorm are taken over all of it, and a share of the cases that are scored."""
    accumulate: Annotated[int, Ge(1), Le(65_536)] = 1
    """Equal parts that each batch is taken in, one after another, to fit into memory; gradients are the mean
    of theirs.  A loss over the batch as a whole, and BatchNorm, see a part at a time."""
    crop: Annotated[int, Ge(16), Le(32_768)]
    """Side of the square training crop, px; rounded up to the model's size divisor."""
    foreground_crops: Annotated[float, Ge(0), Le(1)] = 0.5
    """Share of crops that hold a pixel chosen from the foreground, in the way of the augmentation."""
    optimiser: str = "adamw"
    """Reference to the optimiser: ``adamw``, ``sgd[nesterov=true]``."""
    learning_rate: Annotated[float, Gt(0), Le(100)] = 1e-3
    weight_decay: Annotated[float, Ge(0), Le(100)] = 1e-2
    momentum: Annotated[float, Ge(0), Lt(1)] = 0.9
    """Of SGD; the first beta of AdamW."""
    decay_vectors: bool = False
    """Decay biases and normalisation scales too, as SGD does unless told otherwise."""
    schedule: str = "cosine"
    """Reference to how the learning rate falls after warm-up: ``cosine``, ``poly``, ``my-fall[steps=3]``."""
    warmup: Annotated[float, Ge(0), Lt(1)] = 0.1
    """Share of the iterations in which the learning rate rises linearly from 1 % of its value."""
    clip_gradient_norm: Annotated[float, Ge(0), Le(1e6)] = 1.0
    """Largest L2 norm of the gradient; 0: no limit."""
    loss: str = "emseg-v1"
    """Reference to the loss: ``emseg-v1``, ``retina-2025``, ``my-loss[gamma=2]``."""
    class_weights: tuple[Annotated[float, Ge(0), Le(1e6)], ...] = ()
    """Of cross-entropy, one per class from the background on; empty: all alike."""
    ce_weight: Annotated[float, Ge(0), Le(1e6)] = 0.5
    """Weight of cross-entropy (binary: BCE with logits) in a loss that is a sum of it and Dice."""
    dice_weight: Annotated[float, Ge(0), Le(1e6)] = 0.5
    """Weight of the Dice loss in such a sum."""
    freeze: tuple[str, ...] = ()
    """Parameters whose names start so do not train in a model that starts from weights: they cost no
    gradients and no optimiser state.  A model that starts from scratch trains whole."""
    normalisation: Literal["dataset", "weights"] | Normalisation = "dataset"
    """Whose mean and standard deviation images are normalised with: the training split's, those that
    belong to the initial weights (the training split's from scratch), or these."""
    augmentation: str = "emseg-v1"
    """Reference to how crops are cut and changed: ``emseg-v1[noise=0.05]``."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """auto: bf16 autocast where the hardware has it, else fp32; settled when the run is planned."""
    deterministic: bool = False
    """On CUDA: use deterministic kernels only (slower).  On CPU training is always deterministic."""
    compile: bool = False
    """Train through ``torch.compile``, which fuses operations: sums are rounded otherwise, and the first step
    takes a minute or so.  Validation and testing run the network as it is."""
    validations: Annotated[int, Ge(1), Le(10_000_000)] = 5
    """How often the validation split is scored, evenly spread; the best state is kept."""
    validation_cases: Annotated[int, Ge(0), Le(10_000_000)] = 0
    """Cases that are scored each time, evenly spread over the validation split; 0: all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeRule:
    """How a protocol scores volumes, where that is not how it scores images."""

    __pydantic_config__ = STRICT

    metrics: tuple[str, ...] = ()
    """Empty: those of images, as where somebody chose others than the protocol's own."""
    primary: str = ""
    """Of `metrics`; empty with them."""
    skips_undefined: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringProtocol:
    """Everything about scoring: a protocol in the field's sense."""

    __pydantic_config__ = STRICT

    name: str
    window: Annotated[int, Ge(16), Le(32_768)] | Literal["crop", "whole-resized", "whole-padded"] = "crop"
    """Side of the square inference window, px; ``crop``: the recipe's training crop.  Or the whole image at
    once: resized down to sides that the model takes (slices of volumes: padded up), or always padded."""
    overlap: Annotated[float, Ge(0), Lt(1)] = 0.5
    """Share of a window's side that neighbouring windows have in common."""
    blending: Literal["gaussian", "constant"] = "gaussian"
    """Weight of a window's pixels where windows overlap."""
    blend_on: Literal["logits", "probabilities"] = "logits"
    """What is averaged where windows overlap, and over mirror images."""
    flips: bool = False
    """Average each window's prediction with those of its three mirror images: four times the work."""
    padding: Literal["mirror", "zero"] = "mirror"
    """What surrounds an image that is smaller than a window; zeros come after normalisation."""
    slice_overlap: Annotated[float, Ge(0), Lt(1)] = 0.5
    """As `overlap`, in the slices of volumes."""
    threshold: Annotated[float, Gt(0), Lt(1)] = 0.5
    """Binary tasks: probability above which a pixel is foreground."""
    metrics: tuple[str, ...] = ("iou", "dice", "precision", "recall")
    """References: ``iou``, ``nsd[tolerance_nm=20]``."""
    primary: str = "iou"
    """The metric that ranks, and that chooses the best validation state."""
    skips_undefined: bool = True
    """Whether cases and classes in which a metric is not applicable are left out of its means; otherwise
    one of them makes the mean undefined."""
    postprocess: tuple[str, ...] = ()
    """What is done to every predicted label map, in this order, before it is scored and kept: references such
    as ``remove-small[min_px=30]``.  Volumes are taken section by section."""
    decoder: str = ""
    """Reference to what finds predicted objects, for metrics of objects: ``watershed[min_distance_px=5]``.
    Empty: what each model's card names, or else connected components."""
    volumes: Literal["alike", "refused"] | VolumeRule = "alike"
    """How volumes are scored: as images are, not at all, or by a rule of their own."""
