"""The gap between blocks of a stack of unknown thickness is what similarity of its sections asks for."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import tifffile
from emseg_bench.benchmark.contracts.data import SPLITS
from emseg_bench.datasets.collection import spacing
from emseg_bench.datasets.collection.spacing import Likeness, Stack, gap_note, largest_gap, likeness
from emseg_bench.datasets.folder.dataset import open_folder
from emseg_bench.datasets.volume.factory import open_volumes
from PIL import Image
from scipy.ndimage import gaussian_filter


def drawn(thickness, depth=40, side=64):
    """Draw sections that are alike over about so many sections."""
    noise = gaussian_filter(np.random.default_rng(0).normal(size=(depth, side, side)), (thickness, 2, 2))
    return np.clip(128 + 40 * noise / noise.std(), 0, 255).astype(np.uint8)


def stack(sections, key="k"):
    return Stack(
        depth=len(sections),
        section_bytes=sections[0].nbytes,
        key=key,
        read=lambda run: sections[run.start : run.stop],
    )


@pytest.mark.parametrize(("thickness", "distance"), [(0, 1), (1, 4), (2, 7), (3, 10)])
def test_distance_at_which_sections_are_as_good_as_far_apart(tmp_path, thickness, distance):
    found = likeness(stack(drawn(thickness, 80)), tmp_path)
    # correlation of noise smoothed by s falls as exp(-d^2 / 4 s^2): 0.05 at d = 3.46 s
    assert found.distance == pytest.approx(distance, abs=1)
    assert abs(found.far) < 0.05
    for number, value in enumerate(found.near[:6], 1):
        expected = np.exp(-(number**2) / (4 * thickness**2)) if thickness else 0
        assert value == pytest.approx(expected, abs=0.08)


def test_long_stacks_are_read_at_both_ends_and_in_the_middle(tmp_path, monkeypatch):
    read = []
    volume = drawn(2, 400, 32)

    def some(run):
        read.extend(run)
        return volume[run.start : run.stop]

    found = likeness(Stack(depth=400, section_bytes=32 * 32, key="long", read=some), tmp_path)
    assert read == [*range(32), *range(184, 216), *range(368, 400)]
    assert found.distance == pytest.approx(7, abs=1)
    read.clear()
    assert likeness(Stack(depth=400, section_bytes=32 * 32, key="long", read=some), tmp_path) == found
    assert read == []  # remembered
    monkeypatch.setattr(spacing, "READ_BYTES", 32 * 32 * 30)
    likeness(Stack(depth=400, section_bytes=32 * 32, key="wide", read=some), tmp_path)
    assert len(read) == 30


def test_brightness_that_changes_slowly_is_no_likeness(tmp_path):
    shade = np.linspace(0, 120, 64)[None, None, :]
    volume = (drawn(0).astype(float) / 2 + shade).astype(np.uint8)
    assert likeness(stack(volume), tmp_path).distance == 1


def test_images_of_different_sizes_are_not_alike(tmp_path):
    found = likeness(stack([*drawn(3)[:20], *drawn(3)[:20, :40]]), tmp_path)
    assert found.distance == 1


@pytest.mark.parametrize(
    ("depth", "share", "gaps", "most"),
    [(12, 0.6, 2, 1), (50, 0.6, 2, 6), (400, 0.6, 2, 50), (50, 0.2, 2, 2), (50, 0.3, 3, 2), (0, 0.6, 2, 1)],
)
def test_no_more_is_left_out_than_a_stack_can_spare(depth, share, gaps, most):
    assert largest_gap(depth, share, gaps) == most


def test_the_note_says_what_was_measured():
    found = Likeness((0.8, 0.5, 0.2, 0.04, 0.0), 0.0)
    assert gap_note(found, 3) == (
        "The thickness of sections is not known; 3 are left out between blocks by how alike they are: "
        "neighbours correlate by 0.80, sections 4 apart by 0.04, far ones by 0.00. voxel_size_nm or the "
        "option gap settle it."
    )
    assert "which asks for 3, were the stack long enough" in gap_note(found, 2)


def write_volume(folder, volume):
    labels = (volume > 150).astype(np.uint8)
    tifffile.imwrite(folder / "v.tif", volume, photometric="minisblack")
    tifffile.imwrite(folder / "v_labels.tif", labels, photometric="minisblack")
    return str(folder / "v.tif")


def gaps(manifest):
    """Return the numbers of sections between blocks."""
    order = sorted((case.section, case.split) for case in manifest.cases)
    return [b - a - 1 for (a, one), (b, other) in pairwise(order) if one != other]


def test_volumes_get_the_gap_that_they_need(tmp_path, cache, invoke, monkeypatch):
    path = write_volume(tmp_path, drawn(1, 60))
    way = {"labels": "v_labels.tif"}
    manifest = open_volumes(path, cache, **way).manifest
    assert gaps(manifest) == [3, 3]
    assert manifest.notes[0].startswith("The thickness of sections is not known; 3 are left out between")
    assert [len(manifest.split(split)) for split in SPLITS] == [30, 12, 12]
    assert gaps(open_volumes(path, cache, voxel_size="30x8x8", **way).manifest) == [2, 2]  # 50 nm
    assert gaps(open_volumes(path, cache, gap=1, **way).manifest) == [1, 1]
    assert gaps(open_volumes(path, cache, folds=4, **way).manifest) == [3, 3]
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(cache))
    done = invoke("data", "inspect", f"volume[labels=v_labels.tif]:{path}")
    assert "3 are left out between blocks by how alike they are" in " ".join(done.out.split())


def test_volumes_that_are_not_cut_are_not_measured(tmp_path, cache, monkeypatch):
    monkeypatch.setattr("emseg_bench.datasets.collection.spacing.likeness", None)
    for name in "abc":
        (tmp_path / name).mkdir()
        write_volume(tmp_path / name, drawn(1, 60))
    entries = ", ".join(
        f"{{image: {name}/v.tif, labels: {name}/v_labels.tif, name: {name}, group: g{name}}}"
        for name in "abc"
    )
    (tmp_path / "dataset.yaml").write_text(f"volumes: [{entries}]\n")
    assert len(open_volumes(str(tmp_path), cache).manifest.cases) == 180
    short = tmp_path / "short"
    short.mkdir()
    manifest = open_volumes(write_volume(short, drawn(1, 15)), cache, labels="v_labels.tif").manifest
    assert gaps(manifest) == [1, 1]  # an eighth of so few is no more than one


def test_slices_in_a_folder(tmp_path, cache):
    volume = drawn(1, 60)
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
    for z, section in enumerate(volume):
        Image.fromarray(section).save(tmp_path / "images" / f"z{z:02d}.png")
        Image.fromarray((section > 150).astype(np.uint8)).save(tmp_path / "masks" / f"z{z:02d}.png")
    yaml = tmp_path / "dataset.yaml"
    for text, expected in (
        ("volume: true\n", [3, 3]),
        ("volume: true\nvoxel_size_nm: [8, 8]\n", [3, 3]),
        ("volume: true\nvoxel_size_nm: [30, 8, 8]\n", [2, 2]),
    ):
        yaml.write_text(text)
        manifest = open_folder(str(tmp_path), cache).manifest
        assert gaps(manifest) == expected
        assert any("3 are left out" in note for note in manifest.notes) == (expected == [3, 3])
    yaml.write_text("volume: false\n")
    assert len(open_folder(str(tmp_path), cache).manifest.cases) == 60


@pytest.mark.parametrize(("part", "asked", "gap"), [("train", 8, 6), ("test", 6, 6)])
def test_neurons_in_a_fib_sem(real_data, cache, part, asked, gap):
    root = real_data("gala_fibsem_mini") / part
    manifest = open_volumes(str(root / "image.tif"), cache, labels="boundaries.tif").manifest
    assert gaps(manifest) == [gap, gap]
    note = next(note for note in manifest.notes if "left out" in note)
    assert (f"which asks for {asked}" in note) == (asked > gap)


def test_a_stack_of_nerve_cord(real_data, cache, tmp_path):
    images = sorted((real_data("vnc") / "images").iterdir())
    volume = np.stack([np.array(Image.open(path)) for path in images])
    path = write_volume(tmp_path, volume)
    manifest = open_volumes(path, cache, labels="v_labels.tif").manifest
    assert gaps(manifest) == [2, 2]
    said = "2 are left out between blocks by how alike they are, which asks for 3"
    assert any(said in note for note in manifest.notes)
