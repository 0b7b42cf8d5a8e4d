"""The built-in models through the whole command: on real EM, with colour, with several classes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.slow

SHARED = Path(__file__).parents[3] / "shared" / "data"
FAST = ("--recipe", "smoke", "--set", "recipe.iterations=2", "--set", "protocol.overlap=0")


def board(work: Path) -> dict:
    (found,) = json.loads((work / "results/report/leaderboard.json").read_text())["boards"]
    return found


@pytest.fixture
def real_em(work: Path) -> Path:
    """Real EM, divided into train and val: the middle of every fourth section."""
    for source in (SHARED / "cdeep3m_mito").glob("*/[im]*/*.png"):
        if int(source.stem) % 4 == 0:
            target = work / "real" / source.relative_to(SHARED)
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.open(source).crop((384, 384, 640, 640)).save(target)
    return work / "real/cdeep3m_mito"


@pytest.mark.skipif(not SHARED.exists(), reason="the folder 'shared' with real data is not here")
def test_real_em_with_val_as_test(invoke, work, real_em):
    crop = ("--set", "recipe.crop=128", "--set", "protocol.window=128")
    done = invoke("run", "--models", "unet", "--datasets", f"folder:{real_em}", *FAST, *crop)
    assert done.code == 0, done.err
    assert "serves as test split" in done.out
    assert "unet@scratch" in done.out
    table = board(work)
    assert any("serves as test split" in note for note in table["notes"])
    assert "serves as test split" in (work / "results/report/index.html").read_text()
    assert "serves as test split" in (work / "results/report/leaderboard.md").read_text()


def test_both_models_on_synthetic_em_and_their_weights_start_another(invoke, work):
    dataset = "synthetic-em[size=96,train=4,val=1,test=2]"
    settings = ("--datasets", dataset, *FAST, "--set", "recipe.crop=48", "--set", "protocol.window=96")
    done = invoke("run", "--models", "retina,unet", *settings)
    assert done.code == 0, done.err
    rows = {row["model"]: row for row in board(work)["rows"]}
    assert set(rows) == {"retina@scratch", "unet@scratch"}
    assert rows["retina@scratch"]["cost"]["parameters_m"] == pytest.approx(22.2, abs=0.1)
    assert "retina[hidden=192]@file:" in (work / "results/report/index.html").read_text()

    record = next(path for path in work.glob("results/trials/*/record.json") if "retina" in path.read_text())
    models = f"retina@file:{record.with_name('weights.safetensors')},retina@scratch"
    done = invoke("run", "--models", models, *settings)
    assert done.code == 0, done.err
    records = [json.loads(path.read_text()) for path in work.glob("results/trials/*/record.json")]
    started = {record["spec"]["model"]["label"]: record["initialisation"] for record in records}
    assert set(started) == {"retina@file:weights.safetensors", "retina@scratch", "unet@scratch"}
    assert started["retina@file:weights.safetensors"] != started["retina@scratch"]


def test_colour_images_of_odd_sizes(invoke, work):
    rng = np.random.default_rng(0)
    for number in range(6):
        labels = np.zeros((50 + number, 71), np.uint8)
        labels[10:30, 20 + number : 40] = 1
        image = rng.integers(0, 255, (*labels.shape, 3)).astype(np.uint8)
        for kind, pixels in (("images", image), ("masks", labels)):
            path = work / "cells" / kind / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
    window = ("--set", "protocol.window=96")
    done = invoke("run", "--models", "retina,unet", "--datasets", f"folder:{work}/cells", *FAST, *window)
    assert done.code == 0, done.err
    assert {row["model"] for row in board(work)["rows"]} == {"retina@scratch", "unet@scratch"}
