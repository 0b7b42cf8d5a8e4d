"""What plugins register: a card for each model, dataset, metric, executor, section and weight file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    Protocol,
    TypeAlias,
)

from annotated_types import Ge, Le

from .basics import LazyReference, Need, OptionValue
from .card_types import CardType
from .data import Augmentation, Dataset, Decoder, ExtraOutput, Metric, Normalisation, PostProcessing
from .pretraining import PretrainingMethod, PretrainingRecipe
from .searching import Parameter
from .settings import Recipe, ScoringProtocol

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Optimizer

    from .published import ConversionWriter, RemoteFile, SourceFiles
    from .reporting import Board, ReportSection
    from .running import Executor


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
class ModelCard(metaclass=CardType):
    """A named model factory.

    The factory is called as ``factory(in_channels, num_classes, **options)`` and returns an
    ``nn.Module`` that maps ``(N, C, H, W)`` float images to ``(N, K, H, W)`` logits, for sides that
    are multiples of `size_divisor` (the engine pads and crops).  K is 1 for a binary task (sigmoid)
    and the number of classes otherwise (softmax).

    With `extra_outputs` it returns ``(N, K + E, H, W)``: the first K are the logits of every other model, and
    alone decide labels and probabilities.  What trains the others is the module's own method
    ``auxiliary_loss(outputs, labels, instances)``, which any module may have: its scalar is added to the
    recipe's loss.  It gets the outputs (N, K + E, H, W), the labels (N, H, W) int64, in which -100 marks
    pixels that do not count, and the numbers of true objects (N, H, W) int64, 0 where there is none: the
    dataset's own, and where it has none connected components of the crop.  Two pixels are of one object where
    their labels are the same, too.
    """

    name: str
    family: Literal["cnn", "transformer", "hybrid"]
    description: str
    factory: LazyReference | Callable[..., nn.Module]
    options: type[Any] | None = None
    """A frozen dataclass of the factory's options with their defaults and constraints."""
    search_space: Mapping[str, Parameter] = field(default_factory=dict, hash=False)
    """What tuning may try of the options, by name, unless a space of one's own says otherwise."""
    initialisations: tuple[Initialisation, ...] = (SCRATCH,)
    """The first one is the default."""
    size_divisor: int | LazyReference | Callable[..., int] = 1
    """Both input sides (px) must be multiples of this; where options decide, what gives it when it is called
    with them, ``divisor(**options)``, without importing torch."""
    context: Annotated[int, Ge(0), Le(16)] = 0
    """Slices of a volume on either side of one that it sees as further channels, 2 context + 1 in all, unless
    ``NAME[context=N]`` says another number.  Such a model trains on volumes alone."""
    extra_outputs: tuple[ExtraOutput, ...] | LazyReference | Callable[..., tuple[ExtraOutput, ...]] = ()
    """What the network gives behind its K logits, a channel each, for a decoder; where options decide, what
    gives it when it is called with them, as of `size_divisor`."""
    decoder: str | Callable[..., str] = ""
    """Reference to the decoder that finds its objects where the protocol names none, ``mutex-watershed``, or
    what gives it when called with the options; empty: connected components of its labels."""
    parameters: int | None = None
    """Number of parameters with default options, 1 input channel and 1 class; for lists."""
    encoder: str | None = None
    """Name of the submodule that maps (N, C, H, W) to feature maps, the deepest last; contrastive
    pre-training trains it alone.  None: the model cannot be pre-trained so."""
    backbone: tuple[str, ...] = ()
    """What pre-trained weights fill, as beginnings of parameters' names: ``("encoder.",)``.  The rest is the
    head, which ``train=head`` trains alone.  Empty: not told, and all of it can be trained only."""
    reconstruction: LazyReference | Callable[..., nn.Module] | None = None
    """Called as ``reconstruction(**options)``: the network that learns to reconstruct images, from
    (N, 1, H, W) to (N, 1, H, W); its parameters have the names that the model's own weight files use.
    None: the model itself with one channel and one output."""
    recipe: str | Recipe | None = None
    """How its authors train it, for ``--own-recipes``: the name of a recipe, or a recipe; None: not told."""
    not_exportable: Mapping[Literal["onnx", "torch-export", "bioimage.io"], str] = field(
        default_factory=dict, hash=False
    )
    """Formats of ``emseg-bench export`` that cannot hold it, each with the reason, for people.  A package of
    bioimage.io holds an ONNX file, so ``onnx`` rules out both."""
    citation: str
    licence: str

    def initialisation(self, name: str) -> Initialisation | None:
        """Return the initialisation called `name`, or None."""
        return next((init for init in self.initialisations if init.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetCard(metaclass=CardType):
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

    @property
    def megabytes(self) -> int | None:
        """How much there is to download, 10^6 bytes; None where a size is not known."""
        known = [file.megabytes for file in self.files if file.megabytes is not None]
        return round(sum(known)) if known and len(known) == len(self.files) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricCard(metaclass=CardType):
    """A named score of one case.

    The factory is called as ``factory(**options)`` and returns a callable ``metric(case: ScoredCase)``
    that gives one number per class of ``case.class_names``, NaN where the metric does not apply to that
    class.  A metric is asked for as ``name`` or ``name[option=value,...]``.
    """

    name: str
    description: str
    factory: LazyReference | Callable[..., Metric]
    title: str | None = None
    """How reports write its name: ``IoU``, ``object F1``; None: as `name`."""
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
class ExecutorCard(metaclass=CardType):
    """A named way to run trials; asked for as ``name`` or ``name[option=value,...]``.

    The factory is called as ``factory(runtime, **options)`` and gives an `Executor`.
    """

    name: str
    description: str
    factory: LazyReference | Callable[..., Executor]
    options: type[Any] | None = None
    """A frozen dataclass of the factory's options with their defaults and constraints."""
    elsewhere: bool = False
    """Whether trials may run on other machines than the one that plans them: then the device is taken as the
    user names it, and nothing of what runs them is judged by what this machine has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSectionCard(metaclass=CardType):
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
class WeightsCard(metaclass=CardType):
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
    """Fetches the file, and keeps it in its own cache: one file per choice of the model's options where
    `options` is empty, else the one that it names, which can be imported as well.  None: the file is fetched
    from `url`, or imported, into the library of weights."""
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
class PretrainingCard(metaclass=CardType):
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelToPretrain:
    """What a pre-training method needs to know of a model; nothing is built before it is called."""

    card: ModelCard
    segmentation: Callable[[], nn.Module]
    """Builds the model itself, for one channel and one output, with random weights."""
    reconstruction: Callable[[], nn.Module]
    """Builds the network that reconstructs (`ModelCard.reconstruction`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeCard(metaclass=CardType):
    """A way to train that has a name: ``--recipe NAME``, or ``preset: NAME`` in an experiment."""

    name: str
    description: str
    recipe: Recipe
    """Of the same name."""
    citation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolCard(metaclass=CardType):
    """A way to score that has a name: ``--protocol NAME``."""

    name: str
    description: str
    protocol: ScoringProtocol
    """Of the same name."""
    citation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LossCard(metaclass=CardType):
    """What training makes small; a recipe asks for it as ``name`` or ``name[option=value,...]``.

    The factory is called as ``factory(recipe, num_logits, ignore_value, **options)`` and returns a module
    that maps logits (N, K, H, W) and int64 labels (N, H, W), in which `ignore_value` marks pixels that do not
    count (None: all do), to a scalar.  K is 1 for a binary task.
    """

    name: str
    description: str
    factory: LazyReference | Callable[..., nn.Module]
    options: type[Any] | None = None
    """A frozen dataclass of the factory's options with their defaults and constraints."""
    search_space: Mapping[str, Parameter] = field(default_factory=dict, hash=False)
    """What tuning may try of the options, by name, unless a space of one's own says otherwise."""
    weighted: bool = False
    """Whether the recipe's ``class_weights`` count in it; otherwise a recipe that has some is refused."""
    shown: Mapping[str, LazyReference | Callable[..., nn.Module]] = field(default_factory=dict, hash=False)
    """What the training curve shows beside it, by name: factories, called as ``factory(ignore_value)``, of
    modules from logits and labels to a scalar.  What they remember is in their buffers."""
    citation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleCard(metaclass=CardType):
    """How the learning rate falls; a recipe asks for it as ``name`` or ``name[option=value,...]``.

    The factory is called as ``factory(optimiser, begin, iterations, **options)`` with mmengine's
    ``OptimWrapper``, the first step that is not warm-up and the number of steps, and returns one of
    ``mmengine.optim``'s parameter schedulers, stepped per iteration.
    """

    name: str
    description: str
    factory: LazyReference | Callable[..., Any]
    options: type[Any] | None = None
    """A frozen dataclass of the factory's options with their defaults and constraints."""
    search_space: Mapping[str, Parameter] = field(default_factory=dict, hash=False)
    """What tuning may try of the options, by name, unless a space of one's own says otherwise."""
    warmup: bool = True
    """Whether it takes a warm-up before it."""
    citation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimiserCard(metaclass=CardType):
    """What changes the weights; a recipe asks for it as ``name`` or ``name[option=value,...]``.

    The factory is called as ``factory(groups, recipe, **options)`` with the parameters that train, in groups
    as ``torch.optim`` takes them (one may have a ``weight_decay`` of its own, 0), and a `Recipe` or
    `PretrainingRecipe`, whose ``learning_rate``, ``weight_decay`` and ``momentum`` count.  It returns a
    ``torch.optim.Optimizer``.
    """

    name: str
    description: str
    factory: LazyReference | Callable[..., Optimizer]
    options: type[Any] | None = None
    """A frozen dataclass of the factory's options with their defaults and constraints."""
    search_space: Mapping[str, Parameter] = field(default_factory=dict, hash=False)
    """What tuning may try of the options, by name, unless a space of one's own says otherwise."""
    citation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentationCard(metaclass=CardType):
    """How training crops are cut and changed; a recipe asks for it as ``name`` or ``name[option=value,...]``.

    The factory is called as ``factory(recipe, side, ignore_value, **options)`` with the crops' side, px, and
    the label of pixels that do not count (None: all do), and returns a callable
    ``cut(sample, foreground, rng)`` that gives a `TrainingCrop`.  ``foreground(rng)`` chooses a pixel, for
    the share of crops that ``recipe.foreground_crops`` says; `rng` alone decides what is random.
    """

    name: str
    description: str
    factory: LazyReference | Callable[..., Augmentation]
    options: type[Any] | None = None
    """A frozen dataclass of the factory's options with their defaults and constraints."""
    search_space: Mapping[str, Parameter] = field(default_factory=dict, hash=False)
    """What tuning may try of the options, by name, unless a space of one's own says otherwise."""
    citation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostProcessingCard(metaclass=CardType):
    """A step that tidies predicted label maps; a protocol asks for it as ``name[option=value,...]``.

    The factory is called as ``factory(**options)`` and returns a callable that maps the labels of an image,
    or of a section of a volume, (H, W) uint8, to others of the same shape and type.
    """

    name: str
    description: str
    factory: LazyReference | Callable[..., PostProcessing]
    options: type[Any] | None = None
    """A frozen dataclass of the factory's options with their defaults and constraints."""
    citation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderCard(metaclass=CardType):
    """What finds objects in what was segmented.

    ``predict --decoder name[option=value,...]`` asks for it, and ``protocol.decoder`` or a model's card where
    metrics compare objects.

    The factory is called as ``factory(**options)`` and returns a callable ``decode(segmented)`` that maps a
    `Segmented` to numbers of objects of the shape of its labels.  Objects are renumbered 1, 2, ... in the
    order of its numbers, and each has the class of its label.
    """

    name: str
    description: str
    """What an object is, in a few words: files say it."""
    factory: LazyReference | Callable[..., Decoder]
    options: type[Any] | None = None
    """A frozen dataclass of the factory's options with their defaults and constraints."""
    needs: tuple[Need, ...] = ()
    """What must be there besides labels.  Probabilities are given only to who needs them; an image without a
    voxel size is refused before anything is segmented if that is needed, and else given with None."""
    works_on: Literal["whole", "slabs"] = "whole"
    """``whole``: it sees a volume at once.  ``slabs``: it is called with some slices (Z, Y, X) at a time, and
    what touches across their border (by a side, an edge or a corner) and has one label is one object.  That
    is for decoders of which objects come out the same wherever slabs end."""
    bytes_per_voxel: Annotated[int, Ge(1)] = 64
    """The most memory that it takes beside what it is given, its result included, bytes per pixel or voxel.
    What works on the whole is refused before anything is segmented where so much is not free."""
    reads: tuple[str, ...] = ()
    """Kinds of a model's `ExtraOutput` that it needs: ``("affinity",)``.  Models without are refused."""
    tries: Mapping[str, tuple[OptionValue, ...]] = field(default_factory=dict, hash=False)
    """Values of options that a trial tries on the validation split, all combinations, unless the reference
    says one; what is best there finds the objects of the test split.  Empty: nothing is tried."""
    citation: str | None = None
    licence: str | None = None


Card: TypeAlias = (
    ModelCard
    | DatasetCard
    | MetricCard
    | ExecutorCard
    | ReportSectionCard
    | WeightsCard
    | PretrainingCard
    | RecipeCard
    | ProtocolCard
    | LossCard
    | ScheduleCard
    | OptimiserCard
    | AugmentationCard
    | PostProcessingCard
    | DecoderCard
)
