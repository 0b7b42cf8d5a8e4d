"""The words of emseg-bench as types, second part: what a trial is, what runs it, and what it leaves behind.

Read them from `contracts`, where cards stand; they are in a file of their own so that listing plugins need
not make them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Protocol

from annotated_types import Ge, Gt, Le, Lt

from .contracts import STRICT, Axes, Normalisation, OptionValue, Precision

if TYPE_CHECKING:
    import pandas as pd


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
    """Over all files of the distribution; of emseg-bench's own, over the package that holds the factory."""


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
    split_sha256: str = ""
    """Of the division alone, which case is in which split; empty in records from before there was one."""
    has_instances: bool = False
    """Whether it knows true objects one by one."""
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
    of_objects: bool = False
    """Whether it compares objects; False in records from before it was told."""
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
    scored_classes: tuple[int, ...] | None = None
    """Labels that have scores; None: all."""
    mask_by_truth: bool = False
    """Whether predictions counted only where the truth is not 0."""
    axes: Axes | None = None
    """How the test volumes were segmented; None: the test cases are images."""
    selection: Selection | None = None
    profile: Profile | None = None
    initialisation: str = ""
    """What was loaded into the model before training, in one line."""
    resumed: int = 0
    """How often training went on from a checkpoint."""
    dropped_resume_points: int = 0
    """How often it began anew because the checkpoint was damaged."""
    rescored_from: str | None = None
    """Fingerprint of the trial whose label maps were scored anew; all but the scores is that trial's."""
    libraries: Mapping[str, str] = field(default_factory=dict)
    """Versions of the libraries that its numbers depend on; empty in records from before they were kept."""
    files: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of every file beside the record, by its path, but of the log; empty in older records."""
    checksum: str = field(default="", compare=False)
    """SHA-256 of the record's own content without this key, as canonical JSON; empty in older records."""


# --------------------------------------------------------------------------------- running, reading
@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """News of one trial."""

    fingerprint: str
    kind: Literal["started", "progress", "note", "complete", "failed"]
    phase: str = ""
    """Which part of its life: ``load``, ``train``, ``test``, ``sanity``, ``profile``."""
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
    """Columns case, group, depth, height, width, class_index, class_name, metric, value: a row per case,
    scored class and metric; the confusion counts are the metrics tp, fp, fn, tn (px).  Depth is 1 for an
    image.  Empty if the trial failed."""
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
    remarks: tuple[str, ...] = ()
    """What was found wrong when its trials were read, and left them usable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A stored trial that cannot be reported."""

    trial: str
    """Name of its folder."""
    reason: str


@dataclass(frozen=True, slots=True)
class ReportSection:
    """A rendered part of the report."""

    html: str
    """A fragment; everything that comes from users is escaped."""
    markdown: str = ""
    """The same for ``leaderboard.md``; empty: the section is on the page only."""
