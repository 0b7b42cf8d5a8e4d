"""No verb writes over what it reads, nor where its results would be read as data."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

INSPECT = ("data", "inspect", "folder:data", "--html")
SCORE = ("score", "--pred", "pred", "--truth", "truth", "--out")
RUN = ("run", "experiment.yaml", "--dry-run", "--out")
PRETRAIN = ("pretrain", "--images", "imgs", "--dry-run", "--out")


@pytest.fixture
def files(work: Path) -> dict[str, str]:
    """Write a data folder, label maps and an experiment; give what all files hold."""
    rng = np.random.default_rng(0)
    for number in range(4):
        pixels = rng.integers(0, 255, (64, 64), dtype=np.uint8)
        for folder in ("data/images", "data/masks", "imgs", "pred", "truth"):
            (work / folder).mkdir(parents=True, exist_ok=True)
            grey = folder in ("data/images", "imgs")
            Image.fromarray(pixels if grey else (pixels > 120).astype(np.uint8)).save(
                work / f"{folder}/{number}.png"
            )
    (work / "experiment.yaml").write_text("models: [unet]\ndatasets: ['folder:data']\nrecipe: smoke\n")
    return held(work)


def held(work: Path) -> dict[str, str]:
    return {
        path.relative_to(work).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in work.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize(
    ("arguments", "gist"),
    [
        ((*SCORE, "pred/0.png"), "lies in pred"),
        ((*SCORE, "truth/0.png"), "lies in truth"),
        ((*SCORE, "pred/../truth/new.png"), "which is read"),
        ((*SCORE, "pred"), "is pred"),
        (
            ("score", "--pred", "pred/0.png", "--truth", "truth/0.png", "--out", "truth/0.png"),
            "which is read",
        ),
        ((*INSPECT, "data/images/0.png"), "lies in data"),
        ((*INSPECT, "data/dataset.yaml"), "lies in data"),
        ((*INSPECT, "data"), "is data"),
        ((*RUN, "experiment.yaml"), "is a file"),
        ((*RUN, "data/images/0.png"), "is a file"),
        ((*RUN, "data"), "among what is read"),
        ((*RUN, "data/images"), "among what is read"),
        ((*RUN, "data/masks/results"), "among what is read"),
        ((*PRETRAIN, "imgs"), "lies in"),
        ((*PRETRAIN, "imgs/out"), "lies in"),
        ((*PRETRAIN, "imgs/0.png"), "is a file"),
        (("plugins", "new", "x", "--kind", "model", "--out", "imgs/0.png"), "cannot write"),
        (("report", "data"), "no trial"),
    ],
)
def test_it_is_refused(
    arguments: tuple[str, ...],
    gist: str,
    files: dict[str, str],
    attack: Callable,
    refused: Callable,
    work: Path,
) -> None:
    refused(attack(*arguments, environment={"EMSEG_BENCH_CACHE": str(work.parent / "cache")}), gist)
    assert held(work) == files


@pytest.mark.parametrize(
    "arguments",
    [(*SCORE, "pred/scores.csv"), (*INSPECT, "data/page.html"), (*RUN, "data/results"), (*PRETRAIN, "out")],
)
def test_places_beside_the_data_will_do(
    arguments: tuple[str, ...], files: dict[str, str], attack: Callable, work: Path
) -> None:
    for _ in range(2):  # the same command again writes the same anew
        ended = attack(*arguments, environment={"EMSEG_BENCH_CACHE": str(work.parent / "cache")})
        assert ended.code == 0, ended.told
    assert held(work).items() >= files.items()
