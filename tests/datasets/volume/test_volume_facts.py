"""Voxel sizes by value in every unit and format, and what a file says beside its values."""

from __future__ import annotations

import json
import subprocess
import sys

import h5py
import mrcfile
import numpy as np
import pytest
import SimpleITK
import tifffile
import zarr
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.benchmark.images.volumes import filters, tiff
from emseg_bench.benchmark.images.volumes.opening import Wanted, open_volume
from emseg_bench.benchmark.images.volumes.units import nm_per
from emseg_bench.datasets.drafting.drafting import draft, write
from emseg_bench.datasets.volume.factory import open_volumes

VALUES = np.arange(6 * 20 * 18, dtype=np.uint8).reshape(6, 20, 18)
NAMES = {"nm": "nanometer", "um": "micrometer", "mm": "millimeter", "pm": "picometer", "å": "angstrom"}


def imagej(path, *lines, resolution=(125.0, 125.0), unit=1):
    text = "\n".join(["ImageJ=1.54f", "images=6", "slices=6", *lines, "loop=false", ""])
    tifffile.imwrite(path, VALUES, photometric="minisblack", description=text, metadata=None,
                     resolution=resolution, resolutionunit=unit)  # fmt: skip
    return open_volume(path, path.parent).voxel_size_nm


@pytest.mark.parametrize(
    ("lines", "resolution", "expected"),
    [
        (["unit=micron", "spacing=0.03"], (125.0, 250.0), (30, 4, 8)),
        (["unit=micron", "zunit=nm", "spacing=30.0"], (125.0, 125.0), (30, 8, 8)),
        (["unit=nm", "zunit=um", "spacing=0.03"], (0.125, 0.125), (30, 8, 8)),
        (["unit=nm", "yunit=um", "zunit=mm", "spacing=0.00003"], (0.125, 125.0), (30, 8, 8)),
        (["unit=\\u00B5m", "spacing=0.03"], (125.0, 125.0), (30, 8, 8)),
        (["unit=A", "spacing=300"], (0.0125, 0.0125), (30, 8, 8)),
        (["unit=pixel", "spacing=3"], (1.0, 1.0), None),
    ],
)
def test_units_of_imagej(lines, resolution, expected, tmp_path):
    found = imagej(tmp_path / "a.tif", *lines, resolution=resolution)
    assert found == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize("unit", ["nm", "µm", "mm", "Å", "pm", "cm", "m"])
def test_units_of_ome_tiff_axis_by_axis(unit, tmp_path):
    sizes = {
        "PhysicalSizeZ": 0.03,
        "PhysicalSizeZUnit": "µm",
        "PhysicalSizeY": 8.0,
        "PhysicalSizeYUnit": "nm",
    }
    x = {"PhysicalSizeX": 4 / nm_per(unit), "PhysicalSizeXUnit": unit}
    tifffile.imwrite(tmp_path / "a.ome.tif", VALUES, ome=True, photometric="minisblack",
                     metadata={"axes": "ZYX", **sizes, **x})  # fmt: skip
    assert open_volume(tmp_path / "a.ome.tif", tmp_path).voxel_size_nm == pytest.approx((30, 8, 4))


@pytest.mark.parametrize("form", [2, 3])
@pytest.mark.parametrize("unit", list(NAMES))
def test_units_of_ome_zarr_axis_by_axis(unit, form, tmp_path):
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=form)
    group.create_array("0", shape=VALUES.shape, dtype="uint8")[...] = VALUES
    units = ["micrometer", NAMES[unit], "nanometer"]
    axes = [{"name": name, "type": "space", "unit": said} for name, said in zip("zyx", units, strict=True)]
    steps = [{"type": "scale", "scale": [0.015, 4 / nm_per(unit), 2.0]}]
    whole = [{"type": "scale", "scale": [2.0, 2.0, 2.0]}]
    image = {"multiscales": [{"axes": axes, "coordinateTransformations": whole,
                              "datasets": [{"path": "0", "coordinateTransformations": steps}]}]}  # fmt: skip
    group.attrs.update(image if form == 2 else {"ome": image})
    for place in (tmp_path / "a.zarr", f"{tmp_path}/a.zarr:/0"):
        assert open_volume(place, tmp_path).voxel_size_nm == pytest.approx((30, 8, 4))


@pytest.mark.parametrize(("code", "unit"), [(1, "m"), (2, "mm"), (3, "um"), (0, None)])
def test_units_of_nifti(code, unit, tmp_path):
    image = SimpleITK.GetImageFromArray(VALUES)
    image.SetSpacing([side / nm_per(unit or "mm") for side in (4.0, 8.0, 30.0)])
    SimpleITK.WriteImage(image, str(tmp_path / "a.nii"))
    content = bytearray((tmp_path / "a.nii").read_bytes())
    content[123] = code
    (tmp_path / "a.nii").write_bytes(content)
    found = open_volume(tmp_path / "a.nii", tmp_path).voxel_size_nm
    assert found == (pytest.approx((30, 8, 4)) if unit else None)


