"""Fabricated trials: hand-made numbers in exactly the shape that the engine hands over."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from emseg_bench.benchmark.contracts.records import (
    DatasetSpec,
    MetricSpec,
    ModelSpec,
    Profile,
    Provider,
    Record,
    Selection,
    TrialSpec,
    Tuned,
)
from emseg_bench.benchmark.contracts.reporting import Board, Trial
from emseg_bench.benchmark.contracts.settings import Recipe, ScoringProtocol
from PIL import Image

PROVIDER = Provider(distribution="emseg-bench", version="0.1.0", source_sha256="5" * 64)
METRICS = ("iou", "dice")
Values = Mapping[int, Sequence[float]]
"""Score of each case, by class index."""
Counts = Mapping[int, Sequence[tuple[int, int, int]]]
"""tp, fp, fn of each case, by class index."""


def metric_spec(
    name: str = "iou",
    unit: str = "1",
    direction: str = "higher",
    *,
    of_objects: bool = False,
    title: str | None = None,
) -> MetricSpec:
    return MetricSpec(
        name=name,
        title=title,
        of_objects=of_objects,
        version=1,
        provider=PROVIDER,
        unit=unit,
        direction=direction,  # type: ignore[arg-type]
        aggregation="mean over cases, then over foreground classes",
        empty_rule="not applicable where a class is in neither truth nor prediction",
    )


PROFILE = Profile(
    device="Test CPU",
    precision="fp32",
    threads=2,
    parameters=14_300_000,
    trainable_parameters=14_300_000,
    input_shape=(1, 1, 256, 256),
    flops=21_500_000_000,
    latency_p50_ms=41.2,
    latency_p95_ms=55.8,
    latency_runs=30,
    throughput_batch=8,
    throughput_images_per_s=27.5,
    memory_kind="process RSS",
    peak_memory_mib=1234.5,
    peak_memory_reserved_mib=None,
    train_seconds=61.5,
    train_images_per_s=52.0,
    validation_seconds=4.0,
    test_seconds=2.5,
)


@dataclass(frozen=True, kw_only=True)
class Fabricated:
    """What one trial is to hold; `trial` makes it."""

    folder: Path
    model: str = "unet@scratch"
    seed: int = 0
    class_names: tuple[str, ...] = ("background", "mito")
    iou: Values = field(default_factory=dict)
    counts: Counts = field(default_factory=dict)
    groups: Sequence[str | None] | None = None
    depth: int = 1
    dataset: str = "synthetic-em"
    metric: MetricSpec = field(default_factory=metric_spec)
    profile: Profile | None = PROFILE
    reason: str | None = None
    """Given: the trial failed."""
    notes: tuple[str, ...] = ()
    rules: Mapping[str, object] = field(default_factory=dict)
    """More keys of the record: scored_classes, mask_by_truth, axes."""
    has_instances: bool = False
    skips_undefined: bool = True
    recipe: Recipe = field(
        default_factory=lambda: Recipe(name="quick", iterations=100, batch_size=4, crop=64)
    )

    tuned: Tuned | None = None
    validation: float = 0.5
    """Score of the state that was kept."""

    def trial(self) -> Trial:
        failed = self.reason is not None
        return Trial(
            record=self._record(failed),
            folder=self.folder / self._fingerprint[:16],
            cases=case_table(self, {}) if failed else case_table(self, self.iou),
            curve=pd.DataFrame({"iteration": [], "series": [], "value": []}) if failed else self._curve(),
        )

    @property
    def _fingerprint(self) -> str:
        study = f" {self.tuned.study}" if self.tuned else ""
        return sha256(f"{self.model} {self.seed} {self.dataset}{study}".encode()).hexdigest()

    def _record(self, failed: bool) -> Record:
        return Record(
            fingerprint=self._fingerprint,
            spec=self._spec(),
            status="failed" if failed else "complete",
            reason=self.reason,
            started="2026-11-23T10:00:00+00:00",
            finished="2026-11-23T10:02:00+00:00",
            class_names=() if failed else self.class_names,
            voxel_size_nm=None if failed else (5.0, 5.0),
            selection=None if failed else Selection(iteration=80, metric="iou", score=self.validation),
            profile=None if failed else self.profile,
            initialisation="" if failed else "random weights",
            **({} if failed else self.rules),  # type: ignore[arg-type]
        )

    def _spec(self) -> TrialSpec:
        name, _, init = self.model.partition("@")
        return TrialSpec(
            model=ModelSpec(
                name=name,
                options={},
                init=init or "scratch",
                requested_init=init or "scratch",
                provider=PROVIDER,
                label=self.model,
                tuned=self.tuned,
                family="cnn",
                citation=f"Authors of {name} (2015), doi 10.1000/test",
                size_divisor=32,
            ),
            dataset=DatasetSpec(
                name=self.dataset,
                location=None,
                options={},
                manifest_sha256="d" * 64,
                has_instances=self.has_instances,
                provider=PROVIDER,
                label=self.dataset,
                citation="Authors of the data (2020)",
            ),
            recipe=self.recipe,
            protocol=ScoringProtocol(name="emseg-v1", skips_undefined=self.skips_undefined),
            metrics=(self.metric, metric_spec("dice")),
            seed=self.seed,
            engine_sha256="e" * 64,
            notes=self.notes,
        )

    def _curve(self) -> pd.DataFrame:
        iterations = np.arange(10, 101, 10)
        loss = pd.DataFrame(
            {"iteration": iterations, "series": "train/loss", "value": 1 / (iterations + self.seed)}
        )
        rate = pd.DataFrame({"iteration": iterations, "series": "train/learning_rate", "value": 1e-3})
        scores = pd.DataFrame(
            {"iteration": [50, 100], "series": f"val/{self.metric.name}", "value": [0.3, 0.5]}
        )
        return pd.concat([loss, rate, scores], ignore_index=True)


def case_table(made: Fabricated, iou: Values) -> pd.DataFrame:
    """The engine's table: a row per case, class and metric; Dice follows from IoU."""
    lines = []
    for index, values in iou.items():
        for i, value in enumerate(values):
            shared = _shared(made, i, index)
            lines += [(*shared, made.metric.name, value), (*shared, "dice", 2 * value / (1 + value))]
    for index, counted in made.counts.items():
        for i, (tp, fp, fn) in enumerate(counted if iou else ()):
            shared = _shared(made, i, index)
            numbers = {"tp": tp, "fp": fp, "fn": fn, "tn": 64 * 64 - tp - fp - fn}
            lines += [(*shared, name, float(number)) for name, number in numbers.items()]
    columns = ["case", "group", "depth", "height", "width", "class_index", "class_name", "metric", "value"]
    return pd.DataFrame(lines, columns=columns)


