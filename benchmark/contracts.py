"""The words of emseg-bench as types: what plugins hand in, and what trials leave behind.

This file stands on the ground floor: it imports the standard library and nothing of ours, so that
listing plugins costs nothing.  Values are validated where they enter (``validation.py``), with the
constraints that stand here in ``Annotated``.

In three parts: cards (what a plugin registers), data (what flows through a trial), and, from
``trial_contracts.py``, records (what a trial is and leaves behind).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    Literal,
    Protocol,
    TypeAlias,
    TypeVar,
    runtime_checkable,
)

from annotated_types import Ge, Gt, Lt

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

    from .data_contracts import ConversionWriter, RemoteFile, SourceFiles

LazyReference: TypeAlias = str
"""``"module:attribute"``: names an object without importing it."""

OptionValue: TypeAlias = str | int | float | bool
Split: TypeAlias = Literal["train", "val", "test"]
SPLITS: Final[tuple[Split, ...]] = ("train", "val", "test")
Axes: TypeAlias = Literal["stack", "orthoplane"]
"""Along which axes a volume is cut into slices: z alone, or z, y and x."""
Precision: TypeAlias = Literal["fp32", "bf16"]
Need: TypeAlias = Literal["voxel size", "probabilities"]
"""What a metric may need beyond label maps."""

T = TypeVar("T")

STRICT = {"extra": "forbid", "allow_inf_nan": False}
"""Pydantic settings of every validated type here: an unknown key is an error, never ignored, and so is a
number that is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalisation:
    """How pixels become network input: ``(x - mean) / std`` per channel, x on the 0-1 scale."""

    __pydantic_config__ = STRICT

    mean: tuple[float, ...]
    std: tuple[Annotated[float, Gt(0)], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GreyRange:
    """Which stored values become 0 and 1 on the 0-1 scale; values beyond them do too."""

    __pydantic_config__ = STRICT

    low: float
    high: float
    eight_bit: bool = False
    """Whether pixels are uint8, the 256 equal steps from `low` to `high`; otherwise they are float32."""


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
    page: str | None = None
    """Address where people read about it."""
    files: tuple[RemoteFile, ...] = ()
    """What it is published as; ``emseg-bench data fetch`` gets them.  Empty: nothing is downloaded."""
    derived_from: tuple[str, ...] = ()
    """Names of the datasets that it is made of, whose stores must be there first."""
    convert: LazyReference | Callable[[SourceFiles, ConversionWriter], None] | None = None
    """Turns the files, once, into arrays that are memory-mapped; None: they are used as they are unpacked."""
    version: Annotated[int, Ge(1)] = 1
    """Raised whenever the conversion would give other pixels."""
    used_in: tuple[str, ...] = ()
    """What published work used it, and how, a sentence each."""
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
    of_objects: bool = False
    """Whether it compares objects, of which the true ones go by `ScoredCase.true_objects` where these are
    known."""
    symmetric: bool = False
    """Whether truth and prediction may change places without changing the number, where no true objects are
    known."""
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

    The factory is called as ``factory(board, folder)`` with a `Board` and the report's folder, in which
    ``figures`` is there to take figures, and returns a `ReportSection`, or None when it has nothing to say.
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
    """One image or volume with its labels: the unit that is scored."""

    id: str
    split: Split
    depth: int | None = None
    """Sections of a volume, px; None: an image.  Images alone train; any split but train may hold volumes."""
    height: int
    """px"""
    width: int
    """px"""
    sha256: str
    """Hash of image and labels together: a changed file changes it."""
    group: str | None = None
    """Cases of one group (slices of one volume, one subject) are not independent samples."""
    section: int | None = None
    """Where a slice lies in its group's volume, px along z; neighbours look alike."""

    @property
    def sides(self) -> tuple[int, ...]:
        """(H, W), or (Z, Y, X) of a volume, px."""
        return (self.height, self.width) if self.depth is None else (self.depth, self.height, self.width)


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
    axes: Axes = "stack"
    """How volumes are segmented; ``orthoplane`` suits voxels of about equal sides."""
    scored_classes: tuple[int, ...] | None = None
    """Labels that are scored, where the data's own rule leaves some out; None: all."""
    mask_by_truth: bool = False
    """Whether predictions count only where the truth is not 0, for images that are annotated in part."""
    has_instances: bool = False
    """Whether true objects are known one by one, so that every case has `Sample.instances`."""
    grey_range: GreyRange | None = None
    """Which of the files' values are 0 and 1 in samples, so that `predict` reads other files alike; None:
    not told, and 8 and 16 bit are taken by their types."""
    boundary_classes: tuple[int, ...] = ()
    """Labels of what is no object but lies between objects; metrics of objects leave them out."""
    label_values: tuple[int, ...] | None = None
    """What each class is in the owner's files, by label, so that `predict` writes that; None: the labels."""
    split_rule: str
    """How the splits came about, in words."""
    notes: tuple[str, ...] = ()
    """What a reader of scores must know, for example that the val split serves as test split."""
    unread: tuple[str, ...] = ()
    """What lies beside the data and is not read, in sentences; it changes no number, so it is not hashed."""

    def split(self, name: Split) -> tuple[Case, ...]:
        """Return the cases of one split, in their order."""
        return tuple(case for case in self.cases if case.split == name)

    @property
    def num_logits(self) -> int:
        """K, the model's output channels: 1 for a binary task (sigmoid), else one per class."""
        return 1 if len(self.class_names) == 2 else len(self.class_names)


@dataclass(frozen=True, slots=True)
class Sample:
    """The pixels of one case; arrays may be memory maps, of which only what is looked at is read."""

    image: np.ndarray[Any, Any]
    """(C, H, W), or (C, Z, Y, X) of a volume; uint8, or float32 between 0 and 1."""
    labels: np.ndarray[Any, Any]
    """(H, W) or (Z, Y, X) uint8 label values."""
    instances: np.ndarray[Any, Any] | None = None
    """Shaped like `labels`: whole numbers of true objects, 0 for none, each pixel's own whatever its class.
    None: they are not known, as `Manifest.has_instances` says."""


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
    true_objects: np.ndarray[Any, Any] | None = None
    """Shaped like `truth`: whole numbers of true objects, 0 for none; may be a memory map.  None: all that
    is known of them are the true labels."""
    boundary_classes: tuple[int, ...] = ()
    """Labels of what is no object: metrics of objects do not apply to them."""
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


if TYPE_CHECKING:
    from .trial_contracts import *  # noqa: F403 - all of it goes by this module's name
    from .trial_contracts import Board, Executor, ReportSection, Runtime
else:

    def __getattr__(name: str) -> object:
        """Give the words of the second part when they are asked for; making them takes a while."""
        if not name.startswith("_"):  # the import machinery asks for a few of those
            from . import trial_contracts

            if hasattr(trial_contracts, name):
                return getattr(trial_contracts, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
