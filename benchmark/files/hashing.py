"""Hashes that name things by what they are: data, source code, files, trials."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..contracts.data import Manifest
from ..contracts.records import MetricSpec, ModelSpec, Provider, TrialSpec, Tuned
from .code import code_sha256
from .regular import open_regular

ENGINE: Mapping[str, tuple[str, ...]] = {
    "contracts": ("contracts/data.py", "contracts/settings.py"),
    "evaluation": ("evaluation",),
    "experiments": (
        "experiments/decoder_planning.py",
        "experiments/label_fraction.py",
        "experiments/making_metrics.py",
        "experiments/methods.py",
        "experiments/regimes.py",
    ),
    "images": ("images",),
    "training": ("training",),
    "trials": (
        "trials/begun_cases.py",
        "trials/case_keys.py",
        "trials/decoder_choice.py",
        "trials/done_cases.py",
        "trials/finders.py",
        "trials/neighbouring.py",
        "trials/parts.py",
        "trials/trial.py",
    ),
    "weights": ("weights/differences.py", "weights/low_rank.py", "weights/reading.py"),
}
"""What of the engine's own code can change a number, by room."""


PROFILING: tuple[str, ...] = (
    "complexity.py",
    "energy.py",
    "latency.py",
    "load.py",
    "memory.py",
    "profile.py",
)
"""What of `profiling` measures costs; they are no part of a trial's name."""


def canonical_json(value: Any) -> str:
    """Write plain data in exactly one way: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_of(value: Any) -> str:
    """Hash plain data by its canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Hash a file's bytes."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_source(places: Iterable[Path]) -> str:
    """Hash what Python files do, and all Python files below folders, with their relative names.

    Raises:
        PluginError: One cannot be read.
    """
    return sha256_of(
        sorted(
            (file.relative_to(place.parent).as_posix(), code_sha256(file))
            for place in places
            for file in ([place] if place.is_file() else place.rglob("*.py"))
        )
    )


def engine_rooms(engine: Path = Path(__file__).parents[1]) -> dict[str, str]:
    """Hash the engine's own code that can change a number, room by room.

    Args:
        engine: The folder of its rooms.
    """
    return {room: sha256_of_source(engine / part for part in parts) for room, parts in ENGINE.items()}


def profiling_sha256(room: Path = Path(__file__).parents[1] / "profiling") -> str:
    """Hash the code that measures what models cost.

    Args:
        room: Its folder.
    """
    return sha256_of_source(room / name for name in PROFILING)


def engine_sha256() -> str:
    """Hash all of `engine_rooms`."""
    return sha256_of(engine_rooms())


def manifest_sha256(manifest: Manifest) -> str:
    """Hash what a dataset holds: classes, statistics, and every case with its split and content."""
    told = asdict(manifest)
    del told["unread"]
    # Both are in other things that are hashed: the first in mean and std, the other in the cases' own hashes.
    del told["grey_range"], told["label_values"]
    if not manifest.boundary_classes:
        del told["boundary_classes"]  # likewise
    if not manifest.has_instances:
        del told["has_instances"]  # the hash is that of before datasets could tell
    return sha256_of(told)


def split_sha256(manifest: Manifest) -> str:
    """Hash which case is in which split, and nothing else of a dataset."""
    return sha256_of(sorted([case.id, case.split] for case in manifest.cases))


def fingerprint(spec: TrialSpec) -> str:
    """Name a trial by everything that can change one of its numbers, and nothing else.

    Out stay the names of presets, where files lie, what a row is called, citations and remarks; and a
    protocol's rule for volumes, which planning has settled.
    """
    return sha256_of(_counted(spec))


def fingerprints(spec: TrialSpec, seeds: Iterable[int]) -> dict[int, str]:
    """Give the `fingerprint` of a trial with each of these seeds, by seed; what they share is told once."""
    counted = _counted(spec)
    return {seed: sha256_of({**counted, "seed": seed}) for seed in seeds}


def _counted(spec: TrialSpec) -> dict[str, Any]:
    """Give what counts in a fingerprint, as plain data."""
    dataset = spec.dataset
    methods = {f"{one.kind} {one.name}": [dict(one.options), _provider(one.provider)] for one in spec.methods}
    recipe, protocol = asdict(spec.recipe), asdict(spec.protocol)
    return {
        "model": _model(spec.model),
        "dataset": {
            "name": dataset.name,
            "manifest": dataset.manifest_sha256,
            "provider": _provider(dataset.provider),
        },
        "label_fraction": spec.label_fraction,
        "recipe": {key: value for key, value in recipe.items() if key != "name"},
        "protocol": _scoring(protocol),
        "metrics": {metric.name: _metric(metric) for metric in spec.metrics},
        "seed": spec.seed,
        **({"threads": spec.threads} if spec.threads else {}),
        "engine": spec.engine_sha256,
        **({"methods": methods} if methods else {}),
        **({"decoder": spec.decoder} if spec.decoder else {}),
        **({"purpose": spec.purpose} if spec.purpose != "compare" else {}),
    }


def _scoring(protocol: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what changes no number: a name, a settled rule, steps and decoders where there are none."""
    left_out = {"name", "volumes", *(key for key in ("postprocess", "decoder") if not protocol[key])}
    return {key: value for key, value in protocol.items() if key not in left_out}


def model_sha256(model: ModelSpec) -> str:
    """Name a model by what of it counts in a fingerprint: its trials make one row of a leaderboard."""
    return sha256_of(_model(model))


def row_sha256(spec: TrialSpec) -> str:
    """Name a model with all code that made its numbers: what other code made is another row."""
    providers = [
        [kind, one.name, _provider(one.provider)]
        for kind, several in (
            ("dataset", (spec.dataset,)),
            ("metric", spec.metrics),
            ("method", spec.methods),
        )
        for one in several
    ]
    return sha256_of([_model(spec.model), spec.engine_sha256, sorted(providers)])


def _model(model: ModelSpec) -> dict[str, Any]:
    return {
        "name": model.name,
        "options": dict(model.options),
        **({"train": [model.train, *model.backbone]} if model.train != "all" else {}),
        **({"context": model.context} if model.context else {}),
        "init": model.init,
        "weights": model.weights_sha256,
        "provider": _provider(model.provider),
        **({"own_recipe": model.own_recipe} if model.own_recipe else {}),
        **({"tuned": _tuned(model.tuned)} if model.tuned else {}),
    }


def _tuned(tuned: Tuned) -> dict[str, Any]:
    return asdict(tuned) | {"setting": dict(tuned.setting)}


def _metric(metric: MetricSpec) -> list[Any]:
    options = [dict(metric.options)] if metric.options else []
    return [metric.version, _provider(metric.provider), *options]


def _provider(provider: Provider) -> list[str]:
    return [provider.distribution, provider.version, provider.source_sha256]
