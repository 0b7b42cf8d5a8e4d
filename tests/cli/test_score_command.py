"""``emseg-bench score`` on label maps from anywhere."""

from __future__ import annotations

import csv
import json
import re

import numpy as np
import pytest
import tifffile
from PIL import Image

EPS = 1e-5


def labels(*rows):
    return np.array([[int(value) for value in row] for row in rows], np.uint8)


def save(path, array):
    path.parent.mkdir(exist_ok=True)
    if array.ndim == 2 and path.suffix == ".png":
        Image.fromarray(array).save(path)
    else:
        tifffile.imwrite(path, array, photometric="minisblack")


def save_itk(path, array):
    itk = pytest.importorskip("SimpleITK", reason="SimpleITK is not installed")
    path.parent.mkdir(exist_ok=True)
    itk.WriteImage(itk.GetImageFromArray(array), path)


@pytest.fixture
def score(invoke, work):
    """Score folder ``p`` against folder ``t``; give what ``--json`` tells."""

    def run(*arguments):
        done = invoke("score", "--pred", work / "p", "--truth", work / "t", "--json", *arguments)
        assert done.code == 0, done.err
        return json.loads(done.out)

    return run


@pytest.fixture
def pictures(work):
    """Two images: class 1 is hit by half in both; class 2 is in the first only."""
    save(work / "t/a.png", labels("0112", "0112"))
    save(work / "p/a.png", labels("0102", "0102"))
    save(work / "t/b.tif", labels("0110"))
    save(work / "p/b.png", labels("0010"))


def classes_of(told, metric):
    return {item["class_name"]: item["value"] for item in told["classes"] if item["metric"] == metric}


# ---------------------------------------------------------------------------------------------- images
def test_our_rule_leaves_out_what_is_not_applicable(pictures, score):
    told = score()
    assert classes_of(told, "iou") == {"class1": 0.5, "class2": 1.0}
    assert told["score"] == 0.75
    left_out = [item["applicable_cases"] for item in told["classes"] if item["metric"] == "iou"]
    assert left_out == [2, 1]
    assert any("iou of class2 is not applicable in 1 of 2 cases" in note for note in told["notes"])


def test_published_rule_counts_nothing_against_nothing_as_one(pictures, score):
    told = score("--protocol", "retina-2025")
    first, second = (2 + EPS) / (4 + EPS), (1 + EPS) / (2 + EPS)
    assert classes_of(told, "iou-eps") == pytest.approx({"class1": (first + second) / 2, "class2": 1})
    assert told["score"] == pytest.approx(((first + second) / 2 + 1) / 2)


def test_all_protocols_stand_side_by_side(pictures, score):
    told = score("--protocol", "all")
    by_name = {each["protocol"]: each for each in told["protocols"]}
    assert by_name["emseg-v1"]["score"] == 0.75
    for name in ("retina-2025", "cem500k-2021"):
        assert by_name[name]["score"] == score("--protocol", name)["score"]
    first, second = (2 + EPS) / (4 + EPS), (1 + EPS) / (2 + EPS)
    difference = ((first + second) / 2 + 1) / 2 - 0.75
    assert told["notes"][0].startswith(f"{difference:.4f} between ")
    assert {row["metric"] for row in told["cases"]} >= {"iou", "iou-eps", "iou-matched", "dice", "tp"}


def test_all_protocols_for_people(pictures, invoke):
    done = invoke("score", "--pred", "p", "--truth", "t", "--protocol", "all")
    assert done.code == 0
    assert "2 images, 5 protocols" in done.out
    assert re.search(r"emseg-v1 +iou +0\.5000 +1\.0000 \(1 of 2\) +0\.7500", done.out)
    assert "emseg-v1: iou of class2 is not applicable in 1 of 2 cases" in done.out


def test_volumes_have_no_protocol_that_matches_objects(volumes, score):
    told = score("--protocol", "all")
    assert [each["protocol"] for each in told["protocols"]] == ["emseg-v1", "retina-2025", "cem500k-2021"]
    assert told["protocols"][1]["score"] == told["protocols"][2]["score"]


def test_matched_objects(work, score):
    save(work / "t/a.png", labels("110000", "000000"))
    save(work / "p/a.png", labels("111011", "000000"))
    told = score("--protocol", "retina-2025-perez")
    assert told["primary"] == "iou-matched"
    assert told["score"] == pytest.approx((2 + EPS) / (3 + EPS))
    assert told["means"]["iou"] == pytest.approx(2 / 5)


