"""Volumes in files: read in slabs whatever the format, and written page by page."""

from __future__ import annotations

import gzip
from concurrent.futures import ThreadPoolExecutor

import mrcfile
import numpy as np
import pytest
import SimpleITK
import tifffile
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.benchmark.images import tiff_stacks
from emseg_bench.benchmark.images.intensity import EIGHT_BIT, SIXTEEN_BIT
from emseg_bench.benchmark.images.tiff_stacks import stack_writer
from emseg_bench.benchmark.predictions.images import find_images, in_pixels, open_pixels
from emseg_bench.benchmark.predictions.label_maps import read_label_map
from emseg_bench.benchmark.predictions.pairs import find_pairs
from emseg_bench.benchmark.predictions.volume_files import is_volume, open_slabs, read_labels
from emseg_bench.benchmark.predictions.writing.files import made_from
from PIL import Image

VOLUME = np.random.default_rng(0).integers(0, 256, (5, 33, 20), np.uint8)


def told(made_from):
    return tiff_stacks.About(f"emseg-bench {made_from}", "0 background, 1 cell", None)


def plain(path, volume):
    tifffile.imwrite(path, volume, photometric="minisblack")


def compressed(path, volume):
    tifffile.imwrite(path, volume, photometric="minisblack", compression="zlib")


def tiled(path, volume):
    tifffile.imwrite(path, volume, photometric="minisblack", tile=(16, 16))


def big_endian(path, volume):
    tifffile.imwrite(path, volume, photometric="minisblack", byteorder=">")


def page_by_page(path, volume):
    with tifffile.TiffWriter(path) as writer:
        for page in volume:
            writer.write(page, photometric="minisblack", contiguous=False, metadata=None)


def lzw(path, volume):
    first, *others = (Image.fromarray(page) for page in volume)
    first.save(path, compression="tiff_lzw", save_all=True, append_images=others)


KINDS = [plain, compressed, tiled, big_endian, page_by_page, lzw]


@pytest.mark.parametrize("write", KINDS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_slabs_of_a_tiff_are_its_pages(tmp_path, write, dtype):
    volume = VOLUME.astype(dtype) * (1 if dtype == np.uint8 else 257)
    write(tmp_path / "v.tif", volume)
    assert is_volume(tmp_path / "v.tif")
    found = open_slabs(tmp_path / "v.tif")
    assert (found.shape, found.dtype.newbyteorder("=")) == (volume.shape, dtype)
    assert np.array_equal(found[1:3], volume[1:3])
    assert np.array_equal(found[4:9], volume[4:])
    assert np.array_equal(read_labels(tmp_path / "v.tif"), volume)
    by_type = {np.uint8: EIGHT_BIT, np.uint16: SIXTEEN_BIT}[dtype]
    pixels = in_pixels(open_pixels(tmp_path / "v.tif", 1), by_type, tmp_path / "v.tif")
    expected = volume if dtype == np.uint8 else VOLUME / np.float32(255)
    assert pixels.dtype == expected.dtype
    np.testing.assert_allclose(pixels[2:4], expected[2:4], rtol=1e-6)


@pytest.mark.parametrize("suffix", ["nrrd", "nii", "nii.gz"])
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
def test_other_formats_are_mapped_compressed_ones_in_the_cache(tmp_path, suffix, compressed, dtype):
    path, volume = tmp_path / f"v.{suffix}", VOLUME.astype(dtype) * 3
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(volume), path, compressed)
    found = open_slabs(path)
    assert (found.shape, found.dtype) == (volume.shape, dtype)
    assert np.array_equal(found[1:3], volume[1:3])
    assert isinstance(found, np.memmap)
    packed = suffix == "nii.gz" or (suffix == "nrrd" and compressed)
    assert ("unpacked" in str(found.filename)) is packed
    assert np.array_equal(read_labels(path), volume)


def test_big_endian_nifti_and_nrrd(tmp_path):
    volume = (VOLUME.astype(int) * 3).astype(">u2")
    header = bytearray(352)
    header[:4] = (348).to_bytes(4, "big")
    header[40:56] = np.array([3, 20, 33, 5, 1, 1, 1, 1], ">i2").tobytes()
    header[70:74] = np.array([512, 16], ">i2").tobytes()
    header[76:92] = np.ones(4, ">f4").tobytes()
    header[108:112] = np.array([352], ">f4").tobytes()
    header[344:348] = b"n+1\0"
    (tmp_path / "v.nii").write_bytes(bytes(header) + volume.tobytes())
    words = "NRRD0004\n# data file: none\ntype: uint16\ndimension: 3\nsizes: 20 33 5\nendian: big\n"
    (tmp_path / "v.nrrd").write_bytes(f"{words}encoding: raw\n\n".encode() + volume.tobytes())
    for name in ("v.nii", "v.nrrd"):
        found = open_slabs(tmp_path / name)
        assert isinstance(found, np.memmap)
        assert np.array_equal(found, volume)


