"""A trial that runs again says what changed since it ran."""

from __future__ import annotations

from dataclasses import replace

import pytest
from emseg_bench.benchmark.contracts.errors import UnknownNameError
from emseg_bench.benchmark.experiments.planning import Plan
from emseg_bench.benchmark.files.hashing import fingerprint
from emseg_bench.benchmark.files.store import Store
from emseg_bench.benchmark.trials.providers import told_by_stored
from emseg_bench.benchmark.trials.records import failed_record, write_record
from emseg_bench.benchmark.trials.session import pending
from emseg_bench.benchmark.trials.staleness import ROOMS, keep_stale, stale_notes, stale_trials


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results")


@pytest.fixture
def spec(make_job):
    made = make_job("toy", "recipe.loss=toy-loss[gamma=3]").spec
    assert [one.kind for one in made.methods] == ["loss"]
    return made


@pytest.fixture
def put(make_job, store):
    """Put a complete trial of a specification into the store."""
    job = make_job()

    def put(spec, finished="2026-01-01T00:00:00+00:00", **changes):
        name = fingerprint(spec)
        folder = store.trial(name)
        folder.path.mkdir(parents=True)
        record = failed_record(replace(job, fingerprint=name, spec=spec), "", "")
        done = {"status": "complete", "reason": None, "class_names": ("background", "disk")}
        write_record(folder, replace(record, finished=finished, **done, **changes))

    return put


def test_a_model_that_is_gone_is_told_with_its_package(put, spec, store):
    put(change_model(spec, name="gone", provider=replace(spec.model.provider, distribution="emseg-gone")))
    error = told_by_stored(UnknownNameError("model", "gone", ["unet"]), store)
    assert str(error).endswith("gone came from the package emseg-gone, which is not installed here: "
                               "pip install emseg-gone")  # fmt: skip
    other = UnknownNameError("model", "other", ["unet"])
    assert told_by_stored(other, store) is other
    next(store.trials()).record.write_text("{")
    assert "emseg-gone" not in str(told_by_stored(UnknownNameError("model", "gone", []), store))


def test_the_command_asks_stored_trials(invoke, put, spec, store):
    put(change_model(spec, name="gone", provider=replace(spec.model.provider, distribution="emseg-gone")))
    done = invoke("run", "--models", "gone", "--datasets", "synthetic-em", "--out", store.root, "--dry-run")
    assert (done.code, "pip install emseg-gone" in done.err) == (2, True)


def notes(store, *specs, keep=False):
    plan = Plan({fingerprint(spec): spec for spec in specs}, ())
    stale = stale_trials(plan, pending(plan, store), store)
    return [*stale_notes(keep_stale(plan, stale) if keep else plan, stale)]


def change_model(spec, **values):
    return replace(spec, model=replace(spec.model, **values))


def with_code(one, **values):
    return replace(one, provider=replace(one.provider, **values))


def change_data(spec, **values):
    return replace(spec, dataset=replace(spec.dataset, **values))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda s: replace(s, engine_sha256="x", engine_rooms={**s.engine_rooms, "training": "x"}),
            "emseg-bench's code for training",
        ),
        (
            lambda s: replace(
                s, engine_sha256="x", engine_rooms={**s.engine_rooms, "images": "x", "evaluation": "x"}
            ),
            "emseg-bench's code for inference and scoring and for reading images",
        ),
        (
            lambda s: replace(s, engine_sha256="x", engine_rooms={}),
            "emseg-bench's code for training and scoring",
        ),
        (
            lambda s: change_model(s, provider=replace(s.model.provider, source_sha256="x")),
            "the code of toy",
        ),
        (
            lambda s: change_model(s, provider=replace(s.model.provider, version="0.0.1")),
            "VERSION",
        ),
        (lambda s: change_model(s, weights_sha256="x"), "the weights that toy starts from"),
        (lambda s: change_data(s, manifest_sha256="x"), "the data of toy-data"),
        (
            lambda s: change_data(s, provider=replace(s.dataset.provider, source_sha256="x")),
            "the code that reads toy-data",
        ),
        (
            lambda s: replace(s, metrics=(replace(s.metrics[0], version=0), *s.metrics[1:])),
            "the version of the metric METRIC",
        ),
        (
            lambda s: replace(s, methods=tuple(with_code(one, source_sha256="x") for one in s.methods)),
            "the code of the loss toy-loss[gamma=3]",
        ),
        (
            lambda s: change_model(s, provider=replace(s.model.provider, distribution="emseg-other")),
            "the code of toy (of emseg-other, now of emseg-toy)",
        ),
    ],
)
def test_what_changed_is_said(spec, put, store, change, reason):
    put(change(spec))
    now = spec.model.provider
    reason = reason.replace("VERSION", f"{now.distribution} (0.0.1, now {now.version})")
    reason = reason.replace("METRIC", spec.metrics[0].name)
    content = any(word in reason for word in ("the weights", "the data", "the version", "(of "))
    again = f"1 trial that ran before runs again, since {reason} changed"
    assert notes(store, spec) == [f"{again}." if content else f"{again}; --keep-stale would keep it."]
    kept = f"1 trial is kept though stale, since {reason} changed."
    assert notes(store, spec, keep=True) == [f"{again}." if content else kept]


@pytest.mark.parametrize(
    "change",
    [
        lambda s: replace(s, seed=7),
        lambda s: replace(s, recipe=replace(s.recipe, iterations=99)),
        lambda s: replace(s, protocol=replace(s.protocol, overlap=0.25)),
        lambda s: replace(s, metrics=s.metrics[:1]),
        lambda s: change_model(s, options={"width": 9}),
        lambda s: change_data(s, location="/elsewhere"),
    ],
)
def test_what_somebody_asks_for_is_no_change(spec, put, store, change):
    put(change(spec))
    assert notes(store, spec) == []


def test_what_is_complete_says_nothing(spec, put, store):
    put(spec)
    put(change_model(spec, weights_sha256="x"))
    assert notes(store, spec) == []


def test_the_newest_counts_and_reasons_are_counted(spec, put, store):
    both = [spec, replace(spec, seed=1)]
    for one in both:
        put(change_data(one, manifest_sha256="old"), "2025-01-01T00:00:00+00:00")
        put(change_model(one, weights_sha256="x"), "2026-01-01T00:00:00+00:00")
    assert notes(store, *both) == [
        "2 trials that ran before run again, since the weights that toy starts from changed."
    ]


def test_damaged_trials_and_empty_stores_say_nothing(spec, put, store):
    assert notes(store, spec) == []
    put(change_model(spec, weights_sha256="x"))
    (folder,) = store.trials()
    folder.record.write_text('{"status": "complete", "spec": [1]}')
    assert notes(store, spec) == []


def test_every_room_of_the_engine_has_words(spec):
    assert {*spec.engine_rooms} == {*ROOMS}
