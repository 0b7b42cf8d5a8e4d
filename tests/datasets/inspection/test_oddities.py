"""Images and masks that are not what they should be are told, and sound ones are left alone."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from emseg_bench.benchmark.contracts.data import Case
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.datasets.drafting.drafting import draft
from emseg_bench.datasets.folder.dataset import open_folder
from emseg_bench.datasets.inspection.glances import glance, grey_of
from emseg_bench.datasets.inspection.oddities import find_oddities
from emseg_bench.datasets.inspection.places import Place, places_of
from emseg_bench.datasets.inspection.sampling import read_places
from emseg_bench.datasets.volume.factory import open_volumes
from scipy.ndimage import gaussian_filter

SIDE = 96
NAMES = ("background", "cell", "vesicle")


def tissue(seed, share=0.25):
    """Draw blobs that are darker than what is around them, and where they are."""
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=(SIDE, SIDE)), 5)
    labels = (noise > np.quantile(noise, 1 - share)).astype(np.uint8)
    grey = 150 - 70 * labels + np.random.default_rng(1000 + seed).normal(0, 8, labels.shape)
    return grey.clip(0, 255).astype(np.uint8), labels


def look(number, image, labels, ignore_value=None):
    split = "train" if number < 6 else "test"
    case = Case(id=f"{split}/{number}", split=split, height=SIDE, width=SIDE, sha256="")
    return glance(Place(case, None, "", number), grey_of(image[None]), labels, ignore_value)


def oddities(change, only=(1, 8), share=0.25, ignore_value=None):
    pairs = [tissue(number, share) for number in range(10)]
    looks = [
        look(number, *(change(*pair) if number in only else pair), ignore_value)
        for number, pair in enumerate(pairs)
    ]
    return [(found.sentence, found.sure) for found in find_oddities(looks, NAMES)]


def test_nothing_is_said_of_what_is_sound():
    for share in (0.02, 0.25, 0.5):
        assert oddities(lambda image, labels: (image, labels), share=share) == []
    assert find_oddities([], NAMES) == []


@pytest.mark.parametrize("value", [0, 7, 255])
def test_images_of_one_value(value):
    ((sentence, sure),) = oddities(lambda image, labels: (np.full_like(image, value), labels))
    assert sentence.startswith(
        "2 of 10 images with one grey value nearly everywhere, though there are objects in the masks of 2: "
        "train/1, test/8."
    )
    assert sure
    ((sentence, sure),) = oddities(lambda image, labels: (np.full_like(image, value), labels * 0))
    assert not sure
    assert "though" not in sentence
    noisy = np.random.default_rng(0).integers(100, 102, (SIDE, SIDE), dtype=np.uint8)
    assert len(oddities(lambda image, labels: (noisy, labels))) == 1


@pytest.mark.parametrize("only", [(1, 8), range(10)])
def test_saturated_images(only):
    def white(image, labels):
        return (image * 3.0).clip(0, 255).astype(np.uint8), labels

    ((sentence, sure),) = oddities(white, only)
    assert sentence.startswith(f"{len(only)} of 10 images saturated: up to 8")
    assert "% of their pixels have their highest value (train/" in sentence
    assert not sure

    def black(image, labels):
        return (image - 110.0).clip(0).astype(np.uint8), labels

    ((sentence, _),) = oddities(black, only)
    assert "of what is labelled has their lowest value" in sentence


@pytest.mark.parametrize("ignored", [None, 255])
def test_masks_that_are_inverted(ignored):
    def invert(image, labels):
        labels = 1 - labels
        if ignored:
            labels[:9] = ignored
        return image, labels

    ((sentence, sure),) = oddities(invert, ignore_value=ignored)
    assert sentence.startswith("2 of 10 masks seem inverted")
    assert sentence.endswith("the other way round: train/1, test/8.")
    assert sure
    ((sentence, sure),) = oddities(invert, range(10), ignore_value=ignored)
    assert sentence.startswith("masks may be inverted: background is 2")
    assert not sure


def test_thin_background_between_cells_is_not_inverted():
    """Neurons fill an image; what is between them is thin."""
    rows, columns = np.indices((SIDE, SIDE))
    labels = ((rows % 12 > 1) & (columns % 12 > 1)).astype(np.uint8)
    grey = np.where(labels, 180, 90) + np.random.default_rng(0).integers(-9, 9, labels.shape)
    assert oddities(lambda *_: (grey.astype(np.uint8), labels), range(10)) == []


def test_masks_that_cover_everything():
    ((sentence, sure),) = oddities(lambda image, labels: (image, np.ones_like(labels)))
    assert sentence.startswith("2 of 10 masks with cell everywhere: train/1, test/8. No other covers more")
    assert not sure


def test_one_class_under_several_values():
    ((sentence, _),) = oddities(lambda image, labels: (image, labels * 2))
    assert (
        "8 masks cell (train/0, train/2, train/3 and 5 more); 2 masks vesicle (train/1, test/8)" in sentence
    )

    def both(image, labels):
        labels = labels.copy()
        labels[:9] = 2
        return image, labels

    assert oddities(both) == []


def seen(dataset):
    manifest = dataset.manifest
    looks = [
        glance(place, grey_of(image), labels, manifest.ignore_value)
        for place, image, labels in read_places(dataset, places_of(manifest.cases))
    ]
    return find_oddities(looks, manifest.class_names)


@pytest.mark.parametrize("name", ["vnc", "cdeep3m_mito", "cem_examples", "emps_particles"])
def test_nothing_is_said_of_real_images(name, real_data, cache):
    assert seen(open_folder(str(real_data(name)), cache)) == []


@pytest.mark.parametrize("labels", ["boundaries", "instances"])
def test_nothing_is_said_of_real_volumes(labels, real_data, cache):
    place = real_data("gala_fibsem_mini") / "test" / "image.tif"
    kind = {"instances": "binary"} if labels == "instances" else {}
    assert seen(open_volumes(str(place), cache, labels=f"{labels}.tif", **kind)) == []


def write_folder(root, change, only=(1, 8)):
    for kind in ("images", "masks"):
        (root / kind).mkdir(parents=True)
    for number in range(10):
        pair = tissue(number)
        image, labels = change(*pair) if number in only else pair
        for kind, values in (("images", image), ("masks", labels)):
            tifffile.imwrite(root / kind / f"{'abcdefghij'[number]}.tif", values, photometric="minisblack")
    return root


def test_commands_say_it(invoke, tmp_path):
    root = write_folder(tmp_path / "cells", lambda image, labels: (image, 1 - labels))
    said = "2 of 10 masks seem inverted"
    for verb, code in ((["data", "inspect"], 0), (["data", "verify"], 1)):
        done = invoke(*verb, f"folder:{root}")
        assert (done.code, said in " ".join(done.out.split())) == (code, True)
    plan = ("run", "--models", "unet", "--datasets", f"folder:{root}", "--recipe", "smoke", "--dry-run")
    for _ in range(2):  # seen, and remembered
        done = invoke(*plan)
        assert (done.code, said in " ".join((done.out + done.err).split())) == (0, True)


def test_what_is_to_be_looked_into_is_said_once(invoke, tmp_path):
    copy = tissue(0)
    root = write_folder(tmp_path / "cells", lambda image, labels: copy, (8,))
    done = invoke("data", "inspect", f"folder:{root}")
    assert " ".join(done.out.split()).count("The train split holds copies of 1 image of the test split") == 1


def test_verify_tells_a_split_without_a_class_and_shifted_masks(invoke, tmp_path):
    root = write_folder(tmp_path / "empty", lambda image, labels: (image, labels * 0), (8, 9))
    done = invoke("data", "verify", f"folder:{root}")
    assert (done.code, "The test split holds no pixel of class1." in done.out) == (1, True)
    root = write_folder(tmp_path / "moved", lambda image, labels: (image, np.roll(labels, 5, 1)), range(10))
    done = invoke("data", "verify", f"folder:{root}")
    assert (done.code, "masks seem to be shifted against images: moved 5 px left" in done.out) == (1, True)


def test_masks_that_were_smoothed_are_told(tmp_path, cache):
    def smooth(image, labels):
        return image, gaussian_filter(labels * 255.0, 0.7).round().astype(np.uint8)

    root = write_folder(tmp_path / "cells", smooth, range(10))
    for open_it in (lambda: open_folder(str(root), cache), lambda: draft(root, cache)):
        with pytest.raises(
            DataError, match=r"masks of two values that were resized, smoothed or saved as JPEG"
        ):
            open_it()


def test_volumes_that_write_one_class_in_two_ways_are_told_and_described(tmp_path, cache):
    stack = np.stack([tissue(number)[1] for number in range(12)])
    grey = np.stack([tissue(number)[0] for number in range(12)])
    for name, factor in (("a", 1), ("b", 255)):
        tifffile.imwrite(tmp_path / f"{name}.tif", grey, photometric="minisblack")
        tifffile.imwrite(tmp_path / f"{name}_labels.tif", stack * factor, photometric="minisblack")
        grey = grey[:, ::-1]
        stack = stack[:, ::-1]
    (tmp_path / "dataset.yaml").write_text(
        "volumes: [{image: a.tif, labels: a_labels.tif}, {image: b.tif, labels: b_labels.tif}]\n"
    )
    with pytest.raises(DataError, match=r"1 \(for example \S*a_labels.tif\), 255 .*1: class1, 255: class1\}"):
        open_volumes(str(tmp_path), cache)
    (tmp_path / "dataset.yaml").write_text(draft(tmp_path, cache).text)
    dataset = open_volumes(str(tmp_path), cache)
    assert dataset.manifest.class_names == ("background", "class1")
    assert {case.id.split("/")[1] for case in dataset.manifest.cases} == {"a", "b"}
    assert all(dataset.read(case).labels.max() == 1 for case in dataset.manifest.cases)


def test_masks_that_write_one_class_in_two_ways_are_told_and_described(tmp_path, cache):
    root = write_folder(tmp_path / "cells", lambda image, labels: (image, labels * 255), range(0, 10, 2))
    told = r"1 \(for example masks/b.tif\), 255 \(for example masks/a.tif\).*1: class1, 255: class1\}"
    with pytest.raises(DataError, match=told):
        open_folder(str(root), cache)
    (root / "dataset.yaml").write_text(draft(root, cache).text)
    dataset = open_folder(str(root), cache)
    assert dataset.manifest.class_names == ("background", "class1")
    for number, case in enumerate(dataset.manifest.cases):
        np.testing.assert_array_equal(dataset.read(case).labels, tissue(number)[1])