def test_nrrd_with_its_voxels_in_another_file(tmp_path):
    (tmp_path / "v.raw").write_bytes(VOLUME.tobytes())
    words = "NRRD0004\ntype: uint8\ndimension: 3\nsizes: 20 33 5\nencoding: raw\ndata file: v.raw\n"
    (tmp_path / "v.nrrd").write_text(words)
    assert np.array_equal(read_labels(tmp_path / "v.nrrd"), VOLUME)


@pytest.mark.parametrize("suffix", ["nrrd", "nii", "nii.gz"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16])
def test_shortened_volume_is_told(tmp_path, suffix, dtype):
    path = tmp_path / f"v.{suffix}"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(VOLUME.astype(dtype)), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="cannot be read as a volume"):
        read_labels(path)


def test_what_was_packed_after_it_was_shortened_is_told_by_its_own_name(tmp_path):
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(VOLUME), tmp_path / "v.nii")
    (tmp_path / "v.nii.gz").write_bytes(gzip.compress((tmp_path / "v.nii").read_bytes()[:-100]))
    with pytest.raises(
        DataError, match=r"v\.nii\.gz cannot be read as a volume: it holds 3,552 of the 3,652"
    ):
        read_labels(tmp_path / "v.nii.gz")


def test_a_volume_of_vectors_is_refused(tmp_path):
    image = SimpleITK.GetImageFromArray(np.zeros((4, 5, 6, 3), np.uint8), isVector=True)
    SimpleITK.WriteImage(image, tmp_path / "v.nrrd")
    with pytest.raises(DataError, match=r"\(4, 5, 6, 3\), expected a grey volume"):
        read_labels(tmp_path / "v.nrrd")


def test_numpy_and_mrc(tmp_path):
    np.save(tmp_path / "v.npy", VOLUME)
    np.save(tmp_path / "turned.npy", np.asfortranarray(VOLUME))
    with mrcfile.new(tmp_path / "v.mrc", VOLUME.astype(np.uint16)) as file:
        file.header.mapc, file.header.mapr, file.header.maps = 1, 3, 2  # sections lie along y
    for name in ("v.npy", "turned.npy"):
        assert is_volume(tmp_path / name)
        assert np.array_equal(open_slabs(tmp_path / name)[1:3], VOLUME[1:3])
    assert is_volume(tmp_path / "v.mrc")
    assert np.array_equal(read_labels(tmp_path / "v.mrc"), VOLUME.transpose(1, 0, 2))


def test_axes_of_other_names_are_taken_as_slices(tmp_path):
    tifffile.imwrite(tmp_path / "v.tif", VOLUME, photometric="minisblack", ome=True, metadata={"axes": "CYX"})
    assert np.array_equal(read_labels(tmp_path / "v.tif"), VOLUME)
    image = SimpleITK.JoinSeries([SimpleITK.GetImageFromArray(VOLUME)])
    SimpleITK.WriteImage(image, tmp_path / "one.nii")
    assert np.array_equal(read_labels(tmp_path / "one.nii"), VOLUME)


def test_scaled_nifti_is_refused(tmp_path):
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(VOLUME), tmp_path / "v.nii")
    content = bytearray((tmp_path / "v.nii").read_bytes())
    content[112:116] = np.float32(2).tobytes()
    (tmp_path / "v.nii").write_bytes(content)
    with pytest.raises(DataError, match="to be scaled by 2"):
        open_slabs(tmp_path / "v.nii")


def test_of_folders_numpy_files_are_left_alone(tmp_path):
    np.save(tmp_path / "a_seg.npy", VOLUME)
    plain(tmp_path / "a.tif", VOLUME)
    assert list(find_images([tmp_path])) == ["a"]
    assert list(find_images([tmp_path / "a_seg.npy"])) == ["a_seg"]
    pairs, others = find_pairs(tmp_path, tmp_path)
    assert [pair.case for pair in pairs] == ["a"]
    assert set(others) == {str(tmp_path / "a_seg.npy")}


