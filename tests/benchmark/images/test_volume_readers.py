"""Volumes of every format, written by other people's libraries, and read back in parts."""

from __future__ import annotations

import gzip
import struct
import tracemalloc
from pathlib import Path

import h5py
import mrcfile
import numpy as np
import pytest
import SimpleITK
import tifffile
import zarr
from emseg_bench.benchmark.contracts.errors import DataError, UsageError
from emseg_bench.benchmark.images.volumes.opening import (
    Wanted,
    notes_of,
    open_volume,
    settle_axes,
    split_location,
)
from emseg_bench.benchmark.images.volumes.units import nm_per
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

GIB = 2**30


def write_tiff(path, values, **options):
    tifffile.imwrite(path, values, photometric="minisblack", **options)
    return path


def write_imagej(path, values):
    tifffile.imwrite(path, values, imagej=True, metadata={"axes": "ZYX", "spacing": 0.03, "unit": "um"},
                     resolution=(1 / 0.004, 1 / 0.008))  # fmt: skip
    return path


def write_ome(path, values, **sizes):
    tifffile.imwrite(path, values, ome=True, photometric="minisblack", metadata={"axes": "ZYX", **sizes})
    return path


def write_hdf5(path, values, **attributes):
    with h5py.File(path, "w") as file:
        data = file.create_dataset("volumes/raw", data=values, chunks=True, compression="gzip")
        data.attrs.update(attributes)
    return path


def write_itk(path, values):
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(values), str(path), path.name.startswith("packed"))
    return path


def write_mrc(path, values, voxel_size=None):
    with mrcfile.new(path, overwrite=True) as file:
        file.set_data(values)
        file.voxel_size = voxel_size or 0
    return path


def write_zarr(path, values, **attributes):
    array = zarr.create_array(path, shape=values.shape, dtype=values.dtype, chunks=(2,) * values.ndim,
                              zarr_format=attributes.pop("zarr_format", 3), overwrite=True)  # fmt: skip
    array[...] = values
    array.attrs.update(attributes)
    return path


def write_npy(path, values):
    np.save(path, np.asfortranarray(values))
    return path


INTEGERS = ["uint8", "int16", "uint16"]
FORMATS = {
    "mapped.tif": (write_tiff, [*INTEGERS, "int8", "float32"]),
    "deflated.tif": (
        lambda path, values: write_tiff(path, values, compression="zlib"),
        [*INTEGERS, "float32"],
    ),
    "tiled.tif": (lambda path, values: write_tiff(path, values, tile=(16, 16)), [*INTEGERS, "float32"]),
    "bigendian.tif": (lambda path, values: write_tiff(path, values, byteorder=">"), ["uint16", "float32"]),
    "imagej.tif": (write_imagej, ["uint8", "uint16", "float32"]),
    "ome.tif": (write_ome, [*INTEGERS, "float32"]),
    "cells.h5": (write_hdf5, [*INTEGERS, "int8", "float64"]),
    "cells.nii": (write_itk, [*INTEGERS, "float32"]),
    "packed.nii.gz": (write_itk, [*INTEGERS, "float32"]),
    "plain.nrrd": (write_itk, [*INTEGERS, "uint32", "float64"]),
    "packed.nrrd": (write_itk, [*INTEGERS, "float32"]),
    "header.nhdr": (write_itk, ["uint8"]),
    "cells.mrc": (write_mrc, ["int8", "int16", "uint16", "float32"]),
    "three.zarr": (write_zarr, [*INTEGERS, "float32"]),
    "two.zarr": (lambda path, values: write_zarr(path, values, zarr_format=2), INTEGERS),
    "cells.npy": (write_npy, [*INTEGERS, "float64"]),
}


def numbers(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.normal(size=shape).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_boxes_are_as_they_were_written(name, tmp_path, data):
    write, dtypes = FORMATS[name]
    side = st.integers(2, 9)
    shape = data.draw(st.tuples(side, side, side), "shape")
    values = numbers(shape, data.draw(st.sampled_from(dtypes), "dtype"))
    path = write(tmp_path / name, values)
    volume = open_volume(path, tmp_path / "cache")
    assert (volume.shape, volume.dtype.newbyteorder("=")) == (shape, values.dtype)
    ends = [sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n)))) for n in shape]
    box = tuple(slice(start, stop) for start, stop in ends)
    np.testing.assert_array_equal(volume.read(*box), values[box])
    np.testing.assert_array_equal(volume.read(), values)
    if (mapped := volume.mapped()) is not None:
        np.testing.assert_array_equal(mapped, values)
        assert not mapped.flags.writeable


