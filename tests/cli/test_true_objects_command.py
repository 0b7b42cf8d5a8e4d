"""``emseg-bench score --truth-objects``: true objects by their numbers, from files of any format."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
from PIL import Image

OBJECTS = ("--metrics", "object-f1,pq,adapted-rand", "--truth-objects")
TRUTH = np.uint8([[1, 1, 1, 1, 1, 1, 0, 0]])
LARGE = 70_000
"""More than 16 bits hold."""


def save(path, array):
    path.parent.mkdir(exist_ok=True)
    if path.suffix == ".png":
        Image.fromarray(array).save(path)
    elif path.suffix == ".tif":
        tifffile.imwrite(path, array, photometric="minisblack")
    else:
        itk = pytest.importorskip("SimpleITK", reason="SimpleITK is not installed")
        itk.WriteImage(itk.GetImageFromArray(array), path)


@pytest.fixture
def run(invoke, work):
    def run(*arguments):
        return invoke("score", "--pred", work / "p", "--truth", work / "t", "--json", *arguments)

    return run


def scores(done):
    assert done.code == 0, done.err
    told = json.loads(done.out)
    return told["means"], told["notes"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.png", np.uint16), ("a.tif", np.uint32), ("a.nrrd", np.uint32), ("a.nii.gz", np.int32)],
)
def test_two_that_touch_are_two(run, work, name, kind):
    """Objects of 2 and 4 px, found as one blob of 6: IoU 2/6 and 4/6."""
    volume = not name.endswith((".png", ".tif"))
    numbers = np.where(np.arange(8) < 2, 7, LARGE if kind != np.uint16 else 300) * TRUTH
    for folder, file, labels in (
        ("t", "a.tif", TRUTH), ("p", "a.tif", TRUTH), ("i", name, numbers.astype(kind))
    ):  # fmt: skip
        save(work / folder / file, np.stack([labels] * 2) if volume else labels)
    means, _ = scores(run("--metrics", "object-f1"))
    assert means["object-f1"] == 1
    means, notes = scores(run(*OBJECTS, work / "i"))
    assert means["iou"] == 1
    assert means["object-f1"] == pytest.approx(2 / 3)
    assert means["pq"] == pytest.approx(2 * (4 / 6) / 3)
    pairs = {False: (2 + 12, 30), True: (4 * 3 + 8 * 7, 12 * 11)}[volume]
    assert means["adapted-rand"] == pytest.approx(1 - 2 * pairs[0] / sum(pairs))
    assert any("true objects go by their numbers in" in note for note in notes)
    assert not any("have no number" in note for note in notes)


def test_pixels_without_a_number_are_told(run, work):
    for folder, labels in (("t", TRUTH), ("p", TRUTH), ("i", np.uint8([[1, 1, 1, 1, 0, 0, 0, 0]]))):
        save(work / folder / "a.png", labels)
    means, notes = scores(run(*OBJECTS, work / "i"))
    assert means["object-f1"] == pytest.approx(2 / 3), "4 px, and 2 without a number"
    assert any(note.startswith("2 px of true classes have no number there") for note in notes)


def test_single_files(invoke, work):
    for name, labels in (("t", TRUTH), ("p", TRUTH), ("i", TRUTH)):
        save(work / f"{name}.png", labels)
    places = [part for name in ("pred", "truth") for part in (f"--{name}", work / f"{name[0]}.png")]
    means, _ = scores(invoke("score", *places, "--json", *OBJECTS, work / "i.png"))
    assert means["object-f1"] == 1
    done = invoke("score", *places, *OBJECTS, work)
    assert done.code == 2
    assert "expected two folders or two files" in done.err


@pytest.mark.parametrize(
    ("name", "labels", "words"),
    [
        ("b.png", TRUTH, "have no partner of the same name"),
        ("a.png", TRUTH[:, 1:], r"is (1, 7) and"),
        ("a.tif", TRUTH.astype(np.float32) + 0.5, "holds 1.5"),
    ],
)
def test_maps_that_do_not_fit_are_refused(run, work, name, labels, words):
    for folder in "tp":
        save(work / folder / "a.png", TRUTH)
    save(work / "i" / name, labels)
    done = run(*OBJECTS, work / "i")
    assert done.code == 2
    assert words in " ".join(done.err.split())


def test_without_a_metric_of_objects_they_are_for_nothing(run, work):
    for folder in "tpi":
        save(work / folder / "a.png", TRUTH)
    done = run("--truth-objects", work / "i")
    assert done.code == 2
    assert "--truth-objects is for metrics of objects, and iou, dice" in " ".join(done.err.split())
    assert run("--truth-objects", work / "nowhere").code == 2


def test_numbers_for_labels_hint_at_the_option(run, work):
    for folder in "tp":
        save(work / folder / "a.png", np.arange(100, dtype=np.uint8)[None])
    done = run()
    assert done.code == 2
    assert "--truth-objects" in done.err
