"""How a model is trained and how it is scored: recipes, augmentation and protocols."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import (
    Annotated,
    Literal,
)

from annotated_types import Ge, Gt, Le, Lt

from .basics import STRICT
from .data import Normalisation


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """Seeded random changes of a training crop; every probability is per sample."""

    __pydantic_config__ = STRICT

    flip: Annotated[float, Ge(0), Le(1)] = 0.5
    """Probability of a horizontal flip, and independently of a vertical one."""
    rotate90: bool = True
    """Rotate by a random multiple of 90 degrees."""
    affine: Annotated[float, Ge(0), Le(1)] = 0.0
    """Probability of a random rotation (any angle) and zoom (0.8 to 1.25)."""
    brightness: Annotated[float, Ge(0), Lt(1)] = 0.2
    """Largest change of brightness, as a share of the grey range."""
    contrast: Annotated[float, Ge(0), Lt(1)] = 0.2
    """Largest change of contrast, as a factor about 1."""
    noise: Annotated[float, Ge(0), Lt(1)] = 0.0
    """Largest standard deviation of added Gaussian noise, as a share of the grey range."""
    blur: Annotated[float, Ge(0), Le(1)] = 0.0
    """Probability of a Gaussian blur (sigma 0.5 to 1.5 px)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResizedCropAugmentation:
    """The random changes of CEM500K's and RETINA's published fine-tuning, in the published order.

    A part of random size and aspect of the image, padded by mirroring where it is smaller than a crop, is
    resized to the crop; then rotation, brightness and contrast, noise, blur, flips.  In 8 bits: images of
    more are rounded.
    """

    __pydantic_config__ = STRICT

    scale: tuple[Annotated[float, Gt(0), Le(1)], Annotated[float, Gt(0), Le(1)]] = (0.08, 1.0)
    """Least and largest share of the image that a crop shows."""
    ratio: tuple[Annotated[float, Gt(0)], Annotated[float, Gt(0)]] = (0.5, 1.5)
    """Least and largest width / height of that part."""
    rotation: Annotated[float, Ge(0), Le(180)] = 180.0
    """Largest angle either way, degrees."""
    brightness: Annotated[float, Ge(0), Lt(1)] = 0.3
    """Largest change of brightness, as a share of the grey range."""
    contrast: Annotated[float, Ge(0), Lt(1)] = 0.3
    """Largest change of contrast, as a factor about 1."""
    noise_variance: tuple[Annotated[float, Ge(0)], Annotated[float, Ge(0)]] = (0.0, 0.0)
    """Least and largest variance of Gaussian noise on the 0-255 scale; (0, 0): no noise."""
    blur_kernel: Annotated[int, Ge(0)] = 0
    """Largest side of a Gaussian blur's kernel, px (3, 5, ... up to this); 0: no blur."""
    probability: Annotated[float, Ge(0), Le(1)] = 0.5
    """Of each of rotation, brightness with contrast, noise, blur and either flip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything about training that is neither the model nor the data."""

    __pydantic_config__ = STRICT

    name: str
    iterations: Annotated[int, Ge(1)]
    """Optimiser steps."""
    batch_size: Annotated[int, Ge(1)]
    """Crops per step."""
    crop: Annotated[int, Ge(16)]
    """Side of the square training crop, px; rounded up to the model's size divisor."""
    foreground_crops: Annotated[float, Ge(0), Le(1)] = 0.5
    """Share of crops that hold a pixel chosen from the foreground: of a random class for `Augmentation`,
    any for `ResizedCropAugmentation`, which then cuts its part out of a crop about that pixel."""
    optimiser: Literal["adamw", "sgd"] = "adamw"
    learning_rate: Annotated[float, Gt(0)] = 1e-3
    weight_decay: Annotated[float, Ge(0)] = 1e-2
    momentum: Annotated[float, Ge(0), Lt(1)] = 0.9
    """Of SGD; the first beta of AdamW."""
    decay_vectors: bool = False
    """Decay biases and normalisation scales too, as SGD does unless told otherwise."""
    schedule: str = "cosine"
    """Reference to how the learning rate falls after warm-up: ``cosine``, ``poly``, ``my-fall[steps=3]``."""
    warmup: Annotated[float, Ge(0), Lt(1)] = 0.1
    """Share of the iterations in which the learning rate rises linearly from 1 % of its value."""
    clip_gradient_norm: Annotated[float, Ge(0)] = 1.0
    """Largest L2 norm of the gradient; 0: no limit."""
    loss: str = "emseg-v1"
    """Reference to the loss: ``emseg-v1``, ``retina-2025``, ``my-loss[gamma=2]``."""
    class_weights: tuple[Annotated[float, Ge(0)], ...] = ()
    """Of cross-entropy, one per class from the background on; empty: all alike."""
    ce_weight: Annotated[float, Ge(0)] = 0.5
    """Weight of cross-entropy (binary: BCE with logits) in a loss that is a sum of it and Dice."""
    dice_weight: Annotated[float, Ge(0)] = 0.5
    """Weight of the Dice loss in such a sum."""
    freeze: tuple[str, ...] = ()
    """Parameters whose names start so do not train in a model that starts from weights: they cost no
    gradients and no optimiser state.  A model that starts from scratch trains whole."""
    normalisation: Literal["dataset", "weights"] | Normalisation = "dataset"
    """Whose mean and standard deviation images are normalised with: the training split's, those that
    belong to the initial weights (the training split's from scratch), or these."""
    augmentation: Augmentation | ResizedCropAugmentation = field(default_factory=Augmentation)
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """auto: bf16 autocast where the hardware has it, else fp32; settled when the run is planned."""
    deterministic: bool = False
    """On CUDA: use deterministic kernels only (slower).  On CPU training is always deterministic."""
    validations: Annotated[int, Ge(1)] = 5
    """How often the validation split is scored, evenly spread; the best state is kept."""
    validation_cases: Annotated[int, Ge(0)] = 0
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
    window: Annotated[int, Ge(16)] | Literal["crop", "whole-resized", "whole-padded"] = "crop"
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
    volumes: Literal["alike", "refused"] | VolumeRule = "alike"
    """How volumes are scored: as images are, not at all, or by a rule of their own."""
