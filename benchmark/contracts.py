"""The words of emseg-bench as types: what plugins hand in, and what trials leave behind.

This file stands on the ground floor: it imports the standard library and nothing of ours, so that
listing plugins costs nothing.  Values are validated where they enter (``validation.py``), with the
constraints that stand here in ``Annotated``.

In three parts: cards (what a plugin registers), data (what flows through a trial), records (what a
trial is and leaves behind).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

from annotated_types import Ge, Gt, Le, Lt

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from torch import Tensor, nn

LazyReference: TypeAlias = str
"""``"module:attribute"``: names an object without importing it."""

OptionValue: TypeAlias = str | int | float | bool
Split: TypeAlias = Literal["train", "val", "test"]
Precision: TypeAlias = Literal["fp32", "bf16"]
Need: TypeAlias = Literal["voxel size", "probabilities"]
"""What a metric may need beyond label maps."""

T = TypeVar("T")

STRICT = {"extra": "forbid"}
"""Pydantic settings of every validated type here: an unknown key is an error, never ignored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalisation:
    """How pixels become network input: ``(x - mean) / std`` per channel, x on the 0-1 scale."""

    __pydantic_config__ = STRICT

    mean: tuple[float, ...]
    std: tuple[Annotated[float, Gt(0)], ...]


# ------------------------------------------------------------------------------------------ cards
class WeightSource(Protocol):
    """Where one initialisation's weights come from and how they go into a model."""

    def obtain(self, options: Mapping[str, OptionValue], location: str | None) -> Path:
        """Give the weight file on this machine, fetching it first if its source allows that.

        Args:
            options: The model's validated options.
            location: What follows ``file:`` in a model reference, otherwise None.

        Raises:
            WeightsUnavailableError: The weights are not here; the message says how to get them.
        """

    def load(self, model: nn.Module, path: Path) -> str:
        """Put the file's weights into `model`; return one line that says what was loaded and left out.

        Raises:
            WeightsError: The file does not fit the model, or is not a weight file.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialisation:
    """One way in which a model's weights may start; written ``model@name``."""

    name: str
    """``scratch``, ``imagenet``, ``cem500k-reconstruction``, ``file``, ..."""
    description: str
    source: LazyReference | WeightSource | None = None
    """None: the factory's own random initialisation."""


