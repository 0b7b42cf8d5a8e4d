"""A plan's cost follows from stored trials by plain arithmetic, and says where it comes from."""

from __future__ import annotations

from dataclasses import replace

import pytest
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.contracts.records import Profile
from emseg_bench.benchmark.contracts.running import Runtime
from emseg_bench.benchmark.costs import timed
from emseg_bench.benchmark.costs.budget import check_budget, read_budget
from emseg_bench.benchmark.costs.estimate import _side_by_side, estimate
from emseg_bench.benchmark.costs.schema import Span
from emseg_bench.benchmark.costs.timing import timed_speeds
from emseg_bench.benchmark.experiments.opening import reopen_dataset
from emseg_bench.benchmark.experiments.planning import Plan
from emseg_bench.benchmark.files.hashing import fingerprint
from emseg_bench.benchmark.files.store import Store
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.benchmark.trials.parts import load_parts
from emseg_bench.benchmark.trials.records import failed_record, write_record

PROFILE = Profile(
    device="A CPU",
    precision="fp32",
    threads=2,
    parameters=10,
    trainable_parameters=10,
    input_shape=(1, 1, 32, 32),
    flops=100,
    latency_p50_ms=1.0,
    latency_p95_ms=1.0,
    latency_runs=5,
    throughput_batch=4,
    throughput_images_per_s=1000.0,
    memory_kind="process RSS",
    peak_memory_mib=500.0,
    peak_memory_reserved_mib=None,
    train_seconds=60.0,
    train_images_per_s=1.0,
    validation_seconds=20.0,
    test_seconds=100.0,
)
"""Of a trial of 6 steps."""
START, END = "2026-01-01T00:00:00+00:00", "2026-01-01T00:03:20+00:00"


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results")


@pytest.fixture
def job(make_job):
    return make_job("toy")


@pytest.fixture
def put(job, store):
    """Put a complete trial into the store."""

    def put(spec, **profile):
        name = fingerprint(spec)
        folder = store.trial(name)
        folder.path.mkdir(parents=True)
        record = replace(
            failed_record(replace(job, fingerprint=name, spec=spec), START, ""),
            finished=END,
            status="complete",
            reason=None,
            class_names=("background", "disk"),
            profile=replace(PROFILE, **profile),
        )
        write_record(folder, record)

    return put


@pytest.fixture
def cost(store, job, tmp_path):
    """Estimate trials of given specifications."""
    manifest = reopen_dataset(job.spec.dataset, load_plugins().catalogue, tmp_path / "cache").manifest

    def find(*specs, device="A CPU", at=None):
        trials = {fingerprint(spec): spec for spec in specs}
        plan = Plan(trials, (), manifests={spec.dataset.manifest_sha256: manifest for spec in specs})
        return estimate(plan, [*trials], store, at or Runtime(), device, timing=None)

    return find


def longer(spec, factor=2):
    return replace(spec, seed=7, recipe=replace(spec.recipe, iterations=factor * spec.recipe.iterations))


def test_twice_the_steps_take_twice_the_training(put, cost, job):
    put(job.spec)
    put(replace(job.spec, seed=1), train_seconds=120.0, peak_memory_mib=700.0)
    (one,) = cost(longer(job.spec)).trials.values()
    assert one.training == Span(low=pytest.approx(120), middle=pytest.approx(180), high=pytest.approx(240))
    assert (one.validation.middle, one.test.middle) == (pytest.approx(20), pytest.approx(100))
    assert one.beside == Span(low=0.0, middle=10.0, high=20.0)  # of 200 s that the trials took
    assert one.memory == Span(low=500.0, middle=600.0, high=700.0)
    assert (one.source, one.seen, one.device) == ("stored", 2, "A CPU")


def test_other_data_tells_of_training_and_of_the_network_alone(put, cost, job):
    put(replace(job.spec, dataset=replace(job.spec.dataset, manifest_sha256="0" * 64)))
    (one,) = cost(job.spec).trials.values()
    assert (one.source, one.training.middle) == ("other data", pytest.approx(60))
    windows = 3 * 2 * 2  # three test images of 48 px in windows of 32
    assert one.test.middle == pytest.approx(windows / 1000)


@pytest.mark.parametrize("device", ["Another CPU", None])
def test_another_device_says_nothing(put, cost, job, device):
    put(job.spec)
    found = cost(longer(job.spec), device=device)
    assert ([*found.trials.values()], found.unknown, found.memory) == ([None], 1, None)