def test_chosen_classes_alone_count(pictures, score):
    told = score("--classes", "0,2", "--class-names", "back,mito,lyso")
    assert set(classes_of(told, "iou")) == {"back", "lyso"}
    assert told["score"] == pytest.approx(((2 / 4 + 2 / 3) / 2 + 1) / 2)  # back: 2 of 4 px, then 2 of 3


def test_named_classes_count_where_nobody_has_them(pictures, score):
    told = score("--protocol", "retina-2025", "--class-names", "back,mito,lyso,nucleus")
    assert classes_of(told, "iou-eps")["nucleus"] == 1
    assert "nucleus" not in classes_of(score("--protocol", "retina-2025"), "iou-eps")


def test_ignored_pixels_are_in_no_score(work, score):
    save(work / "t/a.png", np.uint8([[0, 1, 255, 255]]))
    save(work / "p/a.png", labels("0111"))
    assert score("--ignore", 255)["score"] == 1.0


def test_black_and_white_masks_are_taken_as_class_1(work, score):
    save(work / "t/a.png", np.uint8([[0, 255, 255]]))
    save(work / "t/b.png", np.uint8([[0, 0, 0]]))
    save(work / "p/a.png", labels("011"))
    save(work / "p/b.png", labels("000"))
    told = score()
    assert told["score"] == 1.0
    assert "the truth hold 0 and 255 only: 255 is taken as class 1, class1" in told["notes"]
    assert not any("the predictions hold" in note for note in told["notes"])


def test_two_files_need_no_common_name(invoke, work):
    save(work / "x.png", labels("01"))
    save(work / "y.tif", labels("01"))
    done = invoke("score", "--pred", "x.png", "--truth", "y.tif", "--json")
    assert json.loads(done.out)["score"] == 1.0


def test_table_names_rule_and_what_is_left_out(pictures, invoke):
    done = invoke("score", "--pred", "p", "--truth", "t")
    assert done.code == 0, done.err
    assert "2 images, protocol emseg-v1" in done.out
    assert "1.0000 (1 of 2)" in done.out
    assert "per class the mean over images where it applies" in done.out
    assert "not in the means: background" in done.out


def test_other_files_are_told(pictures, work, score):
    (work / "p/notes.txt").write_text("x")
    (work / "p/.hidden").write_text("x")
    assert any("1 other file(s) were not read" in note and "notes.txt" in note for note in score()["notes"])


def test_csv_holds_every_number(pictures, invoke, work):
    assert invoke("score", "--pred", "p", "--truth", "t", "--out", "s/scores.csv").code == 0
    rows = list(csv.DictReader((work / "s/scores.csv").read_text().splitlines()))
    assert len(rows) == 2 * 3 * (4 + 4)  # cases, classes, metrics and counts
    (row,) = [r for r in rows if (r["case"], r["class_name"], r["metric"]) == ("a", "class1", "tp")]
    assert float(row["value"]) == 2


# --------------------------------------------------------------------------------------------- volumes
@pytest.fixture
def volumes(work):
    """Class 1: 3 of 6 voxels in a, 1 of 2 in b; class 2: 2 of 2 in a, nowhere in b."""
    save(work / "t/a.tif", np.stack([labels("0111"), labels("1122")]))
    save(work / "p/a.tif", np.stack([labels("0011"), labels("0122")]))
    save(work / "t/b.tif", np.stack([labels("0011"), labels("0000")]))
    save(work / "p/b.tif", np.stack([labels("0010"), labels("0000")]))


def test_published_rule_for_volumes_makes_an_absent_class_undefined(volumes, score):
    told = score("--protocol", "retina-2025")
    assert told["score"] is None
    assert [item["value"] for item in told["classes"] if item["metric"] == "iou"] == [0.55, None]
    assert any("so the means over it are undefined" in note for note in told["notes"])
    assert classes_of(told, "iou-eps")["class2"] == 1  # the value as the published code prints it


def test_published_rule_for_volumes_over_chosen_classes(volumes, score):
    told = score("--protocol", "retina-2025", "--classes", "1")
    assert told["score"] == pytest.approx((3 / 5 + 1 / 2) / 2)  # no epsilon


