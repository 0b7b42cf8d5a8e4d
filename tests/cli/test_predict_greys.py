"""``predict`` sees grey values as training did, whatever file they are in, and says where it cannot."""

from __future__ import annotations

import json
import stat

import h5py
import mrcfile
import numpy as np
import pandas as pd
import pytest
import SimpleITK
import tifffile
import zarr
from emseg_bench.benchmark.images.volumes.opening import open_volume
from emseg_bench.benchmark.weights.weight_info import read_info
from PIL import Image

pytestmark = pytest.mark.usefixtures("toy")

SHAPE = (15, 40, 48)
LABELS = (np.random.default_rng(7).random(SHAPE) < 0.3).astype(np.uint8)
GREYS = (150 - 70 * LABELS + np.random.default_rng(8).normal(0, 12, SHAPE)).clip(1, 254).astype(np.uint8)


def as_mrc(values):
    with mrcfile.new("v.mrc") as file:
        file.set_data(values)
        file.voxel_size = (80, 80, 300)
    return "v.mrc"


def as_hdf5(values):
    with h5py.File("v.h5", "w") as file:
        file["raw"] = values
        file["raw"].attrs["resolution"] = (30.0, 8.0, 8.0)
    return "v.h5:/raw"


def as_zarr(values):
    zarr.create_array("v.zarr", data=values, chunks=(4, 20, 24))
    return "v.zarr"


def as_tiff(values, name="v.tif"):
    tifffile.imwrite(name, values, photometric="minisblack")
    return name


STORED = {
    "mrc float32": lambda: as_mrc((GREYS.astype(np.float32) - 128) * 3 + 2000),
    "mrc int8": lambda: as_mrc((GREYS.astype(np.int16) - 128).astype(np.int8)),
    "hdf5 int16": lambda: as_hdf5((GREYS.astype(np.int16) - 128) * 7),
    "zarr uint16": lambda: as_zarr(GREYS.astype(np.uint16) * 16 + 3),
    "btf float32": lambda: as_tiff(GREYS * np.float32(0.001), "v.btf"),
    "tif uint8": lambda: as_tiff(GREYS),
}


@pytest.fixture
def train(work, invoke):
    """Trains on a volume of `STORED` and gives its weights and its mean test IoU."""

    def run(place, *more):
        options = "labels=truth.tif,scored=volumes,gap=0,classes=0:background+7:cell"
        tifffile.imwrite("truth.tif", LABELS * 7, photometric="minisblack")
        done = invoke(
            "run", "--models", "toy", "--datasets", f"volume[{options}]:{place}", "--recipe", "smoke",
            "--set", "recipe.iterations=30", "--set", "recipe.crop=32", *more,
        )  # fmt: skip
        assert done.code == 0, done.err + done.out
        (folder,) = (work / "results/trials").iterdir()
        table = pd.read_parquet(folder / "cases.parquet")
        return folder, table[(table["metric"] == "iou") & (table["class_index"] == 1)]["value"].mean()

    return run


@pytest.mark.parametrize("way", STORED)
def test_the_file_that_was_trained_on_scores_as_in_training(train, invoke, way):
    place = STORED[way]()
    folder, trained = train(place, "--set", "protocol.slice_overlap=0.25")
    done = invoke("predict", place, "--weights", folder / "weights.safetensors", "--out", "maps")
    assert done.code == 0, done.err
    assert "as the trial was scored" in done.err
    assert "overlap 0.25" in done.err
    assert "do not fit" not in done.err
    (made,) = (folder.parents[2] / "maps").iterdir()
    values = tifffile.imread(made)
    assert set(np.unique(values)) <= {0, 7}, "the owner's values"
    assert "labels: 0 background, 7 cell" in done.out
    tifffile.imwrite("p.tif", values[-3:], photometric="minisblack")
    tifffile.imwrite("t.tif", LABELS[-3:] * 7, photometric="minisblack")
    scored = invoke("score", "--pred", "p.tif", "--truth", "t.tif", "--json")
    assert json.loads(scored.out)["means"]["iou"] == pytest.approx(trained, abs=0.01)


def test_weights_carry_what_predict_needs_and_may_be_read_by_all(train):
    folder, _ = train(STORED["btf float32"]())
    info = read_info(folder / "weights.safetensors")
    assert info.label_values == (0, 7)
    assert info.grey_range.low == pytest.approx(0.05, abs=0.03)
    assert info.segmenting.protocol == "emseg-v1"
    for path in folder.iterdir():
        if path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) & 0o044 == 0o044, path.name