@pytest.mark.parametrize(
    "lines",
    [
        'space dimension: 3\nspace directions: (.004,0,0) (0,.008,0) (0,0,.03)\nspace units: "um" "um" "um"',
        'space: left-posterior-superior\nspace directions: (4,0,0) (0,0,8) (0,30,0)\nspace units: "nm"',
        'spacings: 4 0.008 300\nunits: "nm" "um" "angstrom"',
    ],
)
def test_units_of_nrrd(lines, tmp_path):
    text = f"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 18 20 6\n{lines}\nencoding: raw\n\n"
    (tmp_path / "a.nrrd").write_bytes(text.encode() + VALUES.tobytes())
    assert open_volume(tmp_path / "a.nrrd", tmp_path).voxel_size_nm == pytest.approx((30, 8, 4))


ATTRIBUTES = [
    {"resolution": [30.0, 8.0, 4.0]},
    {"element_size_um": [0.03, 0.008, 0.004]},
    {"element_size_nm": [30.0, 8.0, 4.0]},
    {"voxel_size": [300.0, 80.0, 40.0], "units": "angstrom"},
    {"voxel_size": [30.0, 8.0, 0.004], "units": ["nm", "nm", "um"]},
    {"resolution": [0.03, 0.008, 0.004], "unit": "um"},
]


@pytest.mark.parametrize("attributes", ATTRIBUTES)
def test_units_of_hdf5_and_zarr(attributes, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw"] = VALUES
        file["raw"].attrs.update(attributes)
    array = zarr.create_array(tmp_path / "a.zarr", shape=VALUES.shape, dtype="uint8")
    array.attrs.update(attributes)
    for name in ("a.h5", "a.zarr"):
        assert open_volume(tmp_path / name, tmp_path).voxel_size_nm == pytest.approx((30, 8, 4)), name


def test_resolution_of_plain_tiff_where_no_printer_has_it(tmp_path):
    def sizes(resolution, unit):
        tifffile.imwrite(tmp_path / "a.tif", VALUES[0], photometric="minisblack", metadata=None,
                         resolution=resolution, resolutionunit=unit)  # fmt: skip
        return dict(tiff.find(tmp_path / "a.tif").spacing)

    assert sizes((1e7 / 8, 1e7 / 4), "CENTIMETER") == pytest.approx({"x": 8, "y": 4})
    assert sizes((2.54e7 / 8, 2.54e7 / 8), "INCH") == pytest.approx({"x": 8, "y": 8})
    for unsaid in (((300, 300), "INCH"), ((118, 118), "CENTIMETER"), ((1e7 / 8, 1e7 / 8), "NONE")):
        assert sizes(*unsaid) == {}


def sem(path, values=VALUES[0], **options):
    tifffile.imwrite(path, values, photometric="minisblack", metadata=None, **options)
    found = tiff.find(path)
    return dict(found.spacing), found.notes


def text_tag(number, text):
    return {"extratags": [(number, "s", 0, text.encode(), True)]}


def test_pixel_sizes_of_microscopes(tmp_path):
    fei = (
        "[Scan]\r\nPixelWidth=8e-009\r\nPixelHeight=4e-009\r\n[Image]\r\nResolutionX=18\r\nResolutionY=16\r\n"
    )
    spacing, notes = sem(tmp_path / "fei.tif", **text_tag(34682, fei))
    assert spacing == pytest.approx({"x": 8, "y": 4})
    assert "data bar in its lowest 4 rows" in notes[0]
    zeiss = "0\r\nAP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = 8.0 nm\r\n"
    assert sem(tmp_path / "zeiss.tif", **text_tag(34118, zeiss))[0] == pytest.approx({"x": 8, "y": 8})
    tescan = "[MAIN]\r\nPixelSizeX=8e-9\r\nPixelSizeY=4e-9\r\n"
    assert sem(tmp_path / "tescan.tif", **text_tag(50431, tescan))[0] == pytest.approx({"x": 8, "y": 4})
    (tmp_path / "hitachi.txt").write_text("[SemImageFile]\nInstructName=SU8000\nPixelSize=9.9\n")
    assert sem(tmp_path / "hitachi.tif")[0] == pytest.approx({"x": 9.9, "y": 9.9})
    (tmp_path / "jeol.txt").write_text("$CM_MAG 10000\n$$SM_MICRON_BAR 125\n$$SM_MICRON_MARKER 1um\n")
    assert sem(tmp_path / "jeol.tif")[0] == pytest.approx({"x": 8, "y": 8})
    (tmp_path / "diary.txt").write_text("today I imaged 3 cells\n")
    assert sem(tmp_path / "diary.tif")[0] == {}


@pytest.mark.parametrize(("unit", "length"), [("nm", 1), ("\u00b5m", 1000), ("um", 1000), ("1/nm", None)])
@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"tile": (16, 16), "compression": "zstd"}])
def test_voxel_sizes_of_digital_micrograph(unit, length, options, tmp_path):
    scales = {"x": 4.0, "y": 8.0, "z": 30.0}
    tags = [
        tag
        for number, axis in enumerate("xyz")
        for tag in (
            (65003 + number, "s", 0, unit.encode("latin-1"), True),
            (65009 + number, "d", 1, scales[axis] / (length or 1), True),
        )
    ]
    turned = (274, "H", 1, 6, True)
    for extra, order in ((tags, "zyx"), ([*tags, turned], "zxy")):
        tifffile.imwrite(
            tmp_path / "a.tif", VALUES, photometric="minisblack", metadata=None, extratags=extra, **options
        )
        expected = pytest.approx(tuple(scales[axis] for axis in order)) if length else None
        assert open_volume(tmp_path / "a.tif", tmp_path).voxel_size_nm == expected


