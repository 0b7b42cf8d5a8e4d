"""The simulation in small: what is claimed of equal models, by verdicts and by sentences."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/null_simulation.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("null_simulation", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def most(rate: float, grids: int) -> float:
    """How many of so many grids may be wrong by chance."""
    return grids * rate + 3.5 * math.sqrt(grids * rate * (1 - rate))


@pytest.mark.parametrize(
    ("models", "seeds", "layout", "spreads", "missing"),
    [
        (2, 3, "3 images", "equal", False),
        (5, 2, "8 images", "graded", True),
        (5, 5, "165 slices of 1 volume", "equal", False),
        (20, 3, "30 in 10 groups", "one wild", False),
    ],
)
def test_equal_models_are_rarely_told_apart(script, models, seeds, layout, spreads, missing):
    setting = script.Setting(models=models, seeds=seeds, layout=layout, spreads=spreads, missing=missing)
    counts = script.simulate(setting, 60, seed=1)
    assert counts.grids == 60
    assert counts.false_better <= most(0.06, 60)
    assert counts.intervals >= counts.claims - most(0.06, 60)


def test_rank_intervals_of_slightly_different_models_hold_at_once(script):
    counts = script.simulate(script.Setting(models=5, seeds=3, effects="ladder"), 60, seed=1)
    assert counts.ranks >= 60 - most(0.05, 60)


def test_a_difference_is_found_and_a_margin_kept(script):
    found = script.simulate(
        script.Setting(models=2, seeds=5, layout="165 in 15 groups", effects="one"), 40, seed=1
    )
    assert found.found > 10
    kept = script.simulate(script.Setting(models=3, seeds=3, effects="margin"), 60, seed=1)
    assert kept.false_within <= most(0.05, 60)


def test_sentences_say_what_the_verdicts_say(script):
    """The whole way from trials' tables: with a leader and without, and with a blind prediction as good."""
    script.simulate(
        script.Setting(models=2, seeds=3, layout="165 in 15 groups", effects="one"), 2, 2, sentences=2
    )
    script.simulate(script.Setting(models=3, seeds=2, missing=True), 1, 2, sentences=1)
    script.simulate(script.Setting(models=3, seeds=2, blind=True), 1, 2, sentences=1)


@pytest.mark.parametrize(
    ("count", "interaction", "noisy"), [(5, 0.0, False), (5, 0.02, True), (3, 0.02, False)]
)
def test_equal_models_over_data_sets(script, count, interaction, noisy):
    sets = script.Sets(count=count, interaction=interaction, noisy=noisy)
    counts = script.simulate_sets(script.Setting(models=5, seeds=1), sets, 60, seed=1)
    assert counts.false_better <= most(0.05, 60)


def test_a_difference_over_data_sets_is_found(script):
    sets = script.Sets(count=10, interaction=0.02)
    counts = script.simulate_sets(script.Setting(models=5, seeds=1, effects="one"), sets, 40, seed=1)
    assert counts.found > 10


def test_the_sentence_over_data_sets_says_what_the_means_do(script):
    rng = np.random.default_rng(0)
    script.check_sentences_over_sets(script.Setting(models=3, seeds=2, layout="8 images"), 3, rng)
    script.check_sentences_over_sets(
        script.Setting(models=2, seeds=3, layout="30 images", effects="one"), 4, rng
    )


def test_what_is_written_is_not_done_again(script, tmp_path, monkeypatch):
    monkeypatch.setattr(script, "all_settings", lambda: iter([script.Setting(models=2, seeds=2)]))
    path = tmp_path / "simulated.csv"
    for _ in range(2):
        script.main(["--grids", "2", "--out", str(path)])
    lines = path.read_text().splitlines()
    assert len([line for line in lines if "30 in 10 groups" in line]) == 1


def test_scores_are_drawn_as_their_setting_says(script):
    rng = np.random.default_rng(0)
    setting = script.Setting(models=3, seeds=2, missing=True)
    scores = script.draw(setting, np.array([0.5, 0, 0]), rng)
    assert scores.shape == (3, 2, 30, 3)
    absent = np.isnan(scores)
    assert absent.any()
    assert (absent == absent[:1, :1]).all(), "classes are absent from the truth"
    assert np.nanmean(scores[0]) - np.nanmean(scores[1]) == pytest.approx(0.5, abs=0.1)
