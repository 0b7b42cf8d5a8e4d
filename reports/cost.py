"""What a model costs, and the conditions under which that was measured."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from statistics import median

from ..benchmark.contracts.records import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What costs of two models must have in common to be compared."""

    device: str
    precision: str
    threads: int | None
    input_shape: tuple[int, int, int, int]
    """(N, C, H, W)"""
    throughput_batch: int
    memory_kind: str
    profiling_code: str = ""
    """SHA-256 of what measured; empty where no record says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Medians over the seeds that were measured under one set of conditions; None: not available."""

    parameters_m: float | None
    """Millions."""
    gflops: float | None
    """10^9 floating-point operations (a multiply-add counts as 2) of one forward pass."""
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    throughput_images_per_s: float | None
    peak_memory_mib: float | None
    train_seconds: float | None
    train_images_per_s: float | None
    validation_seconds: float | None
    test_seconds: float | None
    seeds: int
    """How many seeds the medians are over."""
    condition: int
    """Position of the conditions in the leaderboard's list."""
    trainable_parameters_m: float | None = None
    """Millions that training changed: fewer than all where a recipe freezes some."""
    latency_p50_low_ms: float | None = None
    """Of the seed with the lowest, and of the one with the highest."""
    latency_p50_high_ms: float | None = None
    train_low_seconds: float | None = None
    train_high_seconds: float | None = None


def conditions_of(profile: Profile) -> Conditions:
    """Pick the conditions out of a profile."""
    return Conditions(**{item.name: getattr(profile, item.name) for item in fields(Conditions)})


def all_conditions(profiles: Iterable[Profile | None]) -> tuple[Conditions, ...]:
    """Return the distinct conditions, in order of appearance."""
    return tuple(dict.fromkeys(conditions_of(profile) for profile in profiles if profile))


def cost(profiles: Sequence[Profile | None], known: Sequence[Conditions]) -> Cost | None:
    """Sum up the profiles of one model's seeds; None where nothing was measured.

    Seeds that were measured under another condition than most of them are left out, since medians
    over two machines mean nothing; `Cost.seeds` says how many are in.
    """
    measured = [profile for profile in profiles if profile]
    if not measured:
        return None
    usual = Counter(conditions_of(profile) for profile in measured).most_common(1)[0][0]
    same = [profile for profile in measured if conditions_of(profile) == usual]
    latencies = _known(profile.latency_p50_ms for profile in same)
    trainings = _known(profile.train_seconds for profile in same)
    return Cost(
        parameters_m=_median(profile.parameters / 1e6 for profile in same),
        trainable_parameters_m=_median(profile.trainable_parameters / 1e6 for profile in same),
        gflops=_median(None if profile.flops is None else profile.flops / 1e9 for profile in same),
        latency_p50_ms=_median(profile.latency_p50_ms for profile in same),
        latency_p95_ms=_median(profile.latency_p95_ms for profile in same),
        throughput_images_per_s=_median(profile.throughput_images_per_s for profile in same),
        peak_memory_mib=_median(profile.peak_memory_mib for profile in same),
        train_seconds=_median(profile.train_seconds for profile in same),
        train_images_per_s=_median(profile.train_images_per_s for profile in same),
        validation_seconds=_median(profile.validation_seconds for profile in same),
        test_seconds=_median(profile.test_seconds for profile in same),
        seeds=len(same),
        condition=known.index(usual),
        latency_p50_low_ms=min(latencies, default=None),
        latency_p50_high_ms=max(latencies, default=None),
        train_low_seconds=min(trainings, default=None),
        train_high_seconds=max(trainings, default=None),
    )


def differing(conditions: Sequence[Conditions]) -> tuple[str, ...]:
    """Name what is not the same in all conditions: ``device``, ``threads``, ..."""
    return tuple(
        item.name.replace("_", " ")
        for item in fields(Conditions)
        if len({getattr(condition, item.name) for condition in conditions}) > 1
    )


def _median(values: Iterable[float | None]) -> float | None:
    known = _known(values)
    return float(median(known)) if known else None


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]