MAPPED = ["mapped.tif", "imagej.tif", "ome.tif", "cells.nii", "plain.nrrd", "cells.mrc", "packed.nrrd"]


@pytest.mark.parametrize("name", MAPPED)
def test_uncompressed_files_are_mapped(name, tmp_path):
    path = FORMATS[name][0](tmp_path / name, numbers((3, 20, 20), FORMATS[name][1][-1]))
    assert open_volume(path, tmp_path).mapped() is not None


@given(order=st.permutations("zyx"), shape=st.tuples(*[st.integers(1, 5)] * 3))
def test_axes_are_brought_into_order(order, shape, tmp_path_factory):
    values = numbers(shape, "uint8")
    path = tmp_path_factory.getbasetemp() / "turned.npy"
    stored = values.transpose(["zyx".index(axis) for axis in order])
    np.save(path, np.ascontiguousarray(stored))
    volume = open_volume(path, path.parent, Wanted(axes="".join(order)))
    np.testing.assert_array_equal(volume.read(), values)
    np.testing.assert_array_equal(volume.mapped(), values)
    np.testing.assert_array_equal(volume.read(z=slice(0, 1), x=slice(1, None)), values[:1, :, 1:])


def test_axes_of_length_one_do_not_matter(tmp_path):
    values = numbers((1, 3, 1, 4, 5), "uint8")
    np.save(tmp_path / "a.npy", values)
    np.testing.assert_array_equal(open_volume(tmp_path / "a.npy", tmp_path).read(), values[0, :, 0])
    turned = open_volume(tmp_path / "a.npy", tmp_path, Wanted(axes="xyz"))
    np.testing.assert_array_equal(turned.read(), values[0, :, 0].T)
    np.save(tmp_path / "flat.npy", values[0, 0, 0])
    assert open_volume(tmp_path / "flat.npy", tmp_path).shape == (1, 4, 5)


def test_voxel_sizes_come_from_the_files_own_words(tmp_path):
    values = numbers((3, 4, 5), "uint8")
    ome = {"PhysicalSizeX": 4, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 0.008, "PhysicalSizeYUnit": "µm",
           "PhysicalSizeZ": 300, "PhysicalSizeZUnit": "Å"}  # fmt: skip
    image = SimpleITK.GetImageFromArray(values)
    image.SetSpacing((4e-6, 8e-6, 3e-5))
    SimpleITK.WriteImage(image, str(tmp_path / "a.nii"))
    files = [
        write_ome(tmp_path / "a.ome.tif", values, **ome),
        write_imagej(tmp_path / "a.tif", values),
        write_hdf5(tmp_path / "a.h5", values, resolution=[30.0, 8.0, 4.0]),
        write_hdf5(tmp_path / "b.h5", values, element_size_um=[0.03, 0.008, 0.004]),
        write_hdf5(tmp_path / "c.h5", values, voxel_size=[0.03, 0.008, 0.004], units="um"),
        write_mrc(tmp_path / "a.mrc", values.astype(np.int16), (40.0, 80.0, 300.0)),
        write_zarr(tmp_path / "a.zarr", values, resolution=[30, 8, 4], units=["nm"] * 3),
        tmp_path / "a.nii",
    ]
    for file in files:
        assert open_volume(file, tmp_path).voxel_size_nm == pytest.approx((30, 8, 4)), file
        assert open_volume(file, tmp_path, Wanted(voxel_size_nm=(5.0,))).voxel_size_nm == (5, 5, 5)
    write_tiff(tmp_path / "dots.tif", values, resolution=(72, 72), resolutionunit="INCH")
    for unsaid in ("dots.tif", "said.nrrd"):
        write_itk(tmp_path / "said.nrrd", values)
        assert open_volume(tmp_path / unsaid, tmp_path).voxel_size_nm is None


def test_an_implausible_voxel_size_is_not_believed(tmp_path):
    """NIfTI's unit is the mm where 8 nm were meant: no electron microscope has voxels of 8 mm."""
    image = SimpleITK.GetImageFromArray(numbers((3, 4, 5), "uint8"))
    image.SetSpacing((8.0, 8.0, 8.0))
    SimpleITK.WriteImage(image, str(tmp_path / "a.nii"))
    assert open_volume(tmp_path / "a.nii", tmp_path).voxel_size_nm is None


