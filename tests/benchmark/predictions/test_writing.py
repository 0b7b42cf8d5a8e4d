"""Files that other programs open: values, voxel sizes, axes, places and names, read back by libraries."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import tifffile
import zarr
from emseg_bench.benchmark.images.class_colours import rgb
from emseg_bench.benchmark.images.label_pictures import label_values
from emseg_bench.benchmark.predictions.label_maps import read_label_map
from emseg_bench.benchmark.predictions.volume_files import open_volume, pixel_size
from emseg_bench.benchmark.predictions.writing import imagej
from emseg_bench.benchmark.predictions.writing.about import About
from emseg_bench.benchmark.predictions.writing.files import made_from, write_file
from ome_zarr_models.v04.image import ImageAttrs
from ome_zarr_models.v04.image_label_types import Label
from ome_zarr_models.v04.multiscales import Dataset
from PIL import Image

SHAPE = (40, 60, 50)
LABELS = np.random.default_rng(0).integers(0, 3, SHAPE, np.uint8)
PROBABILITIES = np.random.default_rng(1).integers(0, 256, (40, 3, 60, 50), np.uint8)
OBJECTS = LABELS.astype(np.uint32) * 40_000


def about(kind, *, image=False, **changes):
    told = {
        "kind": kind,
        "made_from": "abc",
        "words": "made by unet: 0 background, 1 µ-granule",
        "classes": ((0, "background"), (1, "granule"), (2, "membrane")),
        "image": image,
        "voxel_size_nm": (8.0, 4.0) if image else (30.0, 8.0, 4.0),
        "start": (1, 2) if image else (3, 4, 5),
        "origin_nm": None,
    }
    return About(**{**told, **changes})


def test_png_shows_colours_and_holds_label_values(tmp_path):
    owners = ((0, "background"), (40, "granule"), (7, "membrane"))
    values = np.array([0, 40, 7], np.uint8)[LABELS[0]]
    write_file(tmp_path / "l.png", values[None], about("labels", image=True, classes=owners))
    with Image.open(tmp_path / "l.png") as picture:
        assert (picture.mode, picture.info["dpi"][0]) == ("P", pytest.approx(25.4e6 / 4, rel=1e-3))
        shown = np.asarray(picture.convert("RGB"))
        assert np.array_equal(np.asarray(label_values(picture)), values)
    for place, value in enumerate((0, 40, 7)):
        assert {tuple(pixel) for pixel in shown[values == value].tolist()} == {
            rgb(place) if place else (0, 0, 0)
        }
    assert made_from(tmp_path / "l.png", "labels") == "abc"
    large = LABELS[:1].astype(np.uint16) * 300
    write_file(tmp_path / "l.png", large, about("labels", image=True))
    found = read_label_map(tmp_path / "l.png")
    assert (found.dtype, np.array_equal(found, large[0])) == (np.uint16, True)


@pytest.mark.parametrize("suffix", [".tif", ".zarr", ".h5"])
@pytest.mark.parametrize(("kind", "values"), [("labels", LABELS), ("instances", OBJECTS)])
def test_volumes_come_back_with_their_voxel_size(tmp_path, suffix, kind, values):
    path = tmp_path / f"v{suffix}"
    write_file(path, values, about(kind))
    found = open_volume(path, as_labels=True)
    assert np.array_equal(found[:], values)
    assert found.voxel_size_nm == (30, 8, 4)
    assert made_from(path, kind) == "abc"
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    if suffix != ".tif":
        assert found.grid is not None
        assert tuple(found.grid.at((0, 0, 0))) == (20, 32, 90)  # x, y, z of the part's first voxel


def test_tiff_has_what_fiji_shows(tmp_path):
    write_file(tmp_path / "v.tif", LABELS, about("labels"))
    write_file(tmp_path / "p.tif", PROBABILITIES, about("probabilities"))
    write_file(tmp_path / "i.tif", LABELS[:1], about("labels", image=True))
    with tifffile.TiffFile(tmp_path / "v.tif") as file:
        told = file.imagej_metadata
        assert (file.series[0].axes, told["slices"], told["unit"], told["spacing"]) == ("ZYX", 40, "nm", 30)
        numerator, denominator = file.pages[0].tags["XResolution"].value
        assert denominator / numerator == pytest.approx(4)
        assert [told[f"{axis}origin"] for axis in "xyz"] == [-5, -4, -3]
        colours = told["LUTs"][0] if isinstance(told["LUTs"], list) else told["LUTs"]
        assert [tuple(colours[:, value]) for value in range(3)] == [(0, 0, 0), rgb(1), rgb(2)]
        assert "µ-granule" in told["Info"]
    with tifffile.TiffFile(tmp_path / "p.tif") as file:
        assert (file.series[0].axes, file.series[0].shape) == ("ZCYX", (40, 3, 60, 50))
        assert np.array_equal(file.asarray(), PROBABILITIES)
        assert file.imagej_metadata["Labels"][:3] == ["background", "granule", "membrane"]
    assert np.array_equal(tifffile.imread(tmp_path / "i.tif"), LABELS[0])
    assert pixel_size(tmp_path / "i.tif") == pytest.approx((8, 4))


def test_what_is_too_large_for_imagej_is_ome_tiff(tmp_path, monkeypatch):
    monkeypatch.setattr(imagej, "BIG", 1)
    write_file(tmp_path / "v.tif", LABELS, about("labels"))
    with tifffile.TiffFile(tmp_path / "v.tif") as file:
        assert file.is_ome
        assert np.array_equal(file.asarray(), LABELS)
    assert open_volume(tmp_path / "v.tif").voxel_size_nm == (30, 8, 4)
    assert made_from(tmp_path / "v.tif", "labels") == "abc"


def test_hdf5_says_what_ilastik_and_fiji_look_for(tmp_path):
    write_file(tmp_path / "p.h5", PROBABILITIES, about("probabilities"))
    write_file(tmp_path / "i.h5", PROBABILITIES[:1], about("probabilities", image=True, start=(0, 0)))
    with h5py.File(tmp_path / "p.h5") as file:
        data = file["probabilities"]
        assert np.array_equal(data[:], PROBABILITIES.swapaxes(0, 1))
        assert data.attrs["axes"] == "czyx"
        assert data.attrs["element_size_um"].tolist() == [0.03, 0.008, 0.004]
        assert data.attrs["voxel_offset"].tolist() == [3, 4, 5]
    with h5py.File(tmp_path / "i.h5") as file:
        assert np.array_equal(file["probabilities"][:], PROBABILITIES[0])
        assert "offset" not in file["probabilities"].attrs


def levels_of(group: zarr.Group) -> tuple[Dataset, ...]:
    """Have the library check the description, and that the arrays are there; give the levels."""
    levels = ImageAttrs.model_validate(group.attrs.asdict()).multiscales[0].datasets
    assert all(isinstance(group[one.path], zarr.Array) for one in levels)
    return levels


@pytest.mark.parametrize("image", [False, True])
def test_ome_zarr_is_valid_and_has_coarser_levels(tmp_path, image):
    large = np.random.default_rng(2).integers(0, 3, (3, 1100, 40), np.uint8)[: 1 if image else 3]
    write_file(tmp_path / "v.zarr", large, about("labels", image=image))
    group = zarr.open_group(tmp_path / "v.zarr", mode="r")
    levels = levels_of(group)
    assert [one.path for one in levels] == ["0", "1", "2"]
    Label.model_validate(group.attrs["image-label"])
    assert np.array_equal(group["0"][:], large[0] if image else large)
    assert np.array_equal(group["2"][:], group["0"][..., ::4, ::2])  # 40 px are not halved twice
    scale = levels[1].coordinateTransformations[0].scale
    assert scale == ([16, 8] if image else [30, 16, 8])
    assert open_volume(tmp_path / "v.zarr/1").voxel_size_nm == (None if image else (30, 16, 8))


def test_ome_zarr_of_probabilities_is_valid_and_names_its_channels(tmp_path):
    write_file(tmp_path / "p.zarr", PROBABILITIES.astype(np.float16) / 255, about("probabilities"))
    group = zarr.open_group(tmp_path / "p.zarr", mode="r")
    image = ImageAttrs.model_validate(group.attrs.asdict())
    assert [axis.name for axis in image.multiscales[0].axes] == ["c", "z", "y", "x"]
    assert levels_of(group)[0].coordinateTransformations[1].translation == [0, 90, 32, 20]
    assert [one["label"] for one in group.attrs["omero"]["channels"]] == ["background", "granule", "membrane"]
    assert group["0"].dtype == np.float16
    assert np.array_equal(group["0"][:], (PROBABILITIES.astype(np.float16) / 255).swapaxes(0, 1))


def test_without_a_voxel_size_none_is_made_up(tmp_path):
    for suffix in (".tif", ".zarr", ".h5"):
        told = about("labels", voxel_size_nm=None, start=(0, 0, 0))
        write_file(tmp_path / f"v{suffix}", LABELS, told)
        assert open_volume(tmp_path / f"v{suffix}", as_labels=True).voxel_size_nm is None
