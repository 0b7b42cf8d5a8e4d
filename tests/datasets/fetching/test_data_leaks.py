"""Looks of images, and leaks between splits found by them."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.data import Case
from emseg_bench.datasets.fetching.leaks import (
    ALIKE_BITS,
    TURNED_BITS,
    Portrait,
    adjacent_notes,
    find_likenesses,
    leak_notes,
)
from emseg_bench.datasets.fetching.looks import NOTHING_TO_SEE, as_turned, bits_apart, look
from emseg_bench.datasets.fetching.portraits import portrait
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

SHARED_DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"


def tissue(seed: int, shape: tuple[int, ...] = (192, 256)) -> np.ndarray:
    """Draw something with structures of several sizes."""
    rng = np.random.default_rng(seed)
    layers = [ndimage.gaussian_filter(rng.random(shape), size) * size for size in (2, 6, 18)]
    field = sum(layers)
    return ((field - field.min()) / np.ptp(field) * 255).astype(np.uint8)


def jpeg(image: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=40)
    return np.asarray(Image.open(file))


CHANGES = {
    "brighter": lambda image: np.clip(image.astype(int) + 25, 0, 255).astype(np.uint8),
    "flatter": lambda image: (128 + 0.7 * (image.astype(float) - 128)).astype(np.uint8),
    "steeper": lambda image: np.clip(128 + 1.3 * (image.astype(float) - 128), 0, 255).astype(np.uint8),
    "noisy": lambda image: np.clip(
        image + np.random.default_rng(5).normal(0, 10, image.shape), 0, 255
    ).astype(np.uint8),
    "jpeg": jpeg,
    "16 bit": lambda image: image.astype(np.uint16) * 257,
    "float": lambda image: image / np.float32(255),
    "narrow": lambda image: (68 + image / 255 * 37).astype(np.uint8),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_image_looks_the_same(change):
    for seed in range(4):
        image = tissue(seed)
        assert bits_apart(look(image), look(CHANGES[change](image))) <= ALIKE_BITS


def test_an_image_with_black_and_white_exchanged_is_found():
    image = tissue(0)
    first = portraits("train", ("a", "1", look(image)), ("b", "2", look(tissue(1))))
    second = portraits("test", ("c", "3", look(255 - image)), ("d", "4", look(255 - tissue(7))))
    (found,) = find_likenesses(first, second)
    assert (found.first.name, found.second.name, found.how) == ("a", "c", "alike")


TURNS = {
    "mirrored": lambda image: image[:, ::-1],
    "upside down": lambda image: image[::-1],
    "turned by 180": lambda image: np.rot90(image, 2),
    "turned by 90": np.rot90,
    "turned by 270": lambda image: np.rot90(image, 3),
    "transposed": lambda image: image.T,
    "transposed otherwise": lambda image: np.rot90(image, 2).T,
    "mirrored negative": lambda image: 255 - image[:, ::-1],
    "mirrored and flatter": lambda image: (80 + 0.5 * image[:, ::-1]).astype(np.uint8),
}


@pytest.mark.parametrize("turn", TURNS)
def test_a_mirrored_or_turned_copy_is_found_and_told(turn):
    images = [tissue(seed) for seed in range(6)]
    first = portraits("train", *((f"a{k}", f"1{k}", look(image)) for k, image in enumerate(images[:5])))
    second = portraits("test", *((f"b{k}", f"2{k}", look(TURNS[turn](images[k]))) for k in (1, 3, 5)))
    found = find_likenesses(first, second)
    assert [(one.first.name, one.second.name, one.how) for one in found] == [
        ("a1", "b1", "turned"), ("a3", "b3", "turned")
    ]  # fmt: skip
    assert list(leak_notes([*first, *second])) == [
        "The train split holds mirrored or turned copies of 2 images of the test split (a1 and b1; a3 and "
        "b3): scores are optimistic."
    ]


def test_different_images_look_different():
    looks = [look(tissue(seed)) for seed in range(12)]
    apart = [bits_apart(a, b) for place, a in enumerate(looks) for b in looks[:place]]
    assert min(apart) > 4 * ALIKE_BITS
    turned = [
        bits_apart(a, f"{other:064x}")
        for place, a in enumerate(looks)
        for b in looks[:place]
        for other in as_turned(int(b, 16))
    ]
    assert min(turned) > 3 * TURNED_BITS


@pytest.mark.parametrize("pack", ["vnc/images", "cdeep3m_mito/train/images", "cdeep3m_mito/val/images"])
def test_of_real_sections_copies_are_found_and_neighbours_are_not(pack):
    """What the docstring of ``leaks.py`` says was measured, on a few sections."""
    if not (SHARED_DATA / pack).is_dir():
        pytest.skip(f"needs real data in {SHARED_DATA / pack}")
    files = sorted((SHARED_DATA / pack).iterdir())[:6]
    images = [np.asarray(Image.open(file)) for file in files]
    looks = [look(image) for image in images]
    for first, second in pairwise(looks):
        assert bits_apart(first, second) >= 18
    for change in CHANGES.values():
        assert bits_apart(looks[0], look(change(images[0]))) <= 12


def test_an_image_of_one_value_has_no_look():
    blank = np.full((30, 40), 7, np.uint8)
    assert look(blank) == look(blank.astype(np.uint16)) == NOTHING_TO_SEE


@given(a=st.integers(0, 2**256 - 1), b=st.integers(0, 2**256 - 1))
def test_bits_are_counted(a, b):
    expected = sum(x != y for x, y in zip(f"{a:0256b}", f"{b:0256b}", strict=True))
    assert bits_apart(f"{a:064x}", f"{b:064x}") == expected


def flipped(text: str, bits: int) -> str:
    return f"{int(text, 16) ^ ((1 << bits) - 1):064x}"


def portraits(split: str, *images: tuple[str, str, str]) -> list[Portrait]:
    return [Portrait(name=name, split=split, pixels=pixels, look=look_) for name, pixels, look_ in images]


LOOK = "ab" * 32


@given(bits=st.integers(1, 40))
def test_nearly_means_so_many_bits_and_no_more(bits):
    first = portraits("train", ("a", "1", LOOK), ("far", "2", flipped(LOOK, 200)))
    found = find_likenesses(first, portraits("test", ("b", "3", flipped(LOOK, bits))))
    assert [(one.first.name, one.second.name, one.how) for one in found] == (
        [("a", "b", "alike")] if bits <= ALIKE_BITS else []
    )


@given(seed=st.integers(0, 1000), first=st.integers(0, 20), second=st.integers(0, 600))
def test_the_nearest_is_found_as_by_comparing_all(seed, first, second):
    rng = np.random.default_rng(seed)

    def draw(split: str, number: int) -> list[Portrait]:
        return portraits(
            split,
            *((f"{split}{k}", f"{split}{k}", flipped(LOOK, int(rng.integers(0, 60)))) for k in range(number)),
        )

    known, asked = draw("train", first), draw("test", second)
    nearest = {
        one.name: min((bits_apart(one.look, other.look) for other in known), default=999) for one in asked
    }
    found = {
        one.second.name: bits_apart(one.first.look, one.second.look) for one in find_likenesses(known, asked)
    }
    assert found == {name: bits for name, bits in nearest.items() if bits <= ALIKE_BITS}


def test_leaks_are_told_a_sentence_for_each_kind():
    seen = [
        *portraits("train", ("t0", "1", LOOK), ("t1", "2", flipped(LOOK, 100))),
        *portraits("val", ("v0", "3", flipped(LOOK, 102)), ("v1", "9", NOTHING_TO_SEE)),
        *portraits("test", ("e0", "1", LOOK), ("e1", "9", NOTHING_TO_SEE)),
    ]
    assert list(leak_notes(seen)) == [
        "The train split holds images nearly identical to 1 image of the val split (t1 and v0): scores may "
        "be optimistic.",
        "The train split holds copies of 1 image of the test split (t0 and e0): scores are optimistic.",
    ]


def test_a_val_split_that_serves_as_test_is_no_leak():
    seen = [*portraits("val", ("v0", "1", LOOK)), *portraits("test", ("e0", "1", LOOK))]
    assert list(leak_notes(seen)) == []


def test_portraits_tell_pixels_and_types_apart():
    image = tissue(0)[None]
    same = portrait("a", "train", image)
    assert portrait("b", "test", image.copy()).pixels == same.pixels
    assert portrait("c", "test", image[:, ::-1]).pixels != same.pixels
    assert portrait("d", "test", np.repeat(image, 3, axis=0)).look == same.look


def section(split: str, group: str, z: int | None) -> Case:
    return Case(id=f"{split}/{group}-{z}", split=split, height=9, width=9, sha256="", group=group, section=z)


def test_adjacent_sections_are_found_in_the_manifest_alone():
    cases = [
        *(section("train", "a", z) for z in (0, 1, 2)),
        section("val", "a", 3),
        section("test", "a", 5),
        *(section("train", "b", z) for z in (4, 9)),
        section("train", "c", None),
        section("test", "c", None),
    ]
    assert list(adjacent_notes(cases)) == [
        "Adjacent sections of one volume are in the train and the val split at 1 place (train/a-2 and "
        "val/a-3): leave a gap, or scores are optimistic."
    ]