def test_a_network_is_as_tested_once_its_steps_are_timed(make_job, runtime, tmp_path, monkeypatch):
    spec = make_job("toy[train=lora]").spec
    parts = load_parts(spec, tmp_path / "cache")
    names = list(parts.network.state_dict())
    monkeypatch.setattr(timed, "MOST_STEPS", 3)
    assert timed._time_steps(parts, spec, runtime, tmp_path)
    assert list(parts.network.state_dict()) == names


def test_a_trial_of_several_processes_is_not_timed_in_one(job):
    spec = replace(job.spec, recipe=replace(job.spec.recipe, processes=2))
    found, notes = timed_speeds({"kind": spec}, Runtime(), lambda _: None)
    assert (found, len(notes)) == ({}, 1)
    assert notes[0].startswith("toy@scratch on toy-data could not be timed: it takes 2 processes")


def test_any_gpu_stands_for_one_that_nobody_has_seen(put, cost, job):
    put(job.spec, memory_kind="CUDA", device="A GPU", threads=None)
    assert cost(longer(job.spec), device=None).unknown == 0


def test_what_failed_or_was_damaged_says_nothing(put, cost, job, store):
    put(job.spec)
    next(store.trials()).record.write_text('{"status": "complete", "spec": {"model": {"name": "toy"}}}')
    assert cost(longer(job.spec)).unknown == 1


def test_trials_side_by_side():
    spans = [Span(low=one, middle=one, high=2 * one) for one in (5.0, 3.0, 3.0, 1.0)]
    assert _side_by_side(spans, 1) == Span(low=12, middle=12, high=24)
    assert _side_by_side(spans, 2) == Span(low=6, middle=6, high=12)
    assert _side_by_side([], 2) == Span(low=0, middle=0, high=0)


def test_memory_of_trials_at_once(put, cost, job):
    put(job.spec)
    put(replace(job.spec, model=replace(job.spec.model, options={"width": 2})), peak_memory_mib=100.0)
    specs = [replace(job.spec, seed=seed) for seed in (5, 6, 7)]
    assert cost(*specs, at=Runtime(workers=2)).memory.middle == 1000
    assert cost(specs[0], at=Runtime(workers=2)).memory.middle == 500


def test_scoring_that_outweighs_training_is_told(put, cost, job):
    short = replace(job.spec, recipe=replace(job.spec.recipe, iterations=1))
    counted = cost(short).notes
    assert any("counted, not timed" in note and "toy@scratch on toy-data" in note for note in counted)
    put(job.spec)
    remedies = " ".join(counted)
    assert "--set recipe.iterations=2" in remedies
    assert "--set protocol.overlap=0" in remedies
    told = "scoring takes longer than training: toy@scratch on"
    assert any(note.startswith(told) for note in cost(longer(job.spec, 1)).notes)
    assert not any("scoring" in note or "counted" in note for note in cost(longer(job.spec, 100)).notes)


def test_a_recipe_for_gpus_on_a_cpu_is_told(cost, job):
    spec = replace(job.spec, recipe=replace(job.spec.recipe, name="standard"))
    assert any("made for a GPU and meets a CPU" in note for note in cost(spec).notes)
    assert not any("meets a CPU" in note for note in cost(spec, at=Runtime(device="cuda")).notes)


@pytest.mark.parametrize(
    ("text", "seconds"), [("8h", 28_800), ("30min", 1800), ("1.5d", 129_600), ("90 s", 90), ("0.5h", 1800)]
)
def test_budgets(text, seconds):
    assert read_budget(text) == seconds


@pytest.mark.parametrize(
    "text", ["8", "h", "0h", "-1h", "nanh", "1e3h", "8 hours", "٣h", "1,5h", "", "9" * 99 + "h"]
)
def test_what_is_no_budget(text):
    with pytest.raises(UsageError, match=r"got --budget .*expected a time above 0 with its unit"):
        read_budget(text)


def test_a_budget_refuses(put, cost, job):
    with pytest.raises(UsageError, match="cannot be held against 1 of the 1 trials"):
        check_budget(cost(job.spec), "8h")
    put(job.spec)
    check_budget(cost(longer(job.spec)), "8h")
    with pytest.raises(
        UsageError, match=r"what is to run, 1 trial, takes about 4 min, which is over --budget 3min"
    ):
        check_budget(cost(longer(job.spec)), "3min")