@pytest.mark.parametrize("compression", [None, "zlib", "lzw", "packbits", "zstd", "jpeg"])
@pytest.mark.parametrize("shape", [VALUES.shape, VALUES.shape[1:]])
@pytest.mark.parametrize("number", range(1, 9))
def test_sides_of_pixels_are_turned_with_the_image(number, shape, compression, tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif", VALUES.reshape(-1, *shape)[0], photometric="minisblack", metadata=None,
        resolution=(1e7 / 4, 1e7 / 8), resolutionunit="CENTIMETER", compression=compression,
        extratags=[(274, "H", 1, number, True)],
    )  # fmt: skip
    expected = {"x": 8, "y": 4} if number > 4 else {"x": 4, "y": 8}
    assert dict(tiff.find(tmp_path / "a.tif").spacing) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("size", "asked"),
    [((30, 8, 8), 0), ((30000, 8, 8), 1), ((8, 8, 40), 1), ((30, 5, 8), 0), ((400, 4, 4), 1)],
)
def test_absurd_voxels_are_questioned(size, asked, tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["raw"] = VALUES
        file["raw"].attrs["resolution"] = [float(side) for side in size]
    volume = open_volume(path, tmp_path)
    assert volume.voxel_size_nm == size
    assert len(volume.notes) == asked
    assert all("is a unit wrong?" in note for note in volume.notes)


@pytest.mark.parametrize("key", ["channels", "frames"])
def test_sections_that_are_called_something_else(key, tmp_path):
    text = f"ImageJ=1.11a\nimages=6\n{key}=6\nhyperstack=true\nmode=grayscale\n"
    tifffile.imwrite(tmp_path / "a.tif", VALUES, photometric="minisblack", description=text, metadata=None)
    volume = open_volume(tmp_path / "a.tif", tmp_path)
    np.testing.assert_array_equal(volume.read(), VALUES)
    what = {"channels": "channels", "frames": "points in time"}[key]
    assert f"calls its 6 sections {what}: they are taken for sections" in volume.notes[0]
    assert not open_volume(tmp_path / "a.tif", tmp_path, Wanted(axes="zyx")).notes


@pytest.mark.parametrize("key", ["channels", "frames"])
@pytest.mark.parametrize("depth", [2, 3, 4])
def test_few_sections_that_are_called_something_else(key, depth, tmp_path):
    """Of an image they may be channels, until its labels say that they are none."""
    text = f"ImageJ=1.11a\nimages={depth}\n{key}={depth}\nhyperstack=true\nmode=grayscale\n"
    mask = (VALUES[:depth] > 99).astype(np.uint8)
    for number, part in enumerate(("train", "val", "test")):
        (tmp_path / part).mkdir()
        for name, values in ((f"m{number}", VALUES[:depth] + np.uint8(number)), (f"m{number}_labels", mask)):
            path = tmp_path / part / f"{name}.tif"
            tifffile.imwrite(path, values, photometric="minisblack", description=text, metadata=None)
    with pytest.raises(DataError, match=r"say what the axes are, for example axes=zyx"):
        open_volume(tmp_path / "train/m0.tif", tmp_path)
    labels = open_volume(tmp_path / "train/m0_labels.tif", tmp_path, Wanted(as_labels=True))
    np.testing.assert_array_equal(labels.read(), mask)
    found = draft(tmp_path, tmp_path / "cache")
    write(found, overwrite=False)
    assert any("m0.tif does not call its sections z" in note for note in found.to_check)
    dataset = open_volumes(str(tmp_path), tmp_path / "cache")
    read = {case.id.partition("/")[2]: dataset.read(case).image[0] for case in dataset.manifest.cases}
    assert len(read) == 3 * depth
    for name, image in read.items():
        volume, _, section = name.partition("/")
        np.testing.assert_array_equal(image, VALUES[int(section)] + np.uint8(int(volume[1:])))


def test_sections_of_ome_that_are_called_something_else(tmp_path):
    for axes in ("TYX", "CYX"):
        tifffile.imwrite(
            tmp_path / "a.ome.tif", VALUES, ome=True, photometric="minisblack", metadata={"axes": axes}
        )
        np.testing.assert_array_equal(open_volume(tmp_path / "a.ome.tif", tmp_path).read(), VALUES)


DTYPES = [
    "bool",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float16",
    "float32",
    "float64",
]


def stored(name, values, path):
    if name.endswith((".h5", ".HDF5")):
        with h5py.File(path, "w") as file:
            file["raw"] = values
    elif name.endswith(".zarr"):
        zarr.create_array(path, shape=values.shape, dtype=values.dtype)[...] = values
    elif name.endswith(".NPY"):
        with path.open("wb") as file:
            np.save(file, values)
    else:
        big = name.endswith((".btf", ".tf8"))
        order = ">" if "bigendian" in name else "<"
        tifffile.imwrite(path, values, photometric="minisblack", bigtiff=big, byteorder=order)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "name", ["a.TIF", "a.btf", "a.tf8", "bigendian.tiff", "a.h5", "a.HDF5", "a.zarr", "a.NPY"]
)
def test_every_type_of_number_opens(name, dtype, tmp_path):
    values = (VALUES.astype("int64") - (0 if dtype.startswith(("u", "b")) else 100)).astype(dtype)
    stored(name, values, tmp_path / name)
    volume = open_volume(tmp_path / name, tmp_path, Wanted(as_labels=dtype == "bool"))
    np.testing.assert_array_equal(volume.read(), values)
    assert volume.dtype.kind == values.dtype.kind


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint16", "float16", "float32"])
@pytest.mark.parametrize("name", ["a.MRC", "a.rec"])
def test_modes_of_mrc(name, dtype, tmp_path):
    values = (VALUES.astype("int64") - (0 if dtype == "uint16" else 100)).astype(dtype)
    with mrcfile.new(tmp_path / "a.mrc", overwrite=True) as file:
        file.set_data(values)
    (tmp_path / "a.mrc").rename(tmp_path / name)
    np.testing.assert_array_equal(open_volume(tmp_path / name, tmp_path).read(), values)


