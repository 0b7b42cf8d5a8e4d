"""Weights by a model's name: the best seed, one seed, and never one of several that are not alike."""

from __future__ import annotations

from dataclasses import replace

import pytest
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.contracts.records import Selection, Tuned
from emseg_bench.benchmark.files.hashing import fingerprint
from emseg_bench.benchmark.files.store import Store
from emseg_bench.benchmark.predictions.choosing import choose_seeds, choose_trial
from emseg_bench.benchmark.trials.records import write_record
from emseg_bench.testing.sample_trials import sample_board


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "day 1: results")


@pytest.fixture
def put(store, tmp_path):
    """Store a trial of a label and seed with a validation score."""
    record = sample_board(tmp_path, "x").trials[0].record

    def one(
        label,
        seed,
        score,
        *,
        finished="2026-01-01T00:00:00+00:00",
        dataset="cells",
        metric=None,
        weights=None,
        tuned=None,
    ):
        spec = record.spec
        spec = replace(
            spec,
            model=replace(
                spec.model,
                label=label,
                name=label.partition("@")[0],
                weights_sha256=weights,
                tuned=tuned,
            ),
            dataset=replace(spec.dataset, label=dataset, manifest_sha256=dataset[0] * 64),
            seed=seed,
            engine_sha256=finished[:10].ljust(64, "0"),
            metrics=tuple(replace(one, direction=metric or one.direction) for one in spec.metrics),
        )
        name = fingerprint(spec)
        folder = store.trial(name)
        folder.path.mkdir(parents=True)
        folder.weights.write_bytes(b"weights")
        chosen = Selection(iteration=1, metric="iou", score=score)
        write_record(
            folder,
            replace(record, fingerprint=name, spec=spec, selection=chosen, finished=finished, files={}),
        )
        return folder.weights

    return one


@pytest.mark.parametrize("name", ["unet", "unet[encoder=resnet18]", "unet[encoder=resnet18]@scratch"])
def test_the_best_seed_by_validation(store, put, name):
    label = "unet[encoder=resnet18]@scratch"
    put(label, 0, 0.5)
    best = put(label, 1, 0.7)
    put(label, 2, None)
    put("retina@scratch", 0, 0.9)
    chosen = choose_trial(f"{store.root}:{name}")
    assert chosen.weights == best
    assert chosen.told == f"{label} on cells, seed 1, the best of 3 seeds by validation (iou 0.7000)"


def test_lower_is_better_where_it_is(store, put):
    best = put("unet@scratch", 0, 3.5, metric="lower")
    put("unet@scratch", 1, 7.0, metric="lower")
    assert choose_trial(f"{store.root}:unet").weights == best


def test_a_seed_that_is_named(store, put):
    put("unet@file:w.safetensors", 0, 0.9)
    third = put("unet@file:w.safetensors", 3, 0.1)
    assert choose_trial(f"{store.root}:unet@file:w.safetensors/3").weights == third
    with pytest.raises(UsageError, match="has no seed 4; there are: 0, 3"):
        choose_trial(f"{store.root}:unet/4")


def test_of_one_seed_the_newest(store, put):
    put("unet@scratch", 0, 0.9)
    newest = put("unet@scratch", 0, 0.2, finished="2026-02-01T00:00:00+00:00")
    assert choose_trial(f"{store.root}:unet").weights == newest


def test_what_is_not_one_model_on_one_data_set_is_told_with_its_names(store, put):
    first = put("unet@scratch", 0, 0.9)
    second = put("unet@scratch", 0, 0.9, dataset="other")
    with pytest.raises(UsageError, match="trained in several ways") as told:
        choose_trial(f"{store.root}:unet")
    for path in (first, second):
        name = f"{store.root}:unet@scratch#{path.parent.name[:8]}"
        assert f"--model '{name}'" in str(told.value)
        assert choose_trial(name).weights == path


def test_of_two_ways_to_train_each_is_told(store, put):
    put("unet@scratch", 0, 0.9)
    put("unet@scratch", 0, 0.9, tuned=Tuned(study="s", trials=20, setting={}, base="quick"))
    with pytest.raises(UsageError, match="trained in several ways") as told:
        choose_trial(f"{store.root}:unet")
    assert "unet@scratch on cells, contract, iterations=10" in str(told.value)
    assert "unet@scratch on cells, tuned from quick, 20 trials each" in str(told.value)


def test_models_that_are_called_alike_are_told_apart(store, put):
    one = put("m@file:w.safetensors", 0, 0.9)
    other = put("m@file:w.safetensors", 0, 0.1, weights="b" * 64)
    with pytest.raises(UsageError, match="trained in several ways"):
        choose_trial(f"{store.root}:m")
    for path in (one, other):
        assert choose_trial(f"{store.root}:m#{path.parent.name[:8]}").weights == path


def test_a_row_is_named_by_any_of_its_trials_and_gives_all_its_seeds(store, put):
    worse, best = put("unet@scratch", 0, 0.2), put("unet@scratch", 1, 0.9)
    put("unet@scratch", 0, 0.9, dataset="other")
    name = f"{store.root}:unet#{worse.parent.name[:8]}"
    assert choose_trial(name).weights == best
    assert choose_trial(f"{name}/0").weights == worse
    assert [one.weights for one in choose_seeds(name)] == [worse, best]
    with pytest.raises(UsageError, match="all seeds were asked for, and seed 1"):
        choose_seeds(f"{name}/1")
    alone = put("retina@scratch", 0, 0.9)
    with pytest.raises(UsageError, match="there is seed 0 alone"):
        choose_seeds(f"{store.root}:retina")
    assert choose_trial(f"{store.root}:retina#{alone.parent.name}").weights == alone


def test_what_is_not_there(store, put, tmp_path):
    weights = put("unet@scratch", 0, 0.9)
    with pytest.raises(UsageError, match="is called 'segformer'; there are: unet@scratch"):
        choose_trial(f"{store.root}:segformer")
    for wrong in ("results", f"{tmp_path}/none:unet", f"{store.root}:", ":unet"):
        with pytest.raises(UsageError, match="expected DIR:MODEL, or DIR:MODEL/SEED"):
            choose_trial(wrong)
    weights.unlink()
    with pytest.raises(UsageError, match="has no weights here"):
        choose_trial(f"{store.root}:unet")
