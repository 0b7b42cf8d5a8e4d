"""``dataset.yaml``: its schema, and what is remembered of it."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import jsonschema
import pytest
import yaml
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.datasets import described
from emseg_bench.datasets.described import recall_description
from emseg_bench.datasets.description import Description, VolumeEntry, json_schema, read_description

SCHEMA = Path(__file__).parents[2] / "docs/dataset.schema.json"

GOOD = [
    "",
    "classes: [background, cell]\nvoxel_size_nm: 8\nvolume: true",
    "classes: {0: background, 255: cell}\nvoxel_size_nm: [8, 8]\nignore_value: 7\ngroups: '^(a|b)'",
    "groups: {a: [x, y], b: ['z*']}\nsplits: {train: ['a*'], val: [b], test: [c]}",
    """
volumes:
  - {image: a.tif, labels: b.h5:/labels, split: train, group: m1, voxel_size_nm: 8, axes: xyz}
  - {image: c.zarr, labels: d.zarr, name: c, labels_axes: zyx, level: 1, voxel_size_nm: [30, 8, 8]}
axes: zyx
intensity: [-2000, 4000]
instances: boundary
""",
]
BAD = [
    "clases: [a, b]",
    "classes: [a]",
    "classes: [a, '']",
    "voxel_size_nm: 0",
    "voxel_size_nm: [1, 2, 3, 4]",
    "ignore_value: 5000000000",
    "volumes: []",
    "volumes: [{image: a.tif}]",
    "volumes: [{image: a.tif, labels: b.tif, splt: train}]",
    "intensity: [1]",
    "instances: rim",
    "splits: {prove: [a]}",
]


def test_committed_schema_is_fresh():
    fresh = json.dumps(json_schema(), indent=2) + "\n"
    assert SCHEMA.read_text() == fresh, "write it anew: python scripts/dataset_schema.py"


@pytest.mark.parametrize("text", GOOD)
def test_what_is_right_follows_the_schema_and_is_remembered(text, tmp_path, monkeypatch):
    path = tmp_path / "dataset.yaml"
    path.write_text(text)
    # JSON has names for keys alone.
    plain = json.loads(json.dumps(yaml.safe_load(text) or {}))
    jsonschema.validate(plain, json.loads(SCHEMA.read_text()))
    first = recall_description(path, tmp_path / "cache")
    monkeypatch.setattr(described, "read_description", None)
    assert recall_description(path, tmp_path / "cache") == first


@pytest.mark.parametrize("text", BAD)
def test_what_is_wrong_follows_neither(text, tmp_path):
    path = tmp_path / "dataset.yaml"
    path.write_text(text)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text), json.loads(SCHEMA.read_text()))
    if text != "classes: [a]":  # which is told where values are known
        with pytest.raises(DataError, match=r"dataset\.yaml"):
            read_description(path)


def test_the_docstring_shows_every_key():
    """Also a reminder: whoever adds a key raises `described.VERSION`, or old memories lack it."""
    from emseg_bench.datasets import description

    shown = description.__doc__ or ""
    assert [field.name for field in fields(Description) if f"{field.name}:" not in shown] == []
    assert len(fields(Description)) == 13
    assert len(fields(VolumeEntry)) == 9
    assert described.VERSION == 4


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": 3}'])
def test_damaged_memory_is_made_again(text, tmp_path):
    path = tmp_path / "dataset.yaml"
    path.write_text("classes: [background, cell]")
    first = recall_description(path, tmp_path / "cache")
    (store,) = (tmp_path / "cache").rglob("*.json")
    store.write_text(text)
    assert recall_description(path, tmp_path / "cache") == first
