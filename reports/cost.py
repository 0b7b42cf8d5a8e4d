"""What a model costs, and the conditions under which that was measured."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from statistics import median
from typing import Final

from ..benchmark.contracts.records import Profile
from .wording import number

MARGIN: Final = 1.1
"""Times: nobody is called faster by less."""
BUSY: Final = 0.1
"""Share of a machine's processors: beside more of others' work times say nothing."""
SLACK: Final = 2.0
"""Times: so much longer may one image take than a whole batch."""
CROWDED: Final = 5.0
"""Times: so much longer may an image take in a batch than alone, where memory is short."""


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
    energy_counted: str = ""
    """Whose energy, and of how many trials; empty where it was not measured."""


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
    """Millions that training changed, adapters included: fewer than all where some are frozen."""
    optimiser_state_mib: float | None = None
    """What the optimiser remembered of them."""
    latency_p50_low_ms: float | None = None
    """Spread over repeats and seeds: from the least to the largest end of the middle half of any seed's
    passes; of records from before these were kept, from the least to the largest p50."""
    latency_p50_high_ms: float | None = None
    throughput_low_images_per_s: float | None = None
    """Likewise, over batches."""
    throughput_high_images_per_s: float | None = None
    peak_memory_low_mib: float | None = None
    """Least and largest of the seeds, as of training."""
    peak_memory_high_mib: float | None = None
    train_low_seconds: float | None = None
    train_high_seconds: float | None = None
    others_share: float | None = None
    """Largest share (0 to 1) of all processors' time that other processes took while a seed was measured."""
    compile_seconds: float | None = None
    """Of first steps that compile, which are no part of training's; None: nothing was compiled."""
    trial_joules: float | None = None
    trial_low_joules: float | None = None
    """Least and largest of the seeds, as of an image."""
    trial_high_joules: float | None = None
    inference_joules: float | None = None
    """Of one image, in batches."""
    inference_low_joules: float | None = None
    inference_high_joules: float | None = None
    contradiction: str = ""
    """How latency and throughput of a seed contradict each other, in words."""


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
    return Cost(
        parameters_m=_median(profile.parameters / 1e6 for profile in same),
        trainable_parameters_m=_median(profile.trainable_parameters / 1e6 for profile in same),
        optimiser_state_mib=_median(profile.optimiser_state_mib for profile in same),
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
        latency_p50_low_ms=_end(min, same, "latency_p25_ms", "latency_p50_ms"),
        latency_p50_high_ms=_end(max, same, "latency_p75_ms", "latency_p50_ms"),
        throughput_low_images_per_s=_end(min, same, "throughput_p25_images_per_s", "throughput_images_per_s"),
        throughput_high_images_per_s=_end(
            max, same, "throughput_p75_images_per_s", "throughput_images_per_s"
        ),
        peak_memory_low_mib=_end(min, same, "peak_memory_mib"),
        peak_memory_high_mib=_end(max, same, "peak_memory_mib"),
        train_low_seconds=_end(min, same, "train_seconds"),
        train_high_seconds=_end(max, same, "train_seconds"),
        others_share=_end(max, same, "others_share"),
        compile_seconds=_median(profile.compile_seconds for profile in same),
        trial_joules=_median(profile.trial_joules for profile in same),
        trial_low_joules=_end(min, same, "trial_joules"),
        trial_high_joules=_end(max, same, "trial_joules"),
        inference_joules=_median(profile.inference_joules for profile in same),
        inference_low_joules=_end(min, same, "inference_joules"),
        inference_high_joules=_end(max, same, "inference_joules"),
        contradiction=next(filter(None, map(contradiction, same)), ""),
    )


def faster(one: Cost, other: Cost) -> bool:
    """Tell whether one row takes less time for an image for sure: by a margin, and beyond both spreads.

    Nothing is said of rows that were measured under other conditions, beside others' work, or whose figures
    contradict each other.
    """
    slowest, quickest = one.latency_p50_high_ms, other.latency_p50_low_ms
    if slowest is None or quickest is None or not comparable(one, other):
        return False
    return quickest > MARGIN * slowest


def comparable(one: Cost, other: Cost) -> bool:
    """Tell whether times of two rows can be compared: under the same conditions, both undisturbed."""
    return one.condition == other.condition and _is_sound(one) and _is_sound(other)


def _is_sound(found: Cost) -> bool:
    """Tell whether the machine was free, and latency and throughput fit each other."""
    return (found.others_share or 0.0) <= BUSY and not found.contradiction


def contradiction(profile: Profile) -> str:
    """Say how latency and throughput contradict each other; nothing where they do not.

    A batch takes at least as long as one of its images, and not many times as long as all of them one by one.
    """
    batch, single = profile.throughput_batch, profile.latency_p50_ms
    if not (profile.throughput_images_per_s > 0 and single > 0):
        return ""
    each = 1e3 / profile.throughput_images_per_s
    if single <= SLACK * batch * each and each <= CROWDED * single:
        return ""
    return f"{number(single, 4)} ms for one image, {number(each, 4)} ms for each in batches of {batch}"


def differing(conditions: Sequence[Conditions]) -> tuple[str, ...]:
    """Name what is not the same in all conditions: ``device``, ``threads``, ..."""
    return tuple(
        item.name.replace("_", " ")
        for item in fields(Conditions)
        if len({getattr(condition, item.name) for condition in conditions}) > 1
    )


def _end(
    choose: Callable[[Iterable[float]], float], profiles: Iterable[Profile], *names: str
) -> float | None:
    """Choose one end of a number over profiles, each by the first of its names that it knows."""
    told = ([value for name in names if (value := getattr(one, name)) is not None] for one in profiles)
    known = [values[0] for values in told if values and math.isfinite(values[0])]
    return float(choose(known)) if known else None


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None and math.isfinite(value)]
    return float(median(known)) if known else None
