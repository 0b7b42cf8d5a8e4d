"""Fingerprints: what changes a number changes them, and nothing else does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from emseg_bench.benchmark.files.hashing import canonical_json, fingerprint, fingerprints, sha256_of_source
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture
def spec(make_job):
    return make_job().spec


def change_model(spec, **values):
    return replace(spec, model=replace(spec.model, **values))


def change_dataset(spec, **values):
    return replace(spec, dataset=replace(spec.dataset, **values))


@pytest.mark.parametrize(
    "change",
    [
        lambda s: replace(s, seed=9),
        lambda s: replace(s, engine_sha256="other"),
        lambda s: replace(s, recipe=replace(s.recipe, learning_rate=0.5)),
        lambda s: replace(s, recipe=replace(s.recipe, augmentation="emseg-v1[flip=0.1]")),
        lambda s: replace(s, protocol=replace(s.protocol, overlap=0.1)),
        lambda s: replace(s, metrics=(replace(s.metrics[0], version=2), *s.metrics[1:])),
        lambda s: change_model(s, name="other"),
        lambda s: change_model(s, init="imagenet"),
        lambda s: change_model(s, options={"encoder": "x"}),
        lambda s: change_model(s, weights_sha256="abc"),
        lambda s: change_model(s, provider=replace(s.model.provider, version="2")),
        lambda s: change_model(s, provider=replace(s.model.provider, source_sha256="x")),
        lambda s: change_dataset(s, manifest_sha256="x"),
        lambda s: change_dataset(s, provider=replace(s.dataset.provider, source_sha256="x")),
    ],
)
def test_what_counts(spec, change):
    assert fingerprint(change(spec)) != fingerprint(spec)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: replace(s, notes=("a note",)),
        lambda s: replace(s, recipe=replace(s.recipe, name="mine")),
        lambda s: replace(s, protocol=replace(s.protocol, name="mine")),
        lambda s: change_model(s, label="x", citation="y", weights_path="/elsewhere", requested_init="z"),
        lambda s: change_dataset(s, label="x", citation="y", location="/elsewhere"),
    ],
)
def test_what_does_not_count(spec, change):
    assert fingerprint(change(spec)) == fingerprint(spec)


def test_of_several_seeds_each_has_the_name_that_it_has_alone(spec):
    seeds = (spec.seed, 9, 2**32 - 1)
    assert fingerprints(spec, seeds) == {seed: fingerprint(replace(spec, seed=seed)) for seed in seeds}


def test_it_is_a_sha256(spec):
    assert len(fingerprint(spec)) == 64
    assert int(fingerprint(spec), 16)


def test_source_hash_sees_names_and_contents(tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "a.py").write_text("x = 1")
    before = sha256_of_source([package])
    (package / "notes.txt").write_text("not source")
    assert sha256_of_source([package]) == before
    (package / "a.py").write_text("x = 2")
    changed = sha256_of_source([package])
    (package / "a.py").rename(package / "b.py")
    assert len({before, changed, sha256_of_source([package])}) == 3


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.dictionaries(st.text(), plain, max_size=4))
def test_canonical_json_ignores_the_order_of_keys(data):
    assert canonical_json(data) == canonical_json(dict(reversed(data.items())))


def test_nan_has_no_canonical_form():
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"x": float("nan")})
