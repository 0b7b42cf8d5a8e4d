"""Pictures: what is coloured how, and what happens when they are missing."""

from __future__ import annotations

import re

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.errors import StoreError
from emseg_bench.benchmark.images.class_colours import CLASSES, class_colour
from emseg_bench.benchmark.images.label_pictures import label_picture
from emseg_bench.reports.error_map import confusion, error_map
from emseg_bench.reports.overlay import SIDE, fit, overlay
from emseg_bench.reports.palette import OTHER
from emseg_bench.reports.previews import previews
from emseg_bench.reports.sections.panels import section
from PIL import Image, ImageColor


@pytest.fixture
def grey() -> Image.Image:
    return fit(Image.new("L", (6, 6), 100))


def labels_file(tmp_path, values: list[list[int]]):
    path = tmp_path / "labels.png"
    Image.fromarray(np.array(values, dtype=np.uint8)).save(path)
    return path


def pixel(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    found = image.getpixel((x, y))
    assert isinstance(found, tuple)
    return found


def test_background_stays_and_areas_are_tinted(grey, tmp_path) -> None:
    made = overlay(grey, labels_file(tmp_path, [[0] * 6] * 3 + [[1] * 6] * 3), 2)
    assert pixel(made.picture, 0, 0) == (100, 100, 100)
    red, green, blue = ImageColor.getrgb(CLASSES[0])[:3]
    tinted = [0.55 * 100 + 0.45 * channel for channel in (red, green, blue)]
    assert pixel(made.picture, 3, 5) == pytest.approx(tinted, abs=2)
    assert made.labels == {0, 1}


def test_outlines_are_opaque(grey, tmp_path) -> None:
    made = overlay(grey, labels_file(tmp_path, [[0, 2, 2, 2, 2, 0]] * 6), 3)
    opaque = ImageColor.getrgb(CLASSES[1])[:3]
    assert [pixel(made.picture, x, 3) == opaque for x in range(6)] == [False, True, False, False, True, False]


def test_labels_beyond_the_classes_are_grey(grey, tmp_path) -> None:
    made = overlay(grey, labels_file(tmp_path, [[0, 0, 0, 0, 255, 0]] * 6), 2)
    assert pixel(made.picture, 4, 3) == ImageColor.getrgb(OTHER)[:3]


def test_large_images_are_made_smaller_and_labels_follow(tmp_path) -> None:
    image = fit(Image.new("RGB", (4 * SIDE, 2 * SIDE)))
    assert image.size == (SIDE, SIDE // 2)
    path = tmp_path / "labels.png"
    Image.new("L", (4 * SIDE, 2 * SIDE), 1).save(path)
    assert overlay(image, path, 2).picture.size == image.size


def test_smaller_labels_are_picked_never_mixed(tmp_path) -> None:
    checks = (np.indices((3 * SIDE, 3 * SIDE)).sum(0) % 2 * 2).astype(np.uint8)
    made = overlay(fit(Image.new("L", checks.shape)), labels_file(tmp_path, checks.tolist()), 3)
    assert made.labels <= {0, 2}, "1 lies between, but is another class"


def test_colours_repeat_only_after_all_are_used() -> None:
    assert len({class_colour(label) for label in range(1, len(CLASSES) + 1)}) == len(CLASSES)
    assert class_colour(1 + len(CLASSES)) == class_colour(1)


def test_no_pictures_no_section(make, tmp_path) -> None:
    assert section(make.board(make.seeds("a@x", [0.5])), tmp_path) is None


def test_models_side_by_side_with_scores(make, tmp_path) -> None:
    trials = [
        make.trial(model="a@x", iou={0: [0.9, 0.9], 1: [0.81, 0.72]}),
        make.trial(model="b@x", iou={0: [0.9, 0.9], 1: [0.63, 0.54]}),
    ]
    for trial in trials:
        make.previews(trial, ["case0", "case1"], labels=2)
    made = section(make.board(trials), tmp_path)
    positions = [made.html.index(f"IoU 0.{digits}") for digits in ("720", "540", "810", "630")]
    assert positions == sorted(positions), "the worst case on top, models from left to right"
    assert len(list((tmp_path / "figures").glob("*.png"))) == 8 + 4, "and what is wrong in each"


def test_a_case_that_one_model_lacks(make, tmp_path) -> None:
    trials = [*make.seeds("a@x", [0.6]), *make.seeds("b@x", [0.5])]
    make.previews(trials[0], ["case0"], labels=2)
    make.previews(trials[1], ["other"], labels=2)
    assert "n/a" in section(make.board(trials), tmp_path).html


def test_models_without_pictures_are_named(make, tmp_path) -> None:
    trials = [*make.seeds("a@x", [0.6]), *make.seeds("b@x", [0.5])]
    make.previews(trials[0], ["case0"], labels=2)
    assert "not here: b@x" in section(make.board(trials), tmp_path).html


def test_pictures_are_limited(make, tmp_path) -> None:
    trials = [trial for i in range(9) for trial in make.seeds(f"m{i}@x", [0.9 - i / 100])]
    for trial in trials:
        make.previews(trial, [f"case{i}" for i in range(6)], labels=2)
    made = section(make.board(trials), tmp_path)
    assert len(list((tmp_path / "figures").glob("*.png"))) == 4 * (2 + 2 * 6)
    assert "At most 6 models are shown; not here: m6@x, m7@x and m8@x." in made.html


def test_long_names_break_before_the_initialisation(make, tmp_path) -> None:
    (trial,) = make.seeds("<b>deeplabv3plus@scratch", [0.6])
    make.previews(trial, ["case0"], labels=2)
    made = section(make.board([trial]), tmp_path)
    assert "&lt;b&gt;deeplabv3plus<wbr>@scratch" in made.html


def test_grey_is_explained_where_it_occurs(make, tmp_path) -> None:
    (trial,) = make.seeds("a@x", [0.5])
    make.previews(trial, ["case0"], labels=256)  # label 255, as data sets mark ignored pixels
    assert "not scored" in section(make.board([trial]), tmp_path).html


@pytest.mark.parametrize("content", ["{", "[1]", '[{"index": 0}]', '{"index": 0}'])
def test_a_damaged_list_is_named(make, tmp_path, content) -> None:
    trials = [*make.seeds("a@x", [0.6]), *make.seeds("b@x", [0.5])]
    for trial in trials:
        make.previews(trial, ["case0"], labels=2)
    (trials[1].folder / "previews" / "previews.json").write_text(content)
    with pytest.raises(StoreError, match=r"previews\.json.* (cannot be read|is not valid JSON)"):
        previews(trials[1])
    html = section(make.board(trials), tmp_path).html
    assert re.search("No pictures of b@x: .*previews.json", html)
    assert "True labels of case case0" in html


def test_a_missing_picture_is_named(make) -> None:
    (trial,) = make.seeds("a@x", [0.5])
    make.previews(trial, ["case0"], labels=2)
    (trial.folder / "previews" / "00_truth.png").unlink()
    with pytest.raises(StoreError, match=r"00_truth\.png of .* is missing"):
        previews(trial)


def write_labels(path, values) -> None:
    Image.fromarray(np.array(values, np.uint8)).save(path)


def test_colours_of_kept_label_maps_are_not_taken_for_labels(grey, tmp_path) -> None:
    plain = overlay(grey, labels_file(tmp_path, [[0, 1, 1, 2, 2, 2]] * 6), 3)
    path = tmp_path / "coloured.png"
    label_picture(np.array([[0, 1, 1, 2, 2, 2]] * 6, np.uint8)).save(path)
    made = overlay(grey, path, 3)
    assert made.labels == plain.labels
    assert made.picture.tobytes() == plain.picture.tobytes()
    assert confusion(path, path, 3).tolist() == [[6, 0, 0], [0, 12, 0], [0, 0, 18]]


def test_what_is_wrong_is_told_by_kind_and_class(tmp_path) -> None:
    truth, prediction = tmp_path / "truth.png", tmp_path / "prediction.png"
    write_labels(truth, [[0, 0, 1, 1, 2, 255]])
    write_labels(prediction, [[0, 1, 0, 1, 1, 1]])
    assert confusion(truth, prediction, 3).tolist() == [[1, 1, 0], [1, 1, 0], [0, 1, 0]], "255 is not scored"
    made = error_map(Image.new("RGB", (6, 1)), truth, prediction, 3)
    assert made.labels == {0, 1, 2, 3}
    black = [made.picture.getpixel((x, 0)) == (0, 0, 0) for x in range(6)]
    assert black == [True, False, False, True, False, True], "right, and not scored, is left clear"
