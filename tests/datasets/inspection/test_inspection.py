"""``data inspect``: what usually goes wrong, put into data on purpose."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.data import Case, Manifest, Sample
from emseg_bench.benchmark.plugins.dataset_lookup import split_datasets
from emseg_bench.benchmark.plugins.references import DatasetReference, parse_dataset
from emseg_bench.cli.data_inspect import sparkline
from emseg_bench.datasets.inspection.advice import advise
from emseg_bench.datasets.inspection.extents import pieces_of
from emseg_bench.datasets.inspection.findings import find_faults
from emseg_bench.datasets.inspection.shifts import REACH, edge_fit, find_shift
from emseg_bench.datasets.inspection.survey import number_of_steps, survey
from emseg_bench.datasets.synthetic.dataset import open_synthetic
from emseg_bench.datasets.volume.factory import open_volumes
from emseg_bench.reports.inspection import page
from emseg_bench.reports.needed import resolved_by
from PIL import Image
from scipy.ndimage import gaussian_filter

SIDE = 96


def tissue(seed):
    """Draw blobs that are darker than what is around them, and where they are."""
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=(SIDE, SIDE)), 6, mode="wrap")
    blobs = noise > np.quantile(noise, 0.7)
    fine = np.random.default_rng(seed + 1000).normal(0, 12, (SIDE, SIDE))
    image = 160 - 70 * gaussian_filter(blobs.astype(float), 1) + fine
    return np.clip(image, 0, 255).astype(np.uint8), blobs.astype(np.uint8)


@dataclass
class Drawn:
    """A dataset in memory."""

    manifest: Manifest
    samples: dict

    def read(self, case):
        return self.samples[case.id]


def drawn(change=lambda split, number, image, labels: (image, labels), counts=(6, 3, 3), **manifest):
    """Draw a dataset; `change` puts something wrong into it."""
    cases, samples = [], {}
    for split, count in zip(("train", "val", "test"), counts, strict=True):
        for number in range(count):
            image, labels = change(split, number, *tissue(100 * len(split) + 7 * number + len(cases)))
            case = Case(id=f"{split}/{number}", split=split, height=SIDE, width=SIDE, sha256=f"{len(cases)}")
            cases.append(case)
            samples[case.id] = Sample(image=image[None], labels=labels)
    defaults = {"class_names": ("background", "blob"), "split_rule": "drawn"}
    return Drawn(
        Manifest(
            dataset="drawn", channels=1, mean=(0.5,), std=(0.2,), cases=tuple(cases), **defaults | manifest
        ),
        samples,
    )


def faults(dataset, limit=0):
    return find_faults(survey("drawn", dataset, limit, lambda: None))


def test_nothing_is_found_where_nothing_is_wrong():
    assert faults(drawn()) == []


@pytest.mark.parametrize(("down", "right"), [(3, 0), (0, -5), (6, 4), (-9, 9)])
def test_shifted_masks(down, right):
    (fault,) = faults(drawn(lambda s, n, image, labels: (image, np.roll(labels, (-down, -right), (0, 1)))))
    assert fault.startswith("masks seem to be shifted against images: moved ")
    for length, words in ((down, ("up", "down")), (right, ("left", "right"))):
        if length:
            assert f"{abs(length)} px {words[length > 0]}" in fault


def test_a_shift_is_found_in_a_single_image_and_not_in_none():
    image, labels = tissue(3)
    shift = find_shift([edge_fit(image, np.roll(labels, 4, 0), None)])
    assert (shift.y, shift.x, shift.images, shift.is_clear) == (-4, 0, 1, True)
    assert find_shift([]) is None
    assert edge_fit(image, np.zeros_like(labels), None) is None
    assert edge_fit(image[: 4 * REACH], labels[: 4 * REACH], None) is None
    assert edge_fit(image, labels * 255, 255) is None


def test_masks_of_real_tissue_are_not_shifted_until_they_are(real_data, cache):
    root = real_data("gala_fibsem_mini") / "train"
    dataset = open_volumes(str(root / "image.tif"), cache, labels="boundaries.tif", scored="volumes")
    found = survey("gala", dataset, 6, lambda: None)
    assert (found.shift.y, found.shift.x) == (0, 0)
    moved = {case.id: dataset.read(case) for case in dataset.manifest.cases}
    moved = {
        name: Sample(image=one.image, labels=np.roll(one.labels, 6, axis=-1)) for name, one in moved.items()
    }
    assert any("moved 6 px left" in fault for fault in faults(Drawn(dataset.manifest, moved), 6))


def test_drawn_tissue_has_no_faults(tmp_path):
    assert faults(open_synthetic(None, tmp_path, size=128, train=6, val=2, test=2)) == []


def test_labels_of_255():
    def change(split, number, image, labels):
        return image, np.where(labels, 255, 0).astype(np.uint8) if split == "val" else labels

    first, *_ = faults(drawn(change))
    assert re.match(
        r"labels of the val split hold 255, which is no class \(30\.\d% of pixels\): name it", first
    )
    assert not any("255" in fault for fault in faults(drawn(change, ignore_value=255)))


def test_pixels_that_are_mostly_ignored():
    found = faults(
        drawn(lambda s, n, image, labels: (image, np.where(labels, 1, 9).astype(np.uint8)), ignore_value=9)
    )
    assert "70% of the pixels of the train split are ignored." in found


def test_almost_empty_classes():
    def change(split, number, image, labels):
        if split == "test":
            labels = labels.copy()
            labels[:2, 0] = 2
        return image, labels

    found = faults(drawn(change, class_names=("background", "blob", "rare")))
    assert found == [
        "the class rare is almost empty: 0.00% of the train split, 0.00% of the val split, 0.02% of the test "
        "split; below 0.1 % scores say little."
    ]


def test_the_same_image_in_two_splits():
    known = tissue(1)

    def change(split, number, image, labels):
        return known if number == 0 and split != "val" else (image, labels)

    (fault,) = faults(drawn(change))
    assert fault.startswith("The train split holds copies of 1 image of the test split (train/0 and test/0)")

    def brighter(split, number, image, labels):
        image, labels = change(split, number, image, labels)
        return (image if split == "train" else np.clip(image + 9.0, 0, 255).astype(np.uint8)), labels

    assert any("nearly identical to 1 image of the test split" in fault for fault in faults(drawn(brighter)))


def test_outliers_of_contrast():
    def change(split, number, image, labels):
        if (split, number) == ("train", 2):
            image = np.clip(image.astype(float) * 0.3, 0, 255).astype(np.uint8)
        return image, labels

    found = faults(drawn(change))
    assert any(re.match(r"1 image\(s\) much darker than the others .*: train/2\.", fault) for fault in found)


def test_splits_of_another_export():
    def change(split, number, image, labels):
        return (np.clip(image + 60.0, 0, 255).astype(np.uint8) if split == "test" else image), labels

    assert any(
        "the test split differs from the train split in brightness" in one for one in faults(drawn(change))
    )


def test_neighbours_in_two_splits():
    dataset = drawn()
    places = {case.id: number for number, case in enumerate(dataset.manifest.cases)}
    cases = tuple(replace(case, group="v", section=places[case.id]) for case in dataset.manifest.cases)
    dataset.manifest = replace(dataset.manifest, cases=cases)
    assert any("Adjacent sections of one volume" in fault for fault in faults(dataset))


def test_what_is_counted():
    dataset = drawn(ignore_value=255, counts=(3, 1, 1))
    labels = dataset.samples["val/0"].labels
    labels[:10] = 255
    found = survey("drawn", dataset, 0, lambda: None)
    val = found.splits[1]
    assert val.share(1, 255) == pytest.approx((labels == 1).sum() / (labels != 255).sum())
    assert val.pixels == SIDE**2
    image = dataset.samples["val/0"].image[0] / np.float32(255)
    np.testing.assert_array_equal(val.histogram, np.histogram(image, 64, (0, 1))[0])
    assert val.looks[0].mean == pytest.approx(image.mean(), abs=1e-6)
    assert val.looks[0].std == pytest.approx(image.std(), abs=1e-6)
    assert found.is_whole
    some = survey("drawn", dataset, 2, lambda: None)
    assert [len(split.looks) for split in some.splits] == [2, 1, 1]
    assert number_of_steps(dataset.manifest, 2) == 4 + 5
    assert not some.is_whole


def test_sections_of_volumes_are_looked_at_one_by_one():
    dataset = drawn(counts=(3, 1, 1))
    volume = Case(id="test/v", split="test", depth=5, height=SIDE, width=SIDE, sha256="v")
    stack = [tissue(seed) for seed in range(5)]
    dataset.samples["test/v"] = Sample(
        image=np.stack([image for image, _ in stack])[None], labels=np.stack([labels for _, labels in stack])
    )
    dataset.manifest = replace(dataset.manifest, cases=(*dataset.manifest.cases, volume))
    ticks = []
    found = survey("drawn", dataset, 0, lambda: ticks.append(1))
    assert (found.splits[2].cases, found.splits[2].images, len(ticks)) == (2, 6, 10 + 10)
    assert found.splits[2].looks[3].name == "test/v, section 2"
    assert len(found.examples) == 3 + 1 + 4


def test_a_line_of_blocks():
    assert sparkline((0, 1, 4, 8)) == " ▁▄█"
    assert sparkline((0, 0)) == "  "


def test_the_page_holds_everything_and_escapes_names():
    dataset = drawn(class_names=("background", "<b>blob</b>"), notes=("a <note>",), voxel_size_nm=(8.0, 8.0))
    found = survey("folder:/a<b", dataset, 0, lambda: None)
    text = page(found, ["a <fault>"])
    assert "<b>blob" not in text
    assert "a &lt;fault&gt;" in text
    assert "8 × 8 nm" in text
    assert text.count("data:image/png;base64,") == 2 * (4 + 3 + 3)
    assert not re.search(r"(src|href)=\"(?!data:|#)", text)
    assert "Nothing was found" in page(found, [])


def write_folder(root, number=6):
    for kind in ("images", "masks"):
        (root / kind).mkdir(parents=True)
    for k in range(number):
        image, labels = tissue(k)
        Image.fromarray(image).save(root / "images" / f"{'abcdefgh'[k]}.png")
        Image.fromarray(np.roll(labels, 5, 1)).save(root / "masks" / f"{'abcdefgh'[k]}.png")


def test_the_command(invoke, tmp_path, work):
    write_folder(tmp_path / "cells")
    done = invoke("data", "inspect", f"folder:{tmp_path}/cells", "--html", "cells.html")
    assert done.code == 0, done.err
    assert re.search(r"train +4 +4 +96 × 96", done.out)
    assert re.search(r"class1 +\d+\.\d\d% ", done.out)
    assert "train │" in done.out
    assert "masks seem to be shifted against images: moved 5 px left" in done.out
    assert (work / "cells.html").read_text().count("<figure>") == 6
    assert (
        "Not every image was looked at"
        in invoke("data", "inspect", f"folder:{tmp_path}/cells", "--images", "2").out
    )


def test_what_it_says_to_run_next_can_be_pasted(invoke, tmp_path):
    write_folder(tmp_path / "p=1,q [2]")
    done = invoke("data", "inspect", f"folder:{tmp_path}/p=1,q [2]")
    words = shlex.split(done.out.splitlines()[-1].removeprefix("next:"))
    (asked,) = split_datasets(words[words.index("--datasets") + 1])
    assert parse_dataset(asked) == DatasetReference("folder", {}, f"{tmp_path}/p=1,q [2]")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["folder:nowhere"], "the dataset folder nowhere does not exist"),
        (["foldr:x"], "did you mean 'folder'"),
        (["folder"], "needs a place"),
        (
            ["synthetic-em[size=64,train=1,val=1,test=1]", "--html", "."],
            "is a folder; --html wants a file's name",
        ),
        (["synthetic-em[size=64,train=1,val=1,test=1]", "--html", "/proc/x/y.html"], "cannot be written"),
    ],
)
def test_wrong_input_is_told(invoke, arguments, told):
    done = invoke("data", "inspect", *arguments)
    assert done.code == 2
    assert told in done.err


def strips(split, number, image, labels):
    """Draw lines 3 px thick, 12 px apart."""
    return image, (np.indices(labels.shape)[0] % 12 < 3).astype(np.uint8)


def discs(split, number, image, labels):
    """Draw nine discs of radius 8."""
    y, x = np.indices(labels.shape) % 32
    return image, ((y - 16) ** 2 + (x - 16) ** 2 <= 64).astype(np.uint8)


def test_sizes_of_objects_are_measured():
    extent = pieces_of(discs("", 0, None, np.zeros((SIDE, SIDE)))[1], None)[1]
    assert [one.side for one in extent] == [17] * 9
    assert all(9 < one.thickness < 17 for one in extent)
    ((_, line, *_),) = pieces_of(strips("", 0, None, np.zeros((SIDE, SIDE)))[1], None).values()
    assert line.thickness == pytest.approx(3, abs=0.5)
    assert pieces_of(np.full((9, 9), 255), 255) == {}


def test_advice_follows_from_the_objects():
    found = advise(survey("drawn", drawn(discs), 0, lambda: None))
    assert found.settings == ["recipe.crop=64", "recipe.batch_size=18", "protocol.metrics=iou,dice,object-f1"]
    assert "9 of 10 pieces of blob are at most 17 px wide, so crops of 64 px" in found.told[0]
    thin = advise(survey("drawn", drawn(strips), 0, lambda: None))
    assert thin.settings == ["protocol.metrics=iou,dice,boundary-iou"]
    assert " --datasets 'folder:my cells' --set " in thin.command("folder:my cells")


def test_how_much_test_cases_resolve():
    cases = drawn(counts=(1, 1, 10)).manifest.split("test")
    assert "with 10 images, the difference between two models is found" in resolved_by(cases)
    one = [replace(case, group="rat1") for case in cases]
    assert "scores on 1 animal or volume say nothing surely about others" in resolved_by(one)