def test_pages_are_decoded_when_they_are_asked_for(tmp_path, monkeypatch):
    compressed(tmp_path / "v.tif", VOLUME)
    decoded, asarray = [], tifffile.TiffPage.asarray
    frame = tifffile.TiffFrame.asarray

    def listening(read):
        return lambda page, *a, **k: decoded.append(page.index) or read(page, *a, **k)

    monkeypatch.setattr(tifffile.TiffPage, "asarray", listening(asarray))
    monkeypatch.setattr(tifffile.TiffFrame, "asarray", listening(frame))
    found = open_slabs(tmp_path / "v.tif")
    decoded.clear()
    _ = found[2:4]
    assert set(decoded) == {2, 3}


def test_threads_get_their_own_pages(tmp_path):
    lzw(tmp_path / "v.tif", VOLUME)
    found = open_slabs(tmp_path / "v.tif")
    _ = found[:1]  # opened once, as by whoever looks at a first page
    numbers = [z for _ in range(60) for z in (0, 4, 2, 1, 3)]
    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(lambda z: found[z : z + 1], numbers))
    assert all(np.array_equal(page[0], VOLUME[z]) for page, z in zip(pages, numbers, strict=True))


def test_damaged_page_is_told_when_its_slab_is_read(tmp_path):
    compressed(tmp_path / "v.tif", VOLUME)
    with tifffile.TiffFile(tmp_path / "v.tif") as file:
        offset = file.pages[3].dataoffsets[0]
    content = bytearray((tmp_path / "v.tif").read_bytes())
    content[offset : offset + 20] = bytes(20)
    (tmp_path / "v.tif").write_bytes(content)
    found = open_slabs(tmp_path / "v.tif")
    assert np.array_equal(found[:3], VOLUME[:3])
    with pytest.raises(DataError, match=r"v\.tif, section 3, cannot be read: its ADOBE_DEFLATE compression"):
        _ = found[2:5]


@pytest.mark.parametrize("keep", [200, 1500])
def test_shortened_stack_is_told(tmp_path, keep):
    plain(tmp_path / "v.tif", VOLUME)
    (tmp_path / "v.tif").write_bytes((tmp_path / "v.tif").read_bytes()[:keep])
    with pytest.raises(DataError, match=r"v\.tif cannot be read"):
        read_labels(tmp_path / "v.tif")


def test_colour_stack_is_refused(tmp_path):
    colours = np.arange(2 * 9 * 9 * 3, dtype=np.uint8).reshape(2, 9, 9, 3)
    tifffile.imwrite(tmp_path / "v.tif", colours, photometric="rgb")
    with pytest.raises(DataError, match="is coloured: red, green and blue differ"):
        read_labels(tmp_path / "v.tif")


# ------------------------------------------------------------------------------------------- writing
@pytest.mark.parametrize("big", [False, True])
def test_labels_are_written_slab_by_slab(tmp_path, monkeypatch, big):
    monkeypatch.setattr(tiff_stacks, "_BIG", 0 if big else 2**31)
    labels = VOLUME % 3
    with stack_writer(tmp_path / "new/l.tif", labels.shape, told("abc")) as sink:
        sink[0:2] = labels[:2]
        sink[2:5] = labels[2:]
        assert not (tmp_path / "new/l.tif").exists()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["l.tif"]
    assert made_from(tmp_path / "new/l.tif", "labels") == "abc"
    assert np.array_equal(read_label_map(tmp_path / "new/l.tif"), labels)
    assert np.array_equal(tifffile.imread(tmp_path / "new/l.tif"), labels)
    with tifffile.TiffFile(tmp_path / "new/l.tif") as file:
        assert file.is_bigtiff is big


def test_volume_of_one_slice_is_written(tmp_path):
    with stack_writer(tmp_path / "l.tif", (1, 33, 20), told("abc")) as sink:
        sink[0:1] = VOLUME[:1]
    assert np.array_equal(tifffile.imread(tmp_path / "l.tif"), VOLUME[0])


def test_nothing_is_left_of_what_was_not_finished(tmp_path):
    def half():
        with stack_writer(tmp_path / "l.tif", VOLUME.shape, told("abc")) as sink:
            sink[0:2] = VOLUME[:2]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert not list(tmp_path.iterdir())


def test_slices_are_taken_in_their_order_only(tmp_path):
    def wrong():
        with stack_writer(tmp_path / "l.tif", VOLUME.shape, told("abc")) as sink:
            sink[2:4] = VOLUME[2:4]

    with pytest.raises(ValueError, match="slice 2 is written after 0 slices"):
        wrong()