def _shared(made: Fabricated, case: int, index: int) -> tuple[object, ...]:
    """What all rows of one case and class begin with."""
    group = made.groups[case] if made.groups else None
    return (f"case{case}", group, made.depth, 64, 64, index, made.class_names[index])


def board_of(
    trials: Sequence[Trial], *, title: str = "synthetic-em", slug: str = "synthetic-em", superseded: int = 0
) -> Board:
    first = trials[0].record.spec.metrics[0]
    return Board(title=title, slug=slug, trials=tuple(trials), superseded=superseded, primary=first)


def write_previews(trial: Trial, cases: Sequence[str], labels: int, side: int = 48) -> None:
    """Pictures as the engine keeps them: random grey, discs as labels."""
    folder = trial.folder / "previews"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(trial.record.spec.seed)
    y, x = np.mgrid[:side, :side]
    for i in range(len(cases)):
        disc = ((y - side / 2) ** 2 + (x - side / 2) ** 2 < (side / 4) ** 2).astype(np.uint8) * (labels - 1)
        Image.fromarray(rng.integers(60, 200, (side, side), dtype=np.uint8)).save(
            folder / f"{i:02d}_image.png"
        )
        Image.fromarray(disc).save(folder / f"{i:02d}_truth.png")
        Image.fromarray(np.roll(disc, 3, axis=1)).save(folder / f"{i:02d}_prediction.png")
    entries = [{"index": i, "case": case} for i, case in enumerate(cases)]
    (folder / "previews.json").write_text(json.dumps(entries), encoding="utf-8")


@dataclass(frozen=True)
class Factory:
    """What tests make trials with."""

    folder: Path

    def trial(self, **settings: object) -> Trial:
        return Fabricated(folder=self.folder, **settings).trial()  # type: ignore[arg-type]

    def seeds(self, model: str, scores: Sequence[float], **settings: object) -> list[Trial]:
        """One trial per score, with seeds 0, 1, ...: each has one case and one foreground class."""
        return [
            self.trial(model=model, seed=seed, iou={0: [0.9], 1: [value]}, counts=_counts(value), **settings)
            for seed, value in enumerate(scores)
        ]

    def failed(
        self, model: str, seed: int = 0, reason: str = "loss is NaN at iteration 12", **settings: object
    ) -> Trial:
        return self.trial(model=model, seed=seed, reason=reason, **settings)

    board = staticmethod(board_of)
    previews = staticmethod(write_previews)
    metric = staticmethod(metric_spec)
    profile = PROFILE
    replace = staticmethod(replace)


def _counts(value: float) -> Counts:
    """Counts of which the pooled IoU is `value`, to 1 in 1000."""
    hits = round(1000 * value)
    return {0: [(3000, 100, 100)], 1: [(hits, 1000 - hits, 0)]}


@pytest.fixture
def make(tmp_path: Path) -> Factory:
    return Factory(tmp_path / "trials")


@pytest.fixture(scope="module")
def make_shared(tmp_path_factory: pytest.TempPathFactory) -> Factory:
    """As `make`, for boards that a module's tests share and only read."""
    return Factory(tmp_path_factory.mktemp("shared") / "trials")
