"""Masks given to the wrong images, mirrored, or on other sections are told, and right ones are left alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import tifffile
from emseg_bench.benchmark.contracts.data import Case
from emseg_bench.benchmark.experiments.opening import open_dataset
from emseg_bench.benchmark.plugins.dataset_lookup import find_dataset
from emseg_bench.benchmark.plugins.loading import load_plugins
from emseg_bench.datasets.folder.dataset import open_folder
from emseg_bench.datasets.inspection.belonging import Belonging, find_belonging
from emseg_bench.datasets.inspection.belonging_words import belonging_sentences
from emseg_bench.datasets.inspection.fits import TURNS
from emseg_bench.datasets.inspection.places import Place, each_once, in_runs, places_of
from emseg_bench.datasets.inspection.sampling import look_at_belonging, to_compare
from emseg_bench.datasets.inspection.sketches import draw
from emseg_bench.datasets.volume.factory import open_volumes
from PIL import Image
from scipy.ndimage import gaussian_filter

SIDE = 128
Pair = tuple[np.ndarray, np.ndarray]


def tissue(seed: int, side: int = SIDE) -> Pair:
    """Draw blobs darker than what is around them, and where they are."""
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=(side, side)), 6, mode="wrap")
    blobs = noise > np.quantile(noise, 0.7)
    fine = np.random.default_rng(seed + 1000).normal(0, 12, (side, side))
    image = 160 - 70 * gaussian_filter(blobs.astype(float), 1) + fine
    return np.clip(image, 0, 255).astype(np.uint8), blobs.astype(np.uint8)


def stack(depth: int = 24, thickness: float = 3.0) -> Pair:
    """Draw a volume whose sections change slowly."""
    noise = gaussian_filter(np.random.default_rng(0).normal(size=(depth, SIDE, SIDE)), (thickness, 6, 6))
    blobs = noise > np.quantile(noise, 0.7)
    image = 160 - 70 * gaussian_filter(blobs.astype(float), (0, 1, 1))
    image = image + np.random.default_rng(1).normal(0, 12, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8), blobs.astype(np.uint8)


def place(number: int, stacked: bool = False, volume: str = "v") -> Place:
    case = Case(
        id=f"train/{volume}{number:02d}",
        split="train",
        height=SIDE,
        width=SIDE,
        sha256=f"{volume}{number}",
        group=volume if stacked else None,
        section=number if stacked else None,
    )
    return Place(case, None, f"{volume}/0" if stacked else "", number)


def looked(pairs: Sequence[Pair], *, stacked: bool = False) -> Belonging:
    drawn = [draw(place(k, stacked), image, labels, None) for k, (image, labels) in enumerate(pairs)]
    return find_belonging([sketch for sketch in drawn if sketch])


def told(pairs: Sequence[Pair], *, stacked: bool = False) -> list[str]:
    return list(belonging_sentences(looked(pairs, stacked=stacked)))


def given(pairs: Sequence[Pair], order: Sequence[int]) -> list[Pair]:
    """Give each image the mask of another."""
    return [(image, pairs[other][1]) for (image, _), other in zip(pairs, order, strict=True)]


@pytest.mark.parametrize("number", [1, 2, 3, 5, 12])
def test_right_masks_are_left_alone(number):
    assert told([tissue(seed) for seed in range(number)]) == []


def test_exchanged_masks_are_named_with_the_images_that_they_fit():
    order = [0, 1, 5, 2, 4, 3, 6, 7, 8, 9]  # 2 has the mask of 5, 3 that of 2, 5 that of 3
    found = looked(given([tissue(seed) for seed in range(10)], order))
    assert {(one.mask, one.image) for one in found.exchanges} == {(2, 5), (3, 2), (5, 3)}
    assert all(one.here < 0.4 and one.there > 1 for one in found.exchanges)
    assert found.chance is not None
    assert found.chance < 0.01  # most masks are right
    (sentence,) = belonging_sentences(found)
    assert re.match(
        r"3 of 10 masks seem to belong to other images: the mask of train/v02 fits train/v05 better, "
        r"\d\.\d\d instead of 0\.\d\d; ",
        sentence,
    )


@pytest.mark.parametrize("number", [2, 3, 4])
def test_of_few_images_no_more_is_said_than_is_known(number):
    (sentence,) = told(given([tissue(seed) for seed in range(number)], np.roll(range(number), 1)))
    assert sentence.startswith(f"{number} of {number} masks ")
    assert f"permutations of {number} images prove little" in sentence


def test_masks_that_are_all_one_image_late():
    (sentence,) = told(given([tissue(seed) for seed in range(8)], [*range(1, 8), 7]))
    assert sentence.startswith(
        "7 of 8 masks fit the image 1 later in the order of names: the mask of train/v00"
    )


def test_masks_in_reverse_order():
    (sentence,) = told(given([tissue(seed) for seed in range(9)], range(8, -1, -1)))
    assert sentence.startswith(
        "8 of 9 masks run the other way than the images: the first belongs to the last"
    )


WAYS = {
    "mirrored left to right": np.fliplr,
    "mirrored top to bottom": np.flipud,
    "turned by 180°": lambda labels: np.rot90(labels, 2),
    "transposed (rows and columns exchanged)": np.transpose,
    "turned by 90° to the left": lambda labels: np.rot90(labels, -1),
    "turned by 90° to the right": np.rot90,
    "transposed along the other diagonal": lambda labels: np.rot90(labels, 2).T,
}
"""What must have happened to masks that would fit better so."""


@pytest.mark.parametrize("words", TURNS)
def test_turned_masks(words):
    (sentence,) = told([(image, WAYS[words](labels)) for image, labels in map(tissue, range(6))])
    assert sentence.startswith(f"6 of 6 masks would fit their images better {words} (")


def test_a_single_mirrored_mask_is_told():
    image, labels = tissue(3)
    (sentence,) = told([(image, labels[:, ::-1])])
    assert "1 of 1 masks would fit their images better mirrored left to right" in sentence


def test_masks_of_images_that_are_not_there():
    pairs = [(tissue(seed)[0], tissue(seed + 50)[1]) for seed in range(8)]
    (sentence,) = told(pairs)
    assert re.match(
        r"masks fit their images no better than when they are moved about by chance \(permutation test "
        r"over 8 masks: p = 0\.\d+\): are they the masks of these images\?",
        sentence,
    )
    pairs = [tissue(seed) for seed in range(10)]
    pairs[4] = (pairs[4][0], tissue(95)[1])
    (sentence,) = told(pairs)
    assert sentence.startswith(
        "1 of 10 masks fit their images no better than when they are moved about by chance"
    )
    assert "train/v04. Are they of other images?" in sentence


@pytest.mark.parametrize("moved", [1, 2, -1])
def test_labels_of_neighbouring_sections(moved):
    image, labels = stack()
    assert told(list(zip(image, labels, strict=True)), stacked=True) == []
    kept = slice(max(0, -moved), len(image) - max(0, moved))
    wrong = list(zip(image[kept], np.roll(labels, -moved, axis=0)[kept], strict=True))
    found = looked(wrong, stacked=True)
    assert found.lag is not None
    assert found.lag.sections == moved
    assert f"{abs(moved)} section" in next(belonging_sentences(found))


def test_a_stack_of_labels_the_wrong_way_round():
    image, labels = stack(30, 1.5)
    (sentence,) = told(list(zip(image, labels[::-1], strict=True)), stacked=True)
    assert "run the other way than the images: the first belongs to the last" in sentence


def test_images_without_edges_say_nothing():
    image, labels = tissue(0)
    assert told([(image, np.zeros_like(labels))] * 6) == []
    assert draw(place(0), np.full_like(image, 7), labels, None) is None
    assert draw(place(0), image[:12], labels[:12], None) is None
    assert draw(place(0), image, labels * 255, 255).edges is None


def test_large_images_are_shrunk():
    image, labels = tissue(0, 1030)
    sketch = draw(place(0), image, labels, None)
    assert sketch.maps.shape == (2, 343, 343)
    assert sketch.edges.max() <= 342
    assert told([tissue(seed, 1030) for seed in range(3)]) == []


def test_which_images_are_compared():
    cases = [Case(id=f"train/{k}", split="train", height=9, width=9, sha256=str(k)) for k in (10, 9, 2)]
    again = Case(id="test/9", split="test", height=9, width=9, sha256="9")
    volume = Case(id="val/v", split="val", depth=3, height=9, width=9, sha256="v", group="v", section=4)
    places = places_of([*cases, volume, again])
    assert [one.number for one in places] == [3, 2, 0, 4, 5, 6, 1]
    assert [one.series for one in places] == ["", "", "", "v/0", "v/0", "v/0", ""]
    assert [one.name for one in each_once(places)][-1] == "val/v, section 2"
    many = places_of(
        Case(id=f"train/{k}", split="train", height=9, width=9, sha256=str(k)) for k in range(1000)
    )
    chosen = [one.number for one in in_runs(many, 96)]
    assert len(chosen) == 96
    assert chosen[:8] == [*range(8)]
    assert chosen[-8:] == [*range(992, 1000)]


# ---------------------------------------------------------------------------------- as people use it
def write_folder(root, change: Callable[[list[int]], Sequence[int]] = lambda order: order, number=9):
    for kind in ("images", "masks"):
        (root / kind).mkdir(parents=True)
    pairs = [tissue(seed) for seed in range(number)]
    for k, (image, labels) in enumerate(given(pairs, change([*range(number)]))):
        Image.fromarray(image).save(root / "images" / f"cell_{'abcdefghijkl'[k]}.png")
        Image.fromarray(labels).save(root / "masks" / f"cell_{'abcdefghijkl'[k]}.png")
    return root


def exchange(order):
    return [order[0], order[7], *order[2:7], order[1], *order[8:]]


def test_commands_say_it_and_remember_it(invoke, tmp_path, monkeypatch):
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(tmp_path / "cache"))
    root = write_folder(tmp_path / "cells", exchange)
    said = "2 of 9 masks seem to belong to other images: the mask of train/cell_b fits"
    done = invoke("data", "inspect", f"folder:{root}")
    assert said in " ".join(done.out.split())
    done = invoke("data", "verify", f"folder:{root}")
    assert (done.code, said in " ".join(done.out.split())) == (1, True)
    plan = ("run", "--models", "unet", "--datasets", f"folder:{root}", "--recipe", "smoke", "--dry-run")
    for _ in range(2):
        done = invoke(*plan)
        assert done.code == 0, done.err
        assert said in " ".join((done.out + done.err).split())
        monkeypatch.setattr("emseg_bench.datasets.inspection.sampling.read_places", None)
    assert len(list((tmp_path / "cache" / "datasets" / "belonging").iterdir())) == 1


def test_nothing_is_said_of_a_right_folder(invoke, tmp_path, monkeypatch):
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(tmp_path / "cache"))
    root = write_folder(tmp_path / "cells")
    done = invoke("data", "verify", f"folder:{root}")
    assert done.code == 0, done.out
    assert "masks: they fit their images" in done.out
    done = invoke("run", "--models", "unet", "--datasets", f"folder:{root}", "--dry-run", "--recipe", "smoke")
    assert "masks" not in done.out


def sentences(dataset) -> list[str]:
    return list(belonging_sentences(look_at_belonging(dataset, to_compare(dataset.manifest), lambda: None)))


def test_labels_of_the_other_volume(tmp_path, cache):
    folder = tmp_path / "volumes"
    folder.mkdir()
    for seed, name in ((0, "a"), (5, "b")):
        pairs = [tissue(100 * seed + z) for z in range(12)]
        tifffile.imwrite(
            folder / f"{name}.tif", np.stack([image for image, _ in pairs]), photometric="minisblack"
        )
        labels = np.stack([labels for _, labels in pairs])
        tifffile.imwrite(folder / f"{name}_labels.tif", labels, photometric="minisblack")
    listed = "volumes: [{image: a.tif, labels: %s_labels.tif}, {image: b.tif, labels: %s_labels.tif}]\n"
    (folder / "dataset.yaml").write_text(listed % ("a", "b"))
    assert sentences(open_volumes(str(folder), cache)) == []
    (folder / "dataset.yaml").write_text(listed % ("b", "a") + "voxel_size_nm: [50, 8, 8]\n")
    (sentence,) = sentences(open_volumes(str(folder), cache))
    assert "masks fit the image of another volume (labels of " in sentence


@pytest.mark.parametrize("name", ["vnc", "cdeep3m_mito", "cem_examples", "emps_particles"])
def test_masks_of_real_images_are_left_alone(name, real_data, cache):
    assert sentences(open_folder(str(real_data(name)), cache)) == []


@pytest.mark.parametrize("part", ["train", "test"])
@pytest.mark.parametrize("labels", ["boundaries", "instances"])
def test_labels_of_real_volumes(part, labels, real_data, cache, tmp_path):
    root = real_data("gala_fibsem_mini") / part
    kind = {"instances": "binary"} if labels == "instances" else {}
    way = {"labels": f"{labels}.tif", "scored": "volumes", **kind}
    assert sentences(open_volumes(str(root / "image.tif"), cache, **way)) == []
    truth = tifffile.imread(root / f"{labels}.tif")
    for wrong, said in (
        (truth[::-1], "run the other way than the images"),
        (np.roll(truth, 1, axis=0), "fit the image 1 section further back better"),
        (truth[:, ::-1], "better mirrored top to bottom"),
    ):
        tifffile.imwrite(tmp_path / "wrong.tif", wrong, photometric="minisblack")
        dataset = open_volumes(
            str(root / "image.tif"), cache, **way | {"labels": str(tmp_path / "wrong.tif")}
        )
        assert any(said in sentence for sentence in sentences(dataset)), said


def test_ten_exchanged_masks_of_real_images_are_found(real_data):
    root = real_data("vnc")
    names = sorted(path.name for path in (root / "images").iterdir())
    pairs = [
        tuple(np.array(Image.open(root / kind / name)) for kind in ("images", "masks")) for name in names
    ]
    order = [*np.roll(range(10), 3), *range(10, 20)]
    found = looked(given(pairs, order))
    assert {(one.mask, one.image) for one in found.exchanges} == {(k, order[k]) for k in range(10)}
    assert (found.turns, found.strays) == ((), ())


def test_a_dataset_is_opened_as_commands_do(tmp_path, monkeypatch):
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(tmp_path / "cache"))
    found = find_dataset("synthetic-em[size=128,train=8,val=3,test=3]", load_plugins().catalogue)
    assert sentences(open_dataset(*found, tmp_path / "cache")) == []
