"""What `data init` takes from the files themselves: pixel sizes, places in space, sections by other names."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import tifffile
import zarr
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.datasets.drafting.drafting import draft, try_out, write
from emseg_bench.datasets.volume.factory import open_volumes
from PIL import Image

FEI = (
    "[Scan]\r\nPixelWidth={0}e-009\r\nPixelHeight={0}e-009\r\n[Image]\r\nResolutionX=40\r\nResolutionY=30\r\n"
)
RNG = np.random.default_rng(0)


def sem_folder(root, sizes, rows=32):
    for kind in ("images", "masks"):
        (root / kind).mkdir(parents=True)
    for place, size in enumerate(sizes):
        pixels = RNG.integers(0, 255, (rows, 40), dtype=np.uint8)
        tag = (34682, "s", 0, FEI.format(size).encode(), True)
        tifffile.imwrite(root / "images" / f"cell{place}a.tif", np.stack([pixels] * 3, -1), photometric="rgb",
                         metadata=None, extratags=[tag])  # fmt: skip
        Image.fromarray((pixels > 99).astype(np.uint8)).save(root / "masks" / f"cell{place}a.png")
    return root


def test_sem_images_in_colours_are_grey_and_have_their_size(tmp_path):
    found = draft(sem_folder(tmp_path / "sem", [8] * 5), tmp_path / "cache")
    assert any(line.startswith("voxel_size_nm: [8, 8]") for line in found.lines)
    assert any("data bar in its lowest 2 rows" in doubt for doubt in found.to_check)
    write(found, overwrite=False)
    manifest = try_out(found, tmp_path / "cache")
    assert (manifest.channels, manifest.voxel_size_nm) == (1, (8, 8))


def test_pixels_of_different_sizes_are_told(tmp_path):
    found = draft(sem_folder(tmp_path / "sem", [8, 8, 16]), tmp_path / "cache")
    assert not any(line.startswith("voxel_size_nm") for line in found.lines)
    assert any("pixels of different sizes" in doubt and "[16, 16]" in doubt for doubt in found.to_check)


AXES = [{"name": name, "type": "space", "unit": "nanometer"} for name in "zyx"]
IMAGE = RNG.integers(0, 256, (12, 32, 40), dtype=np.uint8)
LABELS = (RNG.random(IMAGE.shape) > 0.7).astype(np.uint8)


def ngff(group, values, levels=1, step=1, origin=(0, 0, 0)):
    sets = []
    for level in range(levels):
        data = np.ascontiguousarray(values[:, :: 2**level, :: 2**level])
        group.create_array(str(level), shape=data.shape, dtype=data.dtype)[...] = data
        side = 8.0 * step * 2**level
        steps = [{"type": "scale", "scale": [30.0, side, side]},
                 {"type": "translation", "translation": [*map(float, origin)]}]  # fmt: skip
        sets.append({"path": str(level), "coordinateTransformations": steps})
    group.attrs["multiscales"] = [{"axes": AXES, "datasets": sets}]


def drafted(path, cache):
    found = draft(path, cache)
    write(found, overwrite=True)
    return found, open_volumes(str(found.place.parent), cache)


def first_labels(dataset):
    return dataset.read(dataset.manifest.cases[0]).labels


def test_the_level_that_labels_fit_is_written_down(tmp_path):
    (tmp_path / "d").mkdir()
    ngff(zarr.open_group(tmp_path / "d" / "raw.zarr", mode="w", zarr_format=2), IMAGE, levels=2)
    labels = zarr.open_group(tmp_path / "d" / "raw_labels.zarr", mode="w", zarr_format=2)
    ngff(labels, np.ascontiguousarray(LABELS[:, ::2, ::2]), step=2)
    found, dataset = drafted(tmp_path / "d", tmp_path / "cache")
    assert "level: 1" in found.text
    assert "raw.zarr has the labels raw_labels.zarr, which fit its level 1" in found.decided
    assert dataset.manifest.voxel_size_nm == (30, 16, 16)
    np.testing.assert_array_equal(first_labels(dataset), LABELS[0, ::2, ::2])


def test_labels_within_an_ome_zarr_are_proposed(tmp_path):
    (tmp_path / "d").mkdir()
    root = zarr.open_group(tmp_path / "d" / "cells.zarr", mode="w", zarr_format=2)
    root.attrs["bioformats2raw.layout"] = 3
    ngff(root.create_group("0"), IMAGE, levels=2)
    ngff(root["0"].create_group("labels").create_group("mito"), LABELS)
    found, dataset = drafted(tmp_path / "d", tmp_path / "cache")
    assert 'labels: "cells.zarr:/0/labels/mito"' in found.text
    np.testing.assert_array_equal(first_labels(dataset), LABELS[0])


def test_labels_that_lie_elsewhere_are_refused_with_both_places(tmp_path):
    (tmp_path / "d").mkdir()
    ngff(zarr.open_group(tmp_path / "d" / "raw.zarr", mode="w", zarr_format=2), IMAGE)
    ngff(
        zarr.open_group(tmp_path / "d" / "raw_labels.zarr", mode="w", zarr_format=2),
        LABELS,
        origin=(0, 80, 0),
    )
    with pytest.raises(DataError, match=r"raw.zarr lies in .*-4 to .* and .*raw_labels.zarr in .*76 to "):
        draft(tmp_path / "d", tmp_path / "cache")


def test_labels_of_a_part_belong_to_their_image(tmp_path):
    (tmp_path / "d").mkdir()
    ngff(zarr.open_group(tmp_path / "d" / "raw.zarr", mode="w", zarr_format=2), IMAGE)
    crop = zarr.open_group(tmp_path / "d" / "raw_labels.zarr", mode="w", zarr_format=2)
    ngff(crop, np.ascontiguousarray(LABELS[:, 4:28, 8:36]), origin=(0, 32, 64))
    _, dataset = drafted(tmp_path / "d", tmp_path / "cache")
    np.testing.assert_array_equal(first_labels(dataset), LABELS[0, 4:28, 8:36])


@pytest.mark.parametrize("key", ["channels", "frames"])
def test_sections_by_another_name_are_told(key, tmp_path):
    (tmp_path / "d").mkdir()
    text = f"ImageJ=1.11a\nimages=12\n{key}=12\nhyperstack=true\nmode=grayscale\n"
    for name, values in (("cells.tif", IMAGE), ("cells_labels.tif", LABELS)):
        tifffile.imwrite(
            tmp_path / "d" / name, values, photometric="minisblack", description=text, metadata=None
        )
    found, dataset = drafted(tmp_path / "d", tmp_path / "cache")
    assert any("calls its 12 sections" in doubt for doubt in found.to_check)
    np.testing.assert_array_equal(first_labels(dataset), LABELS[0])


def test_palettes_and_negatives_of_labels(tmp_path):
    """A palette of colours, in labels whose name does not say that they are some."""
    (tmp_path / "d").mkdir()
    tifffile.imwrite(tmp_path / "d" / "cells.tif", IMAGE, photometric="minisblack")
    colours = RNG.integers(0, 65535, (3, 256), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "d" / "painted.tif", LABELS, photometric="palette", colormap=colours)
    _, dataset = drafted(tmp_path / "d", tmp_path / "cache")
    np.testing.assert_array_equal(first_labels(dataset), LABELS[0])


@pytest.mark.parametrize("inside", ["data", "exported_data", "main"])
@pytest.mark.parametrize(("first", "second"), [("raw", "labels"), ("cells", "cells_segmentation")])
def test_names_that_programs_always_give_say_nothing_of_labels(tmp_path, inside, first, second):
    """Such as `data`, in files whose own names tell."""
    grey = RNG.integers(0, 255, (10, 24, 32), dtype=np.uint8)
    labels = (RNG.random((10, 24, 32)) > 0.7).astype(np.uint8)
    for name, values in ((first, grey), (second, labels)):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file[inside] = values
    found = draft(tmp_path, tmp_path / "cache")
    assert f"{first}.h5:/{inside} has the labels {second}.h5:/{inside}" in found.decided