def test_our_rule_for_volumes(volumes, score):
    assert score()["score"] == pytest.approx(((3 / 5 + 1 / 2) / 2 + 1) / 2)


def test_masking_by_truth(work, score):
    save(work / "t/a.tif", np.stack([labels("0012"), labels("0011")]))
    save(work / "p/a.tif", np.stack([labels("1112"), labels("2212")]))
    plain, masked = score("--protocol", "retina-2025"), score("--protocol", "retina-2025", "--mask-by-truth")
    assert classes_of(plain, "iou") == pytest.approx({"class1": 2 / 5, "class2": 1 / 4})
    assert classes_of(masked, "iou") == pytest.approx({"class1": 2 / 3, "class2": 1 / 2})


@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz", ".nii"])
def test_itk_volumes_are_z_y_x(work, score, suffix):
    volume = np.random.default_rng(0).integers(0, 3, (2, 5, 7)).astype(np.uint8)
    save_itk(work / f"t/a{suffix}", volume)
    save(work / "p/a.tif", volume)
    assert score("--protocol", "retina-2025")["score"] == 1.0


def test_volumes_agree_with_sums_over_all_voxels(work, score):
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 4, (5, 6, 7)).astype(np.uint8)
    prediction = np.where(rng.random(truth.shape) < 0.3, rng.integers(0, 4, truth.shape), truth).astype(
        np.uint8
    )
    save(work / "t/a.tif", truth)
    save(work / "p/a.tif", prediction)
    expected = [
        np.sum((truth == c) & (prediction == c)) / np.sum((truth == c) | (prediction == c)) for c in (1, 2, 3)
    ]
    told = score("--protocol", "retina-2025")
    assert list(classes_of(told, "iou").values()) == pytest.approx(expected, rel=1e-12)
    assert told["score"] == pytest.approx(np.mean(expected), rel=1e-12)


# ---------------------------------------------------------------------------------------------- errors
def alone(work):
    save(work / "t/c.png", labels("01"))


def other_shape(work):
    save(work / "p/a.png", labels("011"))


def outside(work):
    save(work / "t/a.png", labels("0142", "0112"))


def empty(work):
    for path in (work / "p").iterdir():
        path.unlink()


def damaged(work):
    (work / "p/a.png").write_bytes((work / "p/a.png").read_bytes()[:50])


def damaged_stack(work):
    save(work / "p/a.tif", np.zeros((9, 40, 40), np.uint8))
    (work / "p/a.png").unlink()
    (work / "p/a.tif").write_bytes((work / "p/a.tif").read_bytes()[:5000])


def all_ignored(work):
    save(work / "t/a.png", np.full((2, 4), 9, np.uint8))


def mixed(work):
    save(work / "t/b.tif", np.zeros((2, 4, 4), np.uint8))
    save(work / "p/b.tif", np.zeros((2, 4, 4), np.uint8))
    (work / "p/b.png").unlink()


def twice(work):
    save(work / "p/a.tif", labels("0102", "0102"))


def objects(work):
    save(work / "t/a.png", np.arange(40, dtype=np.uint8).reshape(4, 10))
    save(work / "p/a.png", np.zeros((4, 10), np.uint8))


def background(work):
    for folder in "pt":
        save(work / folder / "a.png", labels("00"))
        save(work / folder / "b.png", labels("00"))
    (work / "t/b.tif").unlink()


def odd_255(work):
    save(work / "t/a.png", np.uint8([[0, 1, 1, 255], [0, 1, 1, 2]]))


def white_for_another(work):
    save(work / "p/a.png", np.uint8([[0, 255], [255, 0]]))
    save(work / "t/a.png", np.uint8([[0, 7], [7, 7]]))


def floats(work):
    (work / "p/a.png").unlink()
    tifffile.imwrite(work / "p/a.tif", np.full((2, 4), 0.5, np.float32), photometric="minisblack")


NAMES = ("--class-names", "back,mito,lyso")


