"""The comparison with few labels: its data are laid out, and its experiment plans what it says."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from emseg_bench.benchmark.experiments.experiment import build_experiment
from emseg_bench.benchmark.experiments.label_counts import number_of
from emseg_bench.benchmark.experiments.planning import make_plan
from emseg_bench.benchmark.plugins.loading import load_plugins
from PIL import Image

EXAMPLE = Path(__file__).parents[2] / "examples/few_labels"
SIDE = 40


@pytest.fixture(scope="module")
def prepare():
    spec = importlib.util.spec_from_file_location("few_labels_prepare", EXAMPLE / "prepare.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def source(tmp_path):
    """Files as they are published, but small."""
    rng = np.random.default_rng(0)
    for folder, sections, classes in (
        ("vnc", 20, 4),
        ("cdeep3m_mito/train", 20, 2),
        ("cdeep3m_mito/val", 10, 2),
    ):
        for kind in ("images", "masks"):
            (tmp_path / "published" / folder / kind).mkdir(parents=True)
        for number in range(sections):
            mask = np.zeros((48, 48), np.uint8)
            for label in range(1, classes):
                mask[8 * label : 8 * label + 6, 4 : 20 + number % 3] = label
            image = rng.integers(90, 160, mask.shape, np.uint8) - 25 * mask
            for kind, pixels in (("images", image), ("masks", mask)):
                Image.fromarray(pixels).save(tmp_path / "published" / folder / kind / f"{number:02}.png")
    return tmp_path / "published"


def test_the_experiment_plans_what_it_says(prepare, source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    prepare.prepare(source, Path("data"), SIDE)
    prepare.prepare(source, Path("data"), SIDE)
    with Image.open("data/vnc/images/00.png") as cut:
        assert cut.size == (SIDE, SIDE)
    shutil.copy(EXAMPLE / "experiment.yaml", tmp_path)
    experiment = build_experiment(Path("experiment.yaml"), {})
    plan = make_plan(experiment, load_plugins().catalogue, device="cpu", cache=tmp_path / "cache")
    sizes = Counter(
        (spec.dataset.training_cases, number_of(spec.label_fraction, spec.dataset.training_cases))
        for spec in plan.trials.values()
    )
    each = 3 * len(experiment.models)
    assert sizes == {(cases, labelled): each for cases in (12, 16) for labelled in (1, 3, 10)}


def test_what_is_missing_is_named(prepare, tmp_path):
    with pytest.raises(SystemExit, match=r"no folder vnc; README\.md says"):
        prepare.prepare(tmp_path, tmp_path / "data")