def test_nrrd_says_its_voxel_size_with_a_unit(tmp_path):
    text = ("NRRD0004\n# by hand\ntype: uchar\ndimension: 3\nsizes: 5 4 3\nspacings: 0.004 0.008 0.03\n"
            'space units: "um" "um" "um"\nencoding: raw\nlab:=cells\n\n')  # fmt: skip
    values = numbers((3, 4, 5), "uint8")
    (tmp_path / "a.nrrd").write_bytes(text.encode() + values.tobytes())
    volume = open_volume(tmp_path / "a.nrrd", tmp_path)
    assert volume.voxel_size_nm == pytest.approx((30, 8, 4))
    np.testing.assert_array_equal(volume.read(), values)


@pytest.mark.parametrize("form", [2, 3])
def test_levels_of_ome_zarr(tmp_path, form):
    values = numbers((1, 4, 6, 8), "uint16")
    group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=form)
    scales = []
    for level, step in enumerate((1, 2)):
        data = values[..., ::step, ::step]
        group.create_array(str(level), shape=data.shape, dtype=data.dtype)[...] = data
        scales.append({"path": str(level), "coordinateTransformations": [
            {"type": "scale", "scale": [1.0, 0.03, 0.004 * step, 0.004 * step]}]})  # fmt: skip
    axes = [{"name": "c", "type": "channel"},
            *({"name": name, "type": "space", "unit": "micrometer"} for name in "zyx")]  # fmt: skip
    image = {"multiscales": [{"axes": axes, "datasets": scales}]}
    group.attrs.update(image if form == 2 else {"ome": image})
    finest, coarse = (
        open_volume(tmp_path / "a.zarr", tmp_path),
        open_volume(f"{tmp_path}/a.zarr:/", tmp_path, Wanted(level=1)),
    )
    assert finest.voxel_size_nm == pytest.approx((30, 4, 4))
    assert coarse.voxel_size_nm == pytest.approx((30, 8, 8))
    np.testing.assert_array_equal(finest.read(), values[0])
    np.testing.assert_array_equal(coarse.read(z=slice(1, 3)), values[0, 1:3, ::2, ::2])
    with pytest.raises(DataError, match=r"has the levels 0 to 1, got level 2"):
        open_volume(tmp_path / "a.zarr", tmp_path, Wanted(level=2))


def test_axes_of_ilastik(tmp_path):
    values = numbers((3, 4, 5, 1), "uint8")
    tags = '{"axes": [{"key": "x"}, {"key": "y"}, {"key": "z"}, {"key": "c"}]}'
    path = write_hdf5(tmp_path / "a.h5", values, axistags=tags)
    np.testing.assert_array_equal(open_volume(path, tmp_path).read(), values[..., 0].T)


def test_imod_writes_unsigned_bytes(tmp_path):
    values = numbers((3, 4, 5), "uint8")
    path = write_mrc(tmp_path / "a.mrc", values.view(np.int8))
    assert open_volume(path, tmp_path).dtype == np.int8
    for flags, kind in ((0, "uint8"), (1, "int8")):
        with path.open("r+b") as file:
            file.seek(152)
            file.write(struct.pack("<ii", 1146047817, flags))
        assert open_volume(path, tmp_path).dtype == kind
    np.testing.assert_array_equal(open_volume(path, tmp_path).read(), values.view(np.int8))


def sparse_tiff(path, shape):
    tifffile.imwrite(path, shape=shape, dtype="uint8", bigtiff=True, photometric="minisblack")
    return path


def sparse_hdf5(path, shape):
    with h5py.File(path, "w") as file:
        file.create_dataset("raw", shape, "uint8", chunks=(64, 64, 64))
    return path


def sparse_zarr(path, shape):
    zarr.create_array(path, shape=shape, dtype="uint8", chunks=(64, 64, 64))
    return path


def stretched(name):
    """Return what writes a file whose header announces more, and makes it as long as that."""

    def write(path, shape):
        small = FORMATS[name][0](path, np.zeros((1, 1, 1), "int16"))
        text = small.read_bytes()
        patches = {
            ".nii": lambda: text[:42] + struct.pack("<3h", *reversed(shape)) + text[48:352],
            ".nrrd": lambda: text[: text.index(b"\n\n") + 2].replace(
                b"sizes: 1 1 1", f"sizes: {shape[2]} {shape[1]} {shape[0]}".encode()
            ),
            ".mrc": lambda: struct.pack("<3i", *reversed(shape)) + text[12:1024],
        }
        header = patches[path.suffix]()
        with path.open("wb") as file:
            file.write(header)
            file.truncate(len(header) + 2 * int(np.prod(shape)))
        return path

    return write


