"""What a trial is, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import (
    Annotated,
    Literal,
)

from annotated_types import Ge, Gt, Le, Lt

from .basics import RECORD_VERSION, STRICT, OptionValue, Precision
from .data import Axes, ExtraOutput, Normalisation
from .settings import Recipe, ScoringProtocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """The distribution that a plugin's object came from."""

    __pydantic_config__ = STRICT

    distribution: str
    version: str
    source_sha256: str
    """Over all files of the distribution; of emseg-bench's own, over the package that holds the factory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """By which study a model's settings were found, and what it was given for that."""

    __pydantic_config__ = STRICT

    study: str
    trials: Annotated[int, Ge(1)] | None = None
    """The budget that was asked for, as `hours`; what was spent stands with the study."""
    hours: Annotated[float, Gt(0)] | None = None
    """Of devices."""
    setting: Mapping[str, OptionValue]
    """What was chosen, by dotted key: ``recipe.learning_rate``, ``model.dropout``."""
    base: str
    """The recipe that it changes, as it is told to people: ``quick, iterations=300``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A model with everything that decides its weights at the start of training."""

    __pydantic_config__ = STRICT

    name: str
    options: Mapping[str, OptionValue]
    """Complete, defaults included."""
    train: str = "all"
    """How much of it is trained: ``all``, ``head``, ``norm``, ``last-2``, ``lora[rank=8]``."""
    backbone: tuple[str, ...] = ()
    """Beginnings of the names of the backbone's parameters; empty where all of it is trained."""
    context: int = 0
    """Slices on either side of one that it sees as further channels."""
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
    own_recipe: str = ""
    """What it is trained by, where that is not the recipe of all models but its authors' own: its name, and
    what was changed in it.  Such a model makes a row, and stands on a board, of its own."""
    tuned: Tuned | None = None
    """How it was tuned; such a model makes a row of its own, on a board of the open division."""
    family: str
    citation: str
    size_divisor: int
    extra_outputs: tuple[ExtraOutput, ...] = ()
    """What the network gives behind its logits."""


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
    training_cases: Annotated[int, Ge(1)] | None = None
    """Images, or sections of volumes, in its training split, of which a trial's share has labels; None in
    records from before it was told."""
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
    title: str | None = None
    """How reports write the name, without options; None where the card says nothing, and in old records."""
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
class MethodSpec:
    """What a recipe or protocol names outside the engine's rooms, as it was when the trial was planned."""

    __pydantic_config__ = STRICT

    kind: str
    """``loss``, ``schedule``, ``optimiser``, ``augmentation``, ``post-processing step``"""
    name: str
    """As it was asked for: ``my-loss[gamma=2]``."""
    options: Mapping[str, OptionValue] = field(default_factory=dict, hash=False)
    """Complete, defaults included."""
    provider: Provider


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
    threads: Annotated[int, Ge(1)] | None = None
    """CPU threads that it computes with, on which sums and so scores depend; None in records from before
    they were settled: then as many as the profile says."""
    purpose: Literal["compare", "tune"] = "compare"
    """What it is for: a trial that tunes never opens the test split, has no scores but the one by which its
    state was selected, and stands on no board."""
    engine_sha256: str
    """Over the engine's own code that can change a number."""
    methods: tuple[MethodSpec, ...] = ()
    """What recipe and protocol name of other packages and of papers; the rest belongs to the engine."""
    decoder: str = ""
    """What finds predicted objects, as the protocol or the model's card names it; empty: they are connected
    components, or no metric compares objects."""
    engine_rooms: Mapping[str, str] = field(default_factory=dict, hash=False)
    """The same room by room, so that it can be said what changed; empty in older records."""
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
    """That the optimiser changed, adapters included."""
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
    """Over training and inference: the process's resident set, or allocated by CUDA.  Of a resumed trial from
    its last resume point within training on."""
    peak_memory_reserved_mib: float | None
    """CUDA only: reserved by the caching allocator."""
    train_seconds: float
    """Optimiser steps and data loading, without validation.  Of a resumed trial all sessions, but for what
    they lost when they ended; so with what follows."""
    train_images_per_s: float
    """Crops per second over `train_seconds`."""
    validation_seconds: float
    test_seconds: float
    """Inference and scoring of the test split; of several processes that of the one that took longest."""
    profiling_code: str = ""
    """SHA-256 of what measured all this, which is no part of a fingerprint; empty in older records."""
    latency_p25_ms: float | None = None
    """With `latency_p75_ms` the middle half of the timed passes; None in older records, as what follows."""
    latency_p75_ms: float | None = None
    throughput_p25_images_per_s: float | None = None
    """With `throughput_p75_images_per_s` the middle half of the timed batches."""
    throughput_p75_images_per_s: float | None = None
    compile_seconds: float | None = None
    """First steps of all sessions, in which ``recipe.compile`` compiles; not in `train_seconds`.  None: it
    was off."""
    others_share: float | None = None
    """Share (0 to 1) of all processors' time that other processes took while these were measured."""
    energy_counted: str = ""
    """Whose energy is counted, whatever it does, and for how many trials at once; empty: not measured."""
    trial_joules: float | None = None
    """From loading to the test's end; None too for a trial that was resumed, of which a part is not known."""
    inference_joules: float | None = None
    """Of one window of `input_shape`, in batches of `throughput_batch`."""
    optimiser_state_mib: float | None = None
    """What the optimiser remembered of the parameters that train, in the end; None in older records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which training state was kept, and by what score on the validation split."""

    __pydantic_config__ = STRICT

    iteration: int
    metric: str
    score: float | None
    """None: the metric applied to no validation case, and the last state was kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedDecoder:
    """A setting of a decoder that was tried."""

    __pydantic_config__ = STRICT

    options: Mapping[str, OptionValue]
    """Complete."""
    score: float | None
    """None: the metric applied to no case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """What found the predicted objects of the test split, and how its setting was chosen."""

    __pydantic_config__ = STRICT

    decoder: str
    """Its name."""
    options: Mapping[str, OptionValue]
    """Complete, as chosen on the validation split."""
    metric: str
    """By which the choice was made."""
    cases: int
    """Of the validation split that settings were tried on; 0: there was one setting, and no choice."""
    tried: tuple[TriedDecoder, ...]
    """In the order in which they were tried; of equal ones the first was chosen."""


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
    decoding: Decoding | None = None
    """None: predicted objects are connected components, or no metric compares objects."""
    profile: Profile | None = None
    initialisation: str = ""
    """What was loaded into the model before training, in one line."""
    resumed: int = 0
    """How often training went on from a checkpoint."""
    dropped_resume_points: int = 0
    """How often it began anew because the checkpoint was damaged."""
    pruned_at: int | None = None
    """Iteration after which its study ended it, by its validation scores; what it kept is the best until
    then."""
    rescored_from: str | None = None
    """Fingerprint of the trial whose label maps were scored anew; all but the scores is that trial's."""
    libraries: Mapping[str, str] = field(default_factory=dict)
    """Versions of the libraries that its numbers depend on; empty in records from before they were kept."""
    files: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of every file beside the record, by its path, but of the log; empty in older records."""
    checksum: str = field(default="", compare=False)
    """SHA-256 of the record's own content without this key, as canonical JSON; empty in older records."""