def test_hdf5_needs_no_lock(tmp_path):
    """Another process holds the file open for writing; network file systems without locks fail likewise."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["raw"] = VALUES
    with h5py.File(path, "r+"):
        code = (
            "from emseg_bench.benchmark.images.volumes.opening import open_volume\n"
            f"print(open_volume({str(path)!r}, {str(tmp_path)!r}).read().sum())"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str(VALUES.sum()), done.stderr


def test_a_filter_that_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(filters.h5z, "filter_avail", lambda number: number != 32004)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk(VALUES.shape)
        plan.set_filter(32004, h5py.h5z.FLAG_OPTIONAL)
        space = h5py.h5s.create_simple(VALUES.shape)
        data = h5py.h5d.create(file.id, b"raw", h5py.h5t.NATIVE_UINT8, space, dcpl=plan)
        data.write_direct_chunk((0, 0, 0), VALUES.tobytes()[:100])
    with pytest.raises(DataError, match=r"compressed with LZ4 \(HDF5 filter 32004\).*pip install hdf5plugin"):
        open_volume(tmp_path / "a.h5", tmp_path).read()


def test_a_codec_that_is_missing_is_named(tmp_path):
    zarr.create_array(tmp_path / "a.zarr", shape=VALUES.shape, dtype="uint8", zarr_format=2)[...] = VALUES
    said = json.loads((tmp_path / "a.zarr" / ".zarray").read_text())
    (tmp_path / "a.zarr" / ".zarray").write_text(json.dumps(said | {"compressor": {"id": "fpzip"}}))
    with pytest.raises(DataError, match=r"no decoder here.*fpzip"):
        open_volume(tmp_path / "a.zarr", tmp_path).read()


def test_n5_is_named(tmp_path):
    (tmp_path / "a.n5").mkdir()
    (tmp_path / "a.n5" / "attributes.json").write_text('{"n5": "2.0.0"}')
    with pytest.raises(DataError, match=r"is N5, which is not read; .*zarr"):
        open_volume(tmp_path / "a.n5", tmp_path)