SPARSE = {
    "a.tif": sparse_tiff,
    "a.h5": sparse_hdf5,
    "a.zarr": sparse_zarr,
    "a.nii": stretched("cells.nii"),
    "a.nrrd": stretched("plain.nrrd"),
    "a.mrc": stretched("cells.mrc"),
}


@pytest.mark.parametrize("name", SPARSE)
def test_opening_reads_the_header_alone(name, tmp_path):
    """Files of gigabytes, which take no room on the disk since nothing was ever written into them."""
    shape = (500, 4096, 4096)
    path = SPARSE[name](tmp_path / name, shape)
    open_volume(path, tmp_path)  # imports
    tracemalloc.start()
    volume = open_volume(path, tmp_path)
    box = volume.read(slice(499, 500), slice(100, 200), slice(4000, 4096))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert volume.shape == shape
    assert box.shape == (1, 100, 96)
    assert not box.any()
    assert np.prod(shape) > 7 * GIB
    assert peak < 8 * 2**20


def test_what_is_the_same_of_many_files_is_told_once(tmp_path):
    volumes = [
        open_volume(write_itk(tmp_path / f"{n}.nii.gz", numbers((3, 4, 5), "int16")), tmp_path / "cache")
        for n in range(5)
    ]
    assert [*notes_of(volumes[:3])] == [f"{one.source} was unpacked into the cache." for one in volumes[:3]]
    first = volumes[0].source
    assert [*notes_of(volumes)] == [f"{first} was unpacked into the cache. The same holds for 4 more files."]


def test_packed_files_are_unpacked_once(tmp_path, monkeypatch):
    path = write_itk(tmp_path / "packed.nii.gz", numbers((3, 4, 5), "int16"))
    first = open_volume(path, tmp_path / "cache")
    assert first.notes == (f"{path} was unpacked into the cache.",)
    monkeypatch.setattr("emseg_bench.benchmark.images.volumes.unpacking._unpack", pytest.fail)
    np.testing.assert_array_equal(open_volume(path, tmp_path / "cache").read(), first.read())


@pytest.mark.parametrize("name", FORMATS)
def test_files_that_are_cut_short_are_told(name, tmp_path):
    if name.endswith(".zarr"):
        path = write_zarr(tmp_path / name, numbers((3, 4, 5), "uint8"))
        (path / "zarr.json").write_text("{")
    else:
        path = FORMATS[name][0](tmp_path / name, numbers((8, 40, 50), FORMATS[name][1][-1]))
        whole = path.with_suffix(".raw") if name.endswith(".nhdr") else path
        whole.write_bytes(whole.read_bytes()[:-1500])
    with pytest.raises(DataError, match=f"{path.name}|packed|header"):
        open_volume(path, tmp_path).read()