@pytest.mark.parametrize(
    ("values", "warned"),
    [
        (lambda raw: raw, False),
        (lambda raw: raw.round().astype(np.uint16), False),
        (lambda raw: (255 * (raw - raw.min()) / np.ptp(raw)).astype(np.uint8), True),
        (lambda raw: raw * 0.01, True),
    ],
)
def test_values_that_do_not_fit_are_told_with_both_ranges(train, invoke, values, warned):
    raw = (GREYS.astype(np.float32) - 128) * 3 + 2000
    folder, _ = train(as_tiff(raw))
    as_tiff(values(raw), "other.tif")
    weights = folder / "weights.safetensors"
    done = invoke("predict", "other.tif", "--weights", weights, "--out", "maps")
    assert done.code == 0, done.err
    assert ("do not fit the weights" in done.err) == warned
    if warned:
        told = read_info(weights).grey_range
        assert f"{told.low:.6g} to {told.high:.6g}" in done.err


def test_bytes_and_camera_bits_are_told_apart(train, invoke, work):
    folder, _ = train(as_tiff(GREYS))
    as_tiff(GREYS.astype(np.uint16) * 16, "deep.tif")
    for name in ("v.tif", "deep.tif"):
        done = invoke("predict", name, "--weights", folder / "weights.safetensors", "--out", "maps")
        assert ("uint16 values cannot be those" in done.err) == (name == "deep.tif")
    assert np.array_equal(tifffile.imread(work / "maps/v.tif"), tifffile.imread(work / "maps/deep.tif"))


def test_voxel_sizes_are_carried_over(train, invoke, work):
    folder, _ = train(as_tiff(GREYS))
    tifffile.imwrite(
        "ij.tif", GREYS, imagej=True, resolution=(125.0, 100.0),
        metadata={"axes": "ZYX", "spacing": 0.03, "unit": "um"},
    )  # fmt: skip
    tifffile.imwrite(
        "one.tif", GREYS[0], imagej=True, resolution=(0.125, 0.1), metadata={"axes": "YX", "unit": "nm"}
    )
    sizes = {"PhysicalSizeX": 8, "PhysicalSizeY": 0.01, "PhysicalSizeZ": 30}
    units = {"PhysicalSizeXUnit": "nm", "PhysicalSizeYUnit": "\u00b5m", "PhysicalSizeZUnit": "nm"}
    tifffile.imwrite(
        "ome.ome.tif", GREYS, ome=True, photometric="minisblack", metadata={"axes": "ZYX", **sizes, **units}
    )
    spaced = SimpleITK.GetImageFromArray(GREYS)
    spaced.SetSpacing((8e-6, 10e-6, 30e-6))
    SimpleITK.WriteImage(spaced, "nifti.nii.gz")
    places = {
        "ij": ("ij.tif", (30, 10, 8)),
        "v": (as_mrc(GREYS.astype(np.int16)), (30, 8, 8)),
        "v-raw": (as_hdf5(GREYS), (30, 8, 8)),
        "ome.ome": ("ome.ome.tif", (30, 10, 8)),
        "nifti": ("nifti.nii.gz", (30, 10, 8)),
    }
    weights = folder / "weights.safetensors"
    for name, (place, size) in places.items():
        assert invoke("predict", place, "--weights", weights, "--out", "maps").code == 0
        made = work / f"maps/{name}.tif"
        assert open_volume(made, work).voxel_size_nm == size
        with tifffile.TiffFile(made) as file:
            told, tags = file.imagej_metadata, file.pages.first.tags
            sides = {axis: tags[f"{axis}Resolution"].value for axis in "YX"}
            per_unit = {axis: numerator / denominator for axis, (numerator, denominator) in sides.items()}
            assert (told["unit"], told["spacing"]) == ("nm", size[0])
            assert (1 / per_unit["Y"], 1 / per_unit["X"]) == pytest.approx(size[1:])
            assert file.series[0].shape == SHAPE
        assert "0 there already" not in invoke("predict", place, "--weights", weights, "--out", "maps").out
    assert invoke("predict", "one.tif", "--weights", weights, "--out", "maps").code == 0
    with Image.open(work / "maps/one.png") as image:
        assert [25.4e6 / value for value in image.info["dpi"]] == pytest.approx([8, 10], rel=1e-4)
        assert image.info["Description"].startswith("labels; 0 background, 7 cell; toy@scratch trained on ")


@pytest.mark.parametrize("out", ["v.zarr", "v.zarr/maps"])
def test_an_output_within_its_input_is_refused(train, invoke, out):
    folder, _ = train(as_zarr(GREYS))
    done = invoke("predict", "v.zarr", "--weights", folder / "weights.safetensors", "--out", out)
    assert done.code == 2
    assert "choose another --out" in done.err.lower()


@pytest.mark.parametrize("text", ["5..1", "a..b", "3", "0..inf", "nan..2"])
def test_a_range_that_is_none(train, invoke, text):
    as_tiff(GREYS)
    done = invoke("predict", "v.tif", "--weights", "none", "--out", "m", "--range", text)
    assert done.code == 2