SCRATCH = Initialisation(name="scratch", description="random weights from the trial's seed")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """A named model factory.

    The factory is called as ``factory(in_channels, num_classes, **options)`` and returns an
    ``nn.Module`` that maps ``(N, C, H, W)`` float images to ``(N, K, H, W)`` logits, for sides that
    are multiples of `size_divisor` (the engine pads and crops).  K is 1 for a binary task (sigmoid)
    and the number of classes otherwise (softmax).
    """

    name: str
    family: Literal["cnn", "transformer", "hybrid"]
    description: str
    factory: LazyReference | Callable[..., nn.Module]
    options: type[Any] | None = None
    """A frozen dataclass of the factory's options with their defaults and constraints."""
    initialisations: tuple[Initialisation, ...] = (SCRATCH,)
    """The first one is the default."""
    size_divisor: int = 1
    """Both input sides (px) must be multiples of this."""
    parameters: int | None = None
    """Number of parameters with default options, 1 input channel and 1 class; for lists."""
    encoder: str | None = None
    """Name of the submodule that maps (N, C, H, W) to feature maps, the deepest last; contrastive
    pre-training trains it alone.  None: the model cannot be pre-trained so."""
    reconstruction: LazyReference | Callable[..., nn.Module] | None = None
    """Called as ``reconstruction(**options)``: the network that learns to reconstruct images, from
    (N, 1, H, W) to (N, 1, H, W); its parameters have the names that the model's own weight files use.
    None: the model itself with one channel and one output."""
    citation: str
    licence: str

    def initialisation(self, name: str) -> Initialisation | None:
        """Return the initialisation called `name`, or None."""
        return next((init for init in self.initialisations if init.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetCard:
    """A named source of labelled images.

    The factory is called as ``factory(location, cache, **options)`` and returns a `Dataset`;
    `location` is what follows ``name:`` in a reference (None without one) and `cache` is a folder
    that the adapter may keep converted data in.  Everything that can be wrong with the data is found
    there and raised as `DataError`, before any training starts.
    """

    name: str
    description: str
    factory: LazyReference | Callable[..., Dataset]
    options: type[Any] | None = None
    """A frozen dataclass of the factory's options with their defaults and constraints."""
    needs_location: bool = False
    """Whether a reference must say where: ``folder:/data/my_cells``."""
    dimension: Literal["2d", "3d"] = "2d"
    classes: tuple[str, ...] | None = None
    """Class names by label value, background first; None where the location decides."""
    voxel_size_nm: tuple[float, ...] | None = None
    """(y, x) or (z, y, x) in nm; None where unknown or where the location decides."""
    ignore_rule: str = "no pixel is ignored"
    citation: str
    licence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricCard:
    """A named score of one case.

    The factory is called as ``factory(**options)`` and returns a callable ``metric(case: ScoredCase)``
    that gives one number per class of ``case.class_names``, NaN where the metric does not apply to that
    class.  A metric is asked for as ``name`` or ``name[option=value,...]``.
    """

    name: str
    description: str
    factory: LazyReference | Callable[..., Metric]
    options: type[Any] | None = None
    """A frozen dataclass of the factory's options with their defaults and constraints."""
    needs: tuple[Need, ...] = ()
    """What must be there besides label maps; asking for the metric without it is an error while planning."""
    symmetric: bool = False
    """Whether truth and prediction may change places without changing the number."""
    ms_per_megapixel: float | None = None
    """What it costs, measured: ms per class and million pixels on one CPU core; None: not measured."""
    unit: str = "1"
    """``1`` for ratios, ``nm``, ``px``, ..."""
    direction: Literal["higher", "lower"] = "higher"
    """Which way is better."""
    range: tuple[float, float] = (0.0, 1.0)
    aggregation: str
    """How cases become one number, in words."""
    empty_rule: str
    """What happens when a class is absent from truth, prediction or both, in words."""
    version: Annotated[int, Ge(1)] = 1
    """Raised whenever the same input would give another number."""
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorCard:
    """A named way to run trials; the factory is called as ``factory(runtime)`` and gives an `Executor`."""

    name: str
    description: str
    factory: LazyReference | Callable[[Runtime], Executor]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSectionCard:
    """A named part of the report page.

    The factory is called as ``factory(board, folder)`` with a `Board` and the report's folder
    (figures go there) and returns a `ReportSection`, or None when it has nothing to say.
    """

    name: str
    title: str
    order: int
    """Sections stand in this order; built-ins use 100, 200, ..."""
    factory: LazyReference | Callable[[Board, Path], ReportSection | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsCard:
    """A weight file that somebody has published: where it comes from and what belongs to it.

    The format is called as ``format(path)`` and returns `FoundWeights` when the file, judged by its
    names and shapes alone, is of this kind, and None when it is something else.  It imports torch only
    when called, runs no code from the file, and raises `WeightsError` for a damaged file.
    """

    name: str
    description: str
    model: str
    """Name of the model that these weights are for."""
    init: str | None
    """Name of the initialisation that uses them; None: a whole trained model, for inference."""
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    """The model's options that the file fits; those that are not named here do not matter to it."""
    channels: int = 1
    """Of the images that the weights were trained on."""
    class_names: tuple[str, ...] = ()
    """Of a whole trained model, by label value, background first."""
    format: LazyReference | Callable[[Path], FoundWeights | None]
    origin: str
    """Where it is published, in words: paper, archive, page."""
    url: str | None = None
    """Address of the file itself; None where none is known."""
    source: LazyReference | WeightSource | None = None
    """Fetches one file per choice of the model's options, and keeps it in its own cache; None: the file
    is fetched from `url`, or imported, into the library of weights."""
    sha256: str | None = None
    """Of the file as published; None where unknown: recorded when it is first imported."""
    normalisation: Normalisation | None = None
    """What the weights were trained with; None where unknown or where the file itself says."""
    window: int | None = None
    """Side of the crops that they were trained on, px."""
    citation: str
    licence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundWeights:
    """What was recognised in a weight file."""

    kind: str
    """For people: ``RETINA pre-training network, hidden 192``."""
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    """The model's options, as far as the shapes show them; a card whose options differ is not meant."""
    num_logits: int | None = None
    """Output channels of a whole trained model; None for weights that only initialise one."""
    channels: int = 1
    """Of the images that the weights were trained on."""
    normalisation: Normalisation | None = None
    """What the file itself says."""
    state: Mapping[str, Tensor]
    """Converted to the model's own names and layouts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainingRecipe:
    """Everything about pre-training that is neither the method, the model nor the images."""

    __pydantic_config__ = STRICT

    name: str
    epochs: Annotated[int, Ge(1)]
    """Passes over the images, each without the images that would not fill a batch."""
    steps_per_epoch: Annotated[int, Ge(0)] = 0
    """Optimiser steps that count as a pass; 0: what the images give, at least one."""
    schedule_epochs: Annotated[int, Ge(0)] = 0
    """Passes after which the learning rate would reach its end; 0: as many as `epochs`."""
    batch_size: Annotated[int, Ge(1)]
    """Images per optimiser step, over all processes and accumulated parts together."""
    accumulate: Annotated[int, Ge(1)] = 1
    """Parts that a process takes its share of a batch in, one after another, to fit into memory."""
    crop: Annotated[int, Ge(16)] = 224
    """Side of the images that the network sees, px."""
    tile: Annotated[int, Ge(0)] = 224
    """Images with longer sides are seen as several images of about this side, px; 0: as they are."""
    optimiser: Literal["adamw", "sgd"] = "sgd"
    learning_rate: Annotated[float, Gt(0)] = 0.003
    weight_decay: Annotated[float, Ge(0)] = 1e-4
    """Of all parameters, biases and normalisation scales included."""
    momentum: Annotated[float, Ge(0), Lt(1)] = 0.9
    """Of SGD; the first beta of AdamW."""
    schedule: Literal["poly-retina-2025", "cosine", "step"] = "poly-retina-2025"
    """step: a tenth after 60 % of the passes, and again after 80 %."""
    normalisation: Normalisation | None = None
    """None: mean and standard deviation of the images themselves."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """auto: bf16 autocast where the hardware has it, else fp32."""
    save_every: Annotated[int, Ge(1)] = 20
    """Epochs between two weight files that are kept."""
    panels_every: Annotated[int, Ge(0)] = 20
    """Epochs between two sheets of example pictures; 0: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainingCard:
    """A way to pre-train a model on images without labels.

    The factory is called as ``factory(model, recipe, normalisation, **options)`` with the `ModelToPretrain`
    and returns a `PretrainingMethod`.
    """

    name: str
    description: str
    factory: LazyReference | Callable[..., PretrainingMethod]
    options: type[Any] | None = None
    """A frozen dataclass of the factory's options with their defaults and constraints."""
    recipes: tuple[PretrainingRecipe, ...]
    """The first one is the default."""
    needs_encoder: bool = False
    """Whether it trains `ModelCard.encoder`, and so serves only models that have one."""
    citation: str


Card: TypeAlias = (
    ModelCard | DatasetCard | MetricCard | ExecutorCard | ReportSectionCard | WeightsCard | PretrainingCard
)


# ------------------------------------------------------------------------------------ pre-training
@dataclass(frozen=True, slots=True, kw_only=True)
class ModelToPretrain:
    """What a pre-training method needs to know of a model; nothing is built before it is called."""

    card: ModelCard
    segmentation: Callable[[], nn.Module]
    """Builds the model itself, for one channel and one output, with random weights."""
    reconstruction: Callable[[], nn.Module]
    """Builds the network that reconstructs (`ModelCard.reconstruction`)."""


class PretrainingMethod(Protocol):
    """One pre-training in progress."""

    @property
    def module(self) -> nn.Module:
        """What is trained: called with a batch of views, it returns the loss, a scalar.

        All that resuming needs is in its ``state_dict``.
        """

    def views(
        self, image: np.ndarray[Any, Any], rng: np.random.Generator
    ) -> tuple[np.ndarray[Any, Any], ...]:
        """Make the network's views of one image: (H, W) uint8 to arrays of fixed shapes.

        `rng` decides everything; the views of many images are stacked and given to `module`.
        """

    def after_step(self) -> None:
        """Do what must follow an optimiser step, such as moving an average of the weights."""

    def weights(self) -> Mapping[str, Tensor]:
        """Give the trained weights under the names that the model's weight files use."""

    def panels(self, views: Sequence[Tensor]) -> Mapping[str, Tensor] | None:
        """Picture some views for people: titles to (N, H, W) on the 0-1 scale; None: nothing to show."""


# ------------------------------------------------------------------------------------------- data
@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One image with its labels: the unit that is scored."""

    id: str
    split: Split
    height: int
    """px"""
    width: int
    """px"""
    sha256: str
    """Hash of image and labels together: a changed file changes it."""
    group: str | None = None
    """Cases of one group (slices of one volume, one subject) are not independent samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a dataset holds: enough to plan, to fingerprint and to score without opening an image."""

    dataset: str
    class_names: tuple[str, ...]
    """By label value; label 0 is background."""
    channels: int
    mean: tuple[float, ...]
    """Per channel over the training split, on the 0-1 scale."""
    std: tuple[float, ...]
    cases: tuple[Case, ...]
    ignore_value: int | None = None
    """Pixels with this label are neither trained on nor scored."""
    voxel_size_nm: tuple[float, ...] | None = None
    split_rule: str
    """How the splits came about, in words."""
    notes: tuple[str, ...] = ()
    """What a reader of scores must know, for example that the val split serves as test split."""

    def split(self, name: Split) -> tuple[Case, ...]:
        """Return the cases of one split, in their order."""
        return tuple(case for case in self.cases if case.split == name)

    @property
    def num_logits(self) -> int:
        """K, the model's output channels: 1 for a binary task (sigmoid), else one per class."""
        return 1 if len(self.class_names) == 2 else len(self.class_names)


@dataclass(frozen=True, slots=True)
class Sample:
    """The pixels of one case."""

    image: np.ndarray[Any, Any]
    """(C, H, W); uint8, or float32 between 0 and 1."""
    labels: np.ndarray[Any, Any]
    """(H, W) uint8 label values."""


@runtime_checkable
class Dataset(Protocol):
    """An opened dataset; cheap to open again, since every trial opens its own."""

    @property
    def manifest(self) -> Manifest:
        """What it holds."""

    def read(self, case: Case) -> Sample:
        """Read one case; the same pixels every time.

        Raises:
            DataError: The file has gone, changed or cannot be read.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Confusion counts of one class in one case, in px; ignored pixels are in none of them."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredCase:
    """What a metric sees: truth, prediction and the counts that most metrics need."""

    truth: np.ndarray[Any, Any]
    """(H, W) integer label values, or (Z, Y, X) of a volume."""
    prediction: np.ndarray[Any, Any]
    """Label values of the same shape."""
    class_names: tuple[str, ...]
    counts: tuple[Counts, ...]
    """One per class."""
    ignore_value: int | None
    voxel_size_nm: tuple[float, ...] | None
    """(y, x) or (z, y, x) in nm; an image of a volume's slice may have all three."""
    probabilities: Callable[[], np.ndarray[Any, Any]] | None = None
    """Makes the (C, H, W) float32 probabilities of all classes, when a metric asks; None: there are only
    label maps."""
    kept: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What `once` has worked out; it goes with the case."""

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` gives, made once per case: several metrics share distances and objects."""
        if key not in self.kept:
            self.kept[key] = make()
        made: T = self.kept[key]
        return made


class Metric(Protocol):
    """A score of one case, per class."""

    def __call__(self, case: ScoredCase) -> Sequence[float]:
        """Return one number per class, NaN where the metric does not apply."""


# ---------------------------------------------------------------------------------------- settings
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
    resized to the crop; then rotation, brightness and contrast, noise, blur, flips.  For 8-bit images.
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
    schedule: Literal["cosine", "poly", "poly-retina-2025"] = "cosine"
    """How the learning rate falls to 0 after warm-up; poly has power 0.9, and as published by RETINA its
    first two steps share the full rate."""
    warmup: Annotated[float, Ge(0), Lt(1)] = 0.1
    """Share of the iterations in which the learning rate rises linearly from 1 % of its value."""
    clip_gradient_norm: Annotated[float, Ge(0)] = 1.0
    """Largest L2 norm of the gradient; 0: no limit."""
    loss: Literal["emseg-v1", "retina-2025"] = "emseg-v1"
    """Which Dice loss stands beside cross-entropy: smoothed by a pixel and over the classes that are there,
    or RETINA's (`training/loss_retina.py`)."""
    class_weights: tuple[Annotated[float, Ge(0)], ...] = ()
    """Of cross-entropy, one per class from the background on; empty: all alike."""
    ce_weight: Annotated[float, Ge(0)] = 0.5
    """Weight of cross-entropy (binary: BCE with logits) in the loss."""
    dice_weight: Annotated[float, Ge(0)] = 0.5
    """Weight of the Dice loss."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """How and where trials run: nothing here may change a number."""

    device: str = "cpu"
    """``cpu``, ``cuda``, ``cuda:1``, ``mps``"""
    workers: Annotated[int, Ge(1)] = 1
    """Trials at once."""
    threads: Annotated[int, Ge(1)] | None = None
    """CPU threads of one trial; None: the machine's cores divided by `workers`."""
    timeout_minutes: Annotated[float, Gt(0)] | None = None
    """A trial that takes longer is stopped and marked as failed."""
    checkpoint_seconds: Annotated[float, Ge(0)] = 30.0
    """Seconds of training between two resume points."""
    cache: str = ""
    """Folder of converted data and weights."""


# ------------------------------------------------------------------------------------------ records
@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """The distribution that a plugin's object came from."""

    __pydantic_config__ = STRICT

    distribution: str
    version: str
    source_sha256: str
    """Over the Python files of the package that holds the factory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A model with everything that decides its weights at the start of training."""

    __pydantic_config__ = STRICT

    name: str
    options: Mapping[str, OptionValue]
    """Complete, defaults included."""
    init: str
    """What is really used."""
    requested_init: str
    """What was asked for; differs from `init` only where published weights are not on this machine."""
    weights_path: str | None = None
    weights_sha256: str | None = None
    normalisation: Normalisation | None = None
    """What the weight file says that it was trained with."""
    provider: Provider
    label: str
    """Its row's name: ``retina@scratch``, ``unet[encoder=resnet50]``."""
    family: str
    citation: str
    size_divisor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSpec:
    """A dataset as it was when the trial was planned."""

    __pydantic_config__ = STRICT

    name: str
    location: str | None
    options: Mapping[str, OptionValue]
    manifest_sha256: str
    provider: Provider
    label: str
    """Its name in reports: ``synthetic-em``, ``folder:my_cells``."""
    citation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """A metric as it was when the trial was planned."""

    __pydantic_config__ = STRICT

    name: str
    """As it was asked for: ``iou``, ``nsd[tolerance_nm=20]``."""
    options: Mapping[str, OptionValue] = field(default_factory=dict, hash=False)
    """Complete, defaults included."""
    version: int
    provider: Provider
    unit: str
    direction: Literal["higher", "lower"]
    aggregation: str
    empty_rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSpec:
    """One (model@init, dataset, label fraction, recipe, protocol, seed), complete enough to run anywhere."""

    __pydantic_config__ = STRICT

    model: ModelSpec
    dataset: DatasetSpec
    label_fraction: Annotated[float, Gt(0), Le(1)] = 1.0
    """Share of the training cases that training sees; at least one."""
    recipe: Recipe
    protocol: ScoringProtocol
    metrics: tuple[MetricSpec, ...]
    seed: Annotated[int, Ge(0), Lt(2**32)]
    engine_sha256: str
    """Over the engine's own training and evaluation code."""
    notes: tuple[str, ...] = ()
    """What the report must say beside this trial's numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a trial cost, with the conditions; None: not available on this hardware."""

    __pydantic_config__ = STRICT

    device: str
    """Name of the CPU or GPU."""
    precision: Precision
    threads: int | None
    """CPU threads; None on a GPU."""
    parameters: int
    trainable_parameters: int
    input_shape: tuple[int, int, int, int]
    """(N, C, H, W) of the FLOP count and of latency; N is 1."""
    flops: int | None
    """Floating-point operations (a multiply-add counts as 2) of one forward pass."""
    latency_p50_ms: float
    latency_p95_ms: float
    latency_runs: int
    """Timed forward passes after warm-up."""
    throughput_batch: int
    throughput_images_per_s: float
    """Forward passes of `throughput_batch` windows of `input_shape`."""
    memory_kind: Literal["process RSS", "CUDA"]
    peak_memory_mib: float
    """Over training and inference: the process's resident set, or allocated by CUDA."""
    peak_memory_reserved_mib: float | None
    """CUDA only: reserved by the caching allocator."""
    train_seconds: float
    """Optimiser steps and data loading, all sessions of a resumed trial, without validation."""
    train_images_per_s: float
    """Crops per second over `train_seconds`."""
    validation_seconds: float
    test_seconds: float
    """Inference and scoring of the test split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which training state was kept, and by what score on the validation split."""

    __pydantic_config__ = STRICT

    iteration: int
    metric: str
    score: float | None
    """None: the metric applied to no validation case, and the last state was kept."""


RECORD_VERSION: Literal[1] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a trial leaves behind, beside its tables of cases and training curve."""

    __pydantic_config__ = STRICT

    version: Literal[1] = RECORD_VERSION
    fingerprint: str
    spec: TrialSpec
    status: Literal["complete", "failed"]
    reason: str | None = None
    """Why it failed, for people."""
    started: str
    """ISO 8601, UTC."""
    finished: str
    class_names: tuple[str, ...] = ()
    voxel_size_nm: tuple[float, ...] | None = None
    selection: Selection | None = None
    profile: Profile | None = None
    initialisation: str = ""
    """What was loaded into the model before training, in one line."""
    resumed: int = 0
    """How often training went on from a checkpoint."""
    rescored_from: str | None = None
    """Fingerprint of the trial whose label maps were scored anew; all but the scores is that trial's."""


# --------------------------------------------------------------------------------- running, reading
@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """News of one trial."""

    fingerprint: str
    kind: Literal["started", "progress", "note", "complete", "failed"]
    phase: str = ""
    """Which part of its life: ``load``, ``train``, ``test``, ``profile``."""
    done: int = 0
    total: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One trial for an executor: what to run, and the folder that takes what it leaves behind."""

    fingerprint: str
    spec: TrialSpec
    folder: Path


class Executor(Protocol):
    """Something that runs trials outside the command's own process."""

    def run(self, jobs: Sequence[Job], on_event: Callable[[Event], None]) -> None:
        """Run every job; each ends with exactly one ``complete`` or ``failed`` event.

        A trial that raises, dies or takes too long is a ``failed`` event with its reason; the others
        go on.  KeyboardInterrupt stops all of them and is raised again.
        """


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A stored trial, as reports read it; equal to itself only, since tables have no single truth."""

    record: Record
    folder: Path
    cases: pd.DataFrame
    """Columns case, group, height, width, class_index, class_name, metric, value: a row per case, class
    and metric; the confusion counts are the metrics tp, fp, fn, tn (px).  Empty if the trial failed."""
    curve: pd.DataFrame
    """Columns iteration, series, value: training loss, learning rate, validation score."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Board:
    """The trials that may stand in one table: same data, recipe and protocol.

    Equal to itself only, hence hashable: what is worked out for a board can be kept beside it.
    """

    title: str
    slug: str
    """Safe as a file name, unique in the report."""
    trials: tuple[Trial, ...]
    superseded: int = 0
    """Older trials of the same model and seed that a newer one replaces here."""
    primary: MetricSpec
    """The ranking metric."""
    sanity: pd.DataFrame | None = None
    """As a trial's `cases`, with a column predictor: scores of predictions that look at no image.  None if
    no trial is complete, or if they were run by a version that did not score them."""


@dataclass(frozen=True, slots=True)
class ReportSection:
    """A rendered part of the report."""

    html: str
    """A fragment; everything that comes from users is escaped."""
    markdown: str = ""
    """The same for ``leaderboard.md``; empty: the section is on the page only."""