@pytest.mark.parametrize(
    ("spoil", "options", "message"),
    [
        (alone, (), r"1 file\(s\) in .*t have no partner of the same name in .*p: c"),
        (other_shape, (), r"p/a.png is \(1, 3\) and .*t/a.png is \(2, 4\); expected equal shapes"),
        (outside, NAMES, r"t/a.png holds label 4, expected 0 to 2 for the classes back, mito, lyso.*at row"),
        (empty, (), "no label maps in .*p: it is empty"),
        (damaged, (), "p/a.png cannot be read"),
        (damaged_stack, (), "p/a.tif cannot be read"),
        (all_ignored, ("--ignore", "9"), "t/a.png: every pixel has the ignored value 9"),
        (mixed, (), "score images and volumes one after the other"),
        (twice, (), "the same name but for the suffix"),
        (objects, (), "40 different labels up to 39: these look like numbers of single objects"),
        (background, (), "no file holds anything but background"),
        (odd_255, (), "label 255 beside others.*--ignore 255"),
        (white_for_another, (), "label 255, which the truth does not: it has .*7.*--map 255=NUMBER"),
        (floats, (), "p/a.tif holds 0.5"),
        (None, ("--classes", "7", *NAMES), "--classes names class 7, expected 0 to 2"),
        (None, ("--classes", "1,x"), "got --classes 1,x"),
        (None, ("--class-names", "one"), "got --class-names one"),
        (None, ("--protocol", "retina"), "no protocol is called 'retina'; did you mean 'retina-2025'"),
        (None, ("--pred", "nowhere"), "nowhere is not there"),
        (None, ("--pred", "p/a.png"), "expected two folders or two files"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_everything_wrong_is_told_before_any_result(pictures, invoke, work, spoil, options, message):
    if spoil:
        spoil(work)
    usual = {"--pred": "p", "--truth": "t", "--out": "s.csv"}
    given = [word for option, value in usual.items() if option not in options for word in (option, value)]
    done = invoke("score", *given, *options)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert re.search(message, done.err), done.err
    assert not (work / "s.csv").exists()


def test_objects_are_matched_in_images_only(volumes, invoke):
    done = invoke("score", "--pred", "p", "--truth", "t", "--protocol", "retina-2025-perez")
    assert done.code == 2
    assert "published for images only; score volumes with retina-2025" in done.err


def test_damaged_itk_file_is_told(invoke, work):
    for folder in "pt":
        (work / folder).mkdir()
        (work / folder / "a.nrrd").write_bytes(b"NRRD0004\n")
    done = invoke("score", "--pred", "p", "--truth", "t")
    assert done.code == 2
    assert "a.nrrd cannot be read as a volume" in done.err


def strange_maps(work):
    for name, value in (("pred", 7), ("truth", 3)):
        (work / name).mkdir()
        labels = np.zeros((20, 24), np.uint8)
        labels[4:12, 5:15] = value
        Image.fromarray(labels).save(work / name / "a.png")


def test_labels_with_nothing_in_common_are_told(work, invoke):
    strange_maps(work)
    done = invoke("score", "--pred", "pred", "--truth", "truth")
    assert done.code == 0
    assert "the predictions' labels 7 are none of the truth's, 3" in " ".join((done.out + done.err).split())
    assert "--map 7=3" in done.out + done.err


def test_labels_are_taken_for_others(work, invoke):
    strange_maps(work)
    done = invoke("score", "--pred", "pred", "--truth", "truth", "--map", "7=3", "--json")
    data = json.loads(done.out)
    assert data["score"] == 1
    assert "predicted labels are taken for others (--map): 7 for 3" in data["notes"]
    assert not [note for note in data["notes"] if note.startswith("warning")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("7", "expected predicted labels, each once"),
        ("7=3,7=1", "expected predicted labels, each once"),
        ("7=-1", "expected predicted labels"),
        ("7=70000", "expected predicted labels"),
        ("5=3", "--map names 5, which no prediction holds; there are 0, 7"),
    ],
)
def test_a_mapping_that_makes_no_sense(work, invoke, text, message):
    strange_maps(work)
    done = invoke("score", "--pred", "pred", "--truth", "truth", "--map", text)
    assert done.code == 2
    assert message in " ".join(done.err.split())


@pytest.mark.parametrize("kind", ["int8", "int16", "float32"])
@pytest.mark.parametrize("suffix", [".tif", ".npy"])
def test_labels_of_any_sign_are_mapped_and_ignored(work, invoke, kind, suffix):
    """Signed bytes in which 0 and 1 stand as -128 and -127, and -1 for what nobody annotated."""
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, (4, 20, 24)) - 128
    prediction = truth.copy()
    truth[:, :5] = -1
    for name, labels in (("p", prediction), ("t", truth)):
        if suffix == ".tif":
            tifffile.imwrite(work / f"{name}.tif", labels.astype(kind), photometric="minisblack")
        else:
            np.save(work / f"{name}.npy", labels.astype(kind))
    files = ("--pred", f"p{suffix}", "--truth", f"t{suffix}")
    done = invoke("score", *files)
    assert (done.code, "labels begin with 0" in done.err) == (2, True)
    both = ("--map", "-128=0,-127=1", "--map-truth=-128=0,-127=1")
    done = invoke("score", *files, *both, "--ignore", "-1", "--json")
    data = json.loads(done.out)
    assert data["score"] == 1
    assert "pixels with true label -1 are in no score" in data["notes"]
    assert "true labels are taken for others (--map-truth): -128 for 0, -127 for 1" in data["notes"]
    done = invoke("score", *files, "--map", "-128=1,-127=0", *both[2:], "--ignore", "-1", "--json")
    assert json.loads(done.out)["score"] == 0
    done = invoke("score", *files, *both, "--ignore", "-2")
    assert (done.code, "from -1 to 1" in done.err) == (2, True)


def test_white_masks_with_minus_one_where_nobody_annotated(work, invoke):
    truth = np.random.default_rng(1).integers(0, 2, (4, 20, 24)).astype(np.int16) * 255
    tifffile.imwrite(work / "p.tif", (truth > 0).astype(np.uint8), photometric="minisblack")
    truth[:2] = -1
    tifffile.imwrite(work / "t.tif", truth, photometric="minisblack")
    done = invoke("score", "--pred", "p.tif", "--truth", "t.tif", "--ignore", "-1", "--json")
    assert json.loads(done.out)["score"] == 1


def test_a_label_that_ignored_pixels_would_be_taken_for_is_refused(work, invoke):
    labels = np.array([[0, 254, -1], [254, 0, -1]], np.int16)
    tifffile.imwrite(work / "t.tif", labels, photometric="minisblack")
    tifffile.imwrite(work / "p.tif", (labels == 254).astype(np.uint8), photometric="minisblack")
    files = ("--pred", "p.tif", "--truth", "t.tif", "--ignore", "-1", "--json")
    done = invoke("score", *files)
    assert (done.code, "t.tif has the label 254, for which ignored pixels are taken" in done.err) == (2, True)
    assert "--map-truth=254=1" in done.err
    assert json.loads(invoke("score", *files, "--map-truth", "254=1").out)["score"] == 1


def in_space(path, array, origin=(0, 0, 0), flipped=False):
    """Write a volume that says where it lies: origin (z, y, x) in voxels of 1 µm."""
    itk = pytest.importorskip("SimpleITK", reason="SimpleITK is not installed")
    path.parent.mkdir(exist_ok=True)
    image = itk.GetImageFromArray(np.ascontiguousarray(array))
    image.SetSpacing((1e-3, 1e-3, 1e-3))
    image.SetOrigin([1e-3 * place for place in reversed(origin)])
    if flipped:
        image.SetDirection((1, 0, 0, 0, -1, 0, 0, 0, 1))
    itk.WriteImage(image, path)


def test_volumes_are_scored_where_they_lie(score, invoke, work):
    """Predictions that are stored mirrored, with an affine that says so, or reach beyond the truth."""
    truth = (np.random.default_rng(0).random((5, 8, 9)) > 0.6).astype(np.uint8)
    in_space(work / "t/a.nii", truth, (2, 3, 4))
    in_space(work / "p/a.nrrd", truth[:, ::-1], (2, 3 + 7, 4), flipped=True)
    assert classes_of(score(), "iou")["class1"] == pytest.approx(1)
    (work / "p/a.nrrd").unlink()
    in_space(work / "p/a.nii", np.pad(truth, 2, constant_values=1), (0, 1, 2))
    assert classes_of(score(), "iou")["class1"] == pytest.approx(1)
    in_space(work / "p/a.nii", truth, (2, 6, 4))
    done = invoke("score", "--pred", work / "p", "--truth", work / "t")
    assert done.code == 2
    assert "belong elsewhere" in done.err
    assert "save it in a format that names none" in " ".join(done.err.split())