@pytest.mark.parametrize("name", ["a.tif", "a.h5", "a.nii", "a.nii.gz", "a.nrrd", "a.mrc", "a.npy"])
@pytest.mark.parametrize("content", [b"", b"not what its name says", b"\0" * 2000])
def test_something_else_than_its_name_says(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be read"):
        open_volume(tmp_path / name, tmp_path)


def test_the_copy_of_a_changed_file_takes_the_place_of_the_old(tmp_path):
    """Files are opened in three states; of the others' copies nothing stays."""
    other = open_volume(write_itk(tmp_path / "other.nii.gz", numbers((3, 4, 5), "int16")), tmp_path / "cache")
    for depth in (3, 4, 5):
        values = numbers((depth, 6, 7), "uint8")
        volume = open_volume(write_itk(tmp_path / "a.nii.gz", values), tmp_path / "cache")
        np.testing.assert_array_equal(volume.read(), values)
    folder = tmp_path / "cache" / "datasets" / "volume" / "unpacked"
    assert len(list(folder.glob("*.raw"))) == 2
    np.testing.assert_array_equal(other.read(), numbers((3, 4, 5), "int16"))


def test_a_damaged_gzip_stream_leaves_nothing(tmp_path):
    path = write_itk(tmp_path / "packed.nii.gz", numbers((30, 40, 50), "int16"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"packed\.nii\.gz cannot be read"):
        open_volume(path, tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("*.raw"))
    assert not list((tmp_path / "cache").rglob("*.partial"))


@pytest.mark.parametrize(
    ("shape", "said", "wanted", "told"),
    [
        ((3, 4, 5, 6), None, None, "axes 'zyx' do not fit|the axes '.*' do not fit"),
        ((3, 4, 5), "cyx", None, "with 3 channels; expected a grey volume.*axes=zyx"),
        ((3, 4, 5), "tyx", None, "with 3 points in time"),
        ((4, 5, 3), "yxs", None, "with 3 colours"),
        ((3, 4, 5), None, "zy", "the axes 'zy' do not fit"),
        ((3, 4, 5), None, "zzx", "expected z, y and x, each once"),
        ((3, 4, 5), "zyx", "qyx", "with 3 an axis 'q'"),
    ],
)
def test_what_is_no_grey_volume_is_told(shape, said, wanted, told):
    with pytest.raises(DataError, match=told):
        settle_axes("cells", said, shape, wanted)


def test_what_a_file_holds_is_told(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw"], file["labels"] = np.zeros((3, 4, 5), "uint8"), np.zeros((3, 4, 5), "uint16")
        file["table"] = np.zeros(4)
    with pytest.raises(DataError, match=r"/labels, /raw. Name one: .*a.h5:/NAME"):
        open_volume(tmp_path / "a.h5", tmp_path)
    with pytest.raises(DataError, match=r"no dataset '/row'; it holds /labels, /raw"):
        open_volume(f"{tmp_path}/a.h5:row", tmp_path)
    group = zarr.open_group(tmp_path / "a.zarr", mode="w")
    for name in ("raw", "labels"):
        group.create_array(name, shape=(3, 4, 5), dtype="uint8")
    with pytest.raises(DataError, match=r"/labels, /raw. Name one"):
        open_volume(tmp_path / "a.zarr", tmp_path)
    with pytest.raises(DataError, match=r"'/row'; it holds /labels, /raw"):
        open_volume(f"{tmp_path}/a.zarr:/row", tmp_path)
    assert open_volume(tmp_path / "a.zarr" / "raw", tmp_path).shape == (3, 4, 5)


def test_wrong_places_and_kinds_are_told(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.tif is not there"):
        open_volume(tmp_path / "nowhere.tif", tmp_path)
    (tmp_path / "a.dm4").touch()
    with pytest.raises(DataError, match=r"of a format that is not read; volumes are TIFF"):
        open_volume(tmp_path / "a.dm4", tmp_path)
    with pytest.raises(DataError, match=r"a folder, but no zarr"):
        open_volume(tmp_path, tmp_path)
    np.save(tmp_path / "a.npy", np.zeros((3, 4, 5), complex))
    with pytest.raises(DataError, match=r"complex128 values; expected"):
        open_volume(tmp_path / "a.npy", tmp_path)
    with pytest.raises(UsageError, match=r"level is for OME-Zarr"):
        open_volume(tmp_path / "a.npy", tmp_path, Wanted(level=1))
    tifffile.imwrite(tmp_path / "rgb.tif", numbers((3, 8, 8, 3), "uint8"), photometric="rgb")
    with pytest.raises(DataError, match=r"rgb\.tif is coloured: red, green and blue differ"):
        open_volume(tmp_path / "rgb.tif", tmp_path).read()


def test_gzip_of_nifti_is_not_a_name_alone(tmp_path):
    path = write_itk(tmp_path / "cells.nii", numbers((3, 4, 5), "uint8"))
    (tmp_path / "cells.nii.gz").write_bytes(gzip.compress(path.read_bytes()))
    np.testing.assert_array_equal(
        open_volume(tmp_path / "cells.nii.gz", tmp_path / "cache").read(), open_volume(path, tmp_path).read()
    )


def test_places_within_files():
    assert split_location("/a/b.h5:/raw/x") == (Path("/a/b.h5"), "/raw/x")
    assert split_location("/a/b.zarr:raw/") == (Path("/a/b.zarr"), "/raw")
    assert split_location("/a/b.zarr/:/") == (Path("/a/b.zarr"), "")
    assert split_location("/a/b:c.tif") == (Path("/a/b:c.tif"), "")


def test_units():
    assert [nm_per(unit) for unit in ("nm", "µm", "\\u00B5m", "\u03bcm", "Angstrom", "mm", "parsec")] == [
        1, 1000, 1000, 1000, 0.1, 1e6, None,
    ]  # fmt: skip
