"""The words of data: cases, manifests, samples, and what a metric sees of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    Literal,
    Protocol,
    TypeAlias,
    runtime_checkable,
)

from annotated_types import Gt

from .basics import STRICT, T

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


Split: TypeAlias = Literal["train", "val", "test"]


SPLITS: Final[tuple[Split, ...]] = ("train", "val", "test")


Foreground: TypeAlias = Callable[["np.random.Generator"], "tuple[int, int] | None"]
"""Chooses a pixel (row, column) of an image's foreground, of a random one of its classes; None: it has
none."""

Augmentation: TypeAlias = Callable[["Sample", Foreground, "np.random.Generator"], "TrainingCrop"]
"""Cuts a training crop out of an image; the generator decides all that is random."""

PostProcessing: TypeAlias = Callable[["np.ndarray[Any, np.dtype[np.uint8]]"], "np.ndarray[Any, Any]"]
"""From the labels (H, W) of an image, or of a section of a volume, to others of the same shape and type."""

Decoder: TypeAlias = Callable[["Segmented"], "np.ndarray[Any, Any]"]
"""From what was segmented to numbers of objects, whole numbers, shaped like its labels: 0 is no object, and
all pixels of an object have one label, which is not background.  Which numbers they are does not matter."""

Axes: TypeAlias = Literal["stack", "orthoplane"]
"""Along which axes a volume is cut into slices: z alone, or z, y and x."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraOutput:
    """What one of a network's channels behind its K logits says of each pixel, for decoders."""

    kind: str
    """``affinity``: whether a pixel and the one that lies `offset` from it are of one object; ``boundary``:
    whether it lies at an object's rim; ``distance``: how far it lies from there, px, cut off somewhere.  Or a
    word of a plugin's own, for a decoder of its own."""
    offset: tuple[int, int] | None = None
    """(y, x), px, of an affinity: ``(-3, 0)``."""
    is_logit: bool = True
    """Whether its sigmoid is a probability, which decoders are then given; otherwise they are given what the
    network gave."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segmented:
    """An image, a volume or some slices of one, as a network segmented it; its arrays cannot be written."""

    labels: np.ndarray[Any, Any]
    """(H, W) or (Z, Y, X), unsigned whole numbers: the value of each pixel's class."""
    probabilities: np.ndarray[Any, Any] | None
    """(K, H, W) or (K, Z, Y, X) float16, a channel for each of `classes`; None: the card needs none."""
    classes: tuple[tuple[int, str], ...]
    """Value in `labels` and name of each class, background first."""
    background: int
    """The value in `labels` that is no object."""
    voxel_size_nm: tuple[float, ...] | None
    """(y, x) or (z, y, x); None: not known."""
    extra: np.ndarray[Any, Any] | None = None
    """(E, H, W) or (E, Z, Y, X) float16 or float32, a channel for each of `extra_outputs`; None: the card
    reads none."""
    extra_outputs: tuple[ExtraOutput, ...] = ()
    """What the channels of `extra` are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingOutputs:
    """What a network may return in training mode instead of logits: those, and more for the loss to see.

    In evaluation mode it returns logits alone.
    """

    logits: Tensor
    """(N, K, H, W), or (N, K + E, H, W) of a model with `ModelCard.extra_outputs`"""
    auxiliary: Mapping[str, tuple[Tensor, float]]
    """By name logits (N, K, h, w), brought to (H, W) before the loss sees them, and their weight in it."""


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


@dataclass(frozen=True, slots=True)
class GreyChange:
    """What happens to a crop's grey values: ``(x - mean) * contrast + mean + brightness``, then noise."""

    brightness: float
    """Share of the grey range."""
    contrast: float
    noise: float
    """Standard deviation, as a share of the grey range."""
    seed: int
    """Of the noise."""


@dataclass(frozen=True, slots=True)
class TrainingCrop:
    """One training crop as loader processes make it."""

    image: np.ndarray[Any, Any]
    """(C, S, S) uint8, or float32 between 0 and 1."""
    labels: np.ndarray[Any, Any]
    """(S, S) uint8"""
    grey: GreyChange | None = None
    """What is still to happen to the image, for the whole batch and where the network is; None: nothing."""
    instances: np.ndarray[Any, Any] | None = None
    """(S, S) int32 numbers of true objects, 0 for none, cut and turned as the labels are; None: the sample
    has none."""


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
    predicted_objects: np.ndarray[Any, Any] | None = None
    """Shaped like `truth`: numbers of the objects that a decoder found, 0 for none.  None: predicted objects
    are connected components of the predicted labels."""
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
