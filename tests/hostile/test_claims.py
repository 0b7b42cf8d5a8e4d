"""What headers claim is weighed before memory is taken; what is broken gets a sentence."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

GREY = np.random.default_rng(0).integers(0, 255, (4, 24, 20), dtype=np.uint8)
GIB = 1 << 30
OPTIONS = "labels=labels.npy,val_share=0.25,test_share=0.25,gap=0"


@pytest.fixture
def inspect(attack: Callable, work: Path) -> Callable:
    """Give the function that inspects a volume with good labels."""
    np.save(work / "labels.npy", GREY % 2)

    def run(location: str, *options: str) -> object:
        return attack(
            *options,
            "data",
            "inspect",
            f"volume[labels=labels.npy,val_share=0.25,test_share=0.25,gap=0]:{location}",
        )

    return run


HEADS = {-15: b"", 15: b"\x78\x9c", 31: b"\x1f\x8b\x08" + bytes(5) + b"\x02\xff"}
"""How deflated data, zlib and gzip begin."""


def bomb(size: int, wbits: int) -> bytes:
    """Give zeros, deflated, without the check value behind them: nothing is to get so far.

    Every 16 MiB are packed alike, so that it costs next to nothing to make.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(1 << 24)) + packer.flush(zlib.Z_FULL_FLUSH)
    return HEADS[wbits] + block * (size >> 24) + b"\x03\x00"


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, body: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("width", "height", "gist"),
    [
        (2**31 - 1, 2**31 - 1, "over the limit of 1.0 GiB"),
        (60_000, 60_000, "--limit-gib 4"),
        (30_000, 30_000, "has only"),
    ],
)
def test_a_png_that_claims(
    width: int, height: int, gist: str, attack: Callable, refused: Callable, work: Path
) -> None:
    (work / "a.png").write_bytes(png(width, height, zlib.compress(bytes(5000))))
    Image.fromarray(GREY[0] % 2).save(work / "b.png")
    refused(attack("score", "--pred", "a.png", "--truth", "b.png"), "a.png", gist)


def test_a_png_with_gigabytes_behind_few_pixels(attack: Callable, refused: Callable, work: Path) -> None:
    (work / "a.png").write_bytes(png(64, 64, bomb(4 * GIB, 15)))
    Image.fromarray(GREY[0] % 2).save(work / "b.png")
    ended = attack("score", "--pred", "a.png", "--truth", "b.png")
    refused(ended, "")  # the sizes differ, or Pillow says that there is too much


def tiff(path: Path, tags: dict[int, tuple[int, int, int]], body: bytes = b"", following: int = 0) -> None:
    """Write a TIFF of one directory: type, count and value by code."""
    entries = b"".join(struct.pack("<HHII", code, *tags[code]) for code in sorted(tags))
    directory = struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)
    path.write_bytes(b"II*\x00" + struct.pack("<I", 8) + directory + body)


def grey_page(width: int, height: int, compression: int, count: int) -> dict[int, tuple[int, int, int]]:
    values = {256: (4, width), 257: (4, height), 258: (3, 8), 259: (3, compression), 262: (3, 1)}
    strips = {273: (4, 200), 277: (3, 1), 278: (4, height), 279: (4, count)}
    return {code: (kind, 1, value) for code, (kind, value) in (values | strips).items()}


@pytest.mark.parametrize(
    ("width", "height", "compression", "count", "gist"),
    [
        (2**31 - 1, 2**31 - 1, 8, 100, "over the limit"),
        (2**31 - 1, 2**31 - 1, 1, 100, "bytes"),
        (50_000, 50_000, 5, 100, "over the limit"),
        (30_000, 30_000, 8, 100, "has only 100 bytes"),
        (64, 64, 8, 2**32 - 1, "lie beyond its"),
        (64, 64, 5, 2**32 - 1, "lie beyond its"),
    ],
)
def test_a_tiff_that_claims(
    width: int, height: int, compression: int, count: int, gist: str,
    attack: Callable, inspect: Callable, refused: Callable, work: Path,
) -> None:  # fmt: skip
    tiff(work / "a.tif", grey_page(width, height, compression, count), bytes(400))
    Image.fromarray(GREY[0] % 2).save(work / "b.png")
    refused(attack("score", "--pred", "a.tif", "--truth", "b.png"), "a.tif", gist)
    refused(inspect("a.tif"), "a.tif")  # for the sizes of its labels, at the latest


@pytest.mark.parametrize("tag", [256, 257, 258, 259, 262, 277, 278, 284])
def test_a_tiff_tag_without_a_value(
    tag: int, attack: Callable, inspect: Callable, refused: Callable, work: Path
) -> None:
    tags = grey_page(20, 24, 1, 480) | {284: (3, 1, 1)}
    tiff(work / "a.tif", tags | {tag: (3, 0, 1)}, bytes(700))
    gist = "should be one number" if tag in (259, 262, 284) else "a.tif"  # tifffile itself needs the others
    refused(attack("score", "--pred", "a.tif", "--truth", "a.tif"), "a.tif", gist)
    refused(inspect("a.tif"), "a.tif")


def test_an_imagej_stack_of_sections_without_rows(inspect: Callable, refused: Callable, work: Path) -> None:
    tifffile.imwrite(work / "a.tif", GREY, imagej=True)
    content = bytearray((work / "a.tif").read_bytes())
    place = content.index(struct.pack("<HHII", 257, 4, 1, 24))
    content[place + 8 : place + 12] = bytes(4)
    (work / "a.tif").write_bytes(content)
    refused(inspect("a.tif"), "a.tif", "have no pixels")


def test_a_strip_that_is_a_bomb(attack: Callable, refused: Callable, work: Path) -> None:
    packed = bomb(6 * GIB, 15)
    tiff(work / "a.tif", grey_page(64, 64, 8, len(packed)), bytes(200 - 8 - 2 - 9 * 12 - 4) + packed)
    Image.fromarray(GREY[0] % 2).save(work / "b.png")
    refused(attack("score", "--pred", "a.tif", "--truth", "b.png"), "a.tif", "unpacks to more than")


def test_pages_in_a_circle(attack: Callable, inspect: Callable, refused: Callable, work: Path) -> None:
    tiff(work / "a.tif", grey_page(20, 24, 1, 480), bytes(700), following=8)
    refused(inspect("a.tif"), "a.tif", "points back to page 0", "circle")
    refused(attack("score", "--pred", "a.tif", "--truth", "a.tif"), "a.tif", "circle")


def test_a_table_of_millions(inspect: Callable, refused: Callable, work: Path) -> None:
    tags = grey_page(20, 24, 1, 480)
    tiff(work / "a.tif", tags | {273: (4, 2**31, 200)}, bytes(700))
    refused(inspect("a.tif"), "tag 273 announces 2,147,483,648 values")


def test_xml_that_defines_entities(inspect: Callable, refused: Callable, work: Path) -> None:
    laughs = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    text = f'<?xml version="1.0"?><!DOCTYPE OME [<!ENTITY a0 "ha">{laughs}]><OME>&a9;</OME>'
    tifffile.imwrite(work / "a.tif", GREY, description=text, metadata=None, photometric="minisblack")
    refused(inspect("a.tif"), "defines entities")


@pytest.mark.parametrize("count", ["many", "-3", "9" * 5000, "nan", "1e9"])
def test_an_imagej_count_that_is_none(count: str, inspect: Callable, refused: Callable, work: Path) -> None:
    text = f"ImageJ=1.54\nimages={count}\nslices={count}\n"
    tifffile.imwrite(work / "a.tif", GREY, description=text, metadata=None, photometric="minisblack")
    ended = inspect("a.tif")
    refused(ended, code=ended.code if ended.code == 0 else 2)


NRRD = "NRRD0004\ntype: {}\ndimension: 3\nsizes: {}\nencoding: {}\n\n"


@pytest.mark.parametrize(
    ("kind", "sizes", "encoding", "gist"),
    [
        ("uint8", "4294967296 4294967296 4", "raw", "bytes that it announces"),
        ("uint8", "2097152 2097152 4194304", "raw", "bytes that it announces"),
        ("double", "9223372036854775807 2 1", "raw", "its header gives its sides"),
        ("uint8", "-1 24 4", "raw", "its header gives its sides"),
        ("uint8", f"{'9' * 5000} 24 4", "raw", "cannot be read"),
        ("uint8", "20 24 1000000", "gzip", "has only"),
        ("uint8", "20 24 4", "gzip", "unpacks to more"),
        ("uint8", "0 24 4", "raw", "holds nothing"),
    ],
)
def test_an_nrrd_that_claims(
    kind: str, sizes: str, encoding: str, gist: str, inspect: Callable, refused: Callable, work: Path
) -> None:
    body = GREY.tobytes()
    if encoding == "gzip":
        body = gzip.compress(body) if "1000000" in sizes else bomb(2 * GIB, 31)
    (work / "a.nrrd").write_bytes(NRRD.format(kind, sizes, encoding).encode() + body)
    refused(inspect("a.nrrd"), "a.nrrd", gist)


@pytest.mark.parametrize(
    "directions", ["(8,0,0) (0,x,0) (0,0,30)", "(8,0,0) (0,8,0) (0,0,30,0,0)", "(8,0) (0,8) ()"]
)
def test_nrrd_directions_that_are_none(
    directions: str, inspect: Callable, refused: Callable, work: Path
) -> None:
    header = NRRD.format("uint8", "20 24 4", "raw").replace("\n\n", f"\nspace directions: {directions}\n\n")
    (work / "a.nrrd").write_bytes(header.encode() + GREY.tobytes())
    refused(inspect("a.nrrd"), "a.nrrd", "space directions", "expected a vector for each axis")


def npy(shape: object, body: bytes = bytes(64)) -> bytes:
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header + b"\n" + body


@pytest.mark.parametrize(
    ("content", "gist"),
    [
        (npy((2**33, 2**33, 4)), "announces"),
        (npy((2**62, 4, 4)), "its header gives its sides"),
        (npy((-4, -24, 20)), "its header gives its sides"),
        (npy((4, "x", 20)), "cannot be read"),
        (npy("(" * 3000), "cannot be read"),
        (npy("[" * 90 + "]" * 90), "cannot be read"),
        (npy("(4, 24, 20), 'more': 1"), "cannot be read"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff", "its header says that it has 4,294,967,295 bytes"),
        (b"\x93NUMPY\x09\x00", "cannot be read"),
        (b"", "cannot be read"),
    ],
)
def test_a_numpy_file_that_claims(
    content: bytes, gist: str, inspect: Callable, refused: Callable, work: Path
) -> None:
    (work / "a.npy").write_bytes(content)
    refused(inspect("a.npy"), "a.npy", gist)


def nifti(sides: tuple[int, ...], offset: float = 352.0, size: int = 348) -> bytes:
    header = bytearray(352)
    struct.pack_into("<i", header, 0, size)
    struct.pack_into("<8h", header, 40, len(sides), *sides, *[1] * (7 - len(sides)))
    struct.pack_into("<hh", header, 70, 2, 8)
    struct.pack_into("<8f", header, 76, *[1.0] * 8)
    struct.pack_into("<f", header, 108, offset)
    header[344:348] = b"n+1\x00"
    return bytes(header) + GREY.tobytes()


@pytest.mark.parametrize(
    ("content", "gist"),
    [
        (nifti((-20, 24, 4)), "axes of lengths"),
        (nifti((0, 24, 4)), "axes of lengths"),
        (nifti((32767, 32767, 32767)), "bytes that it announces"),
        (nifti((20, 24, 4), float("nan")), "values begin at byte nan"),
        (nifti((20, 24, 4), -8.0), "values begin at byte -8"),
        (nifti((20, 24, 4), 3e38), "values begin at byte 3e+38"),
        (nifti((20, 24, 4), size=12345), "its header says that it has"),
        (b"\x5c\x01", "has 2 bytes"),
    ],
)
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_nifti_that_claims(
    name: str, content: bytes, gist: str, inspect: Callable, refused: Callable, work: Path
) -> None:
    (work / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    refused(inspect(name), name, "has only" if name.endswith("gz") and "announces" in gist else gist)


def test_a_compressed_nifti_of_gigabytes(inspect: Callable, refused: Callable, work: Path) -> None:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    parts = [packer.compress(nifti((20, 24, 4)))]
    parts += [packer.compress(bytes(1 << 26)) for _ in range(16)]  # a gibibyte is like twenty
    (work / "a.nii.gz").write_bytes(b"".join([*parts, packer.flush()]))
    refused(inspect("a.nii.gz"), "a.nii.gz", "unpacks to more than the 2,272 bytes")


@pytest.mark.parametrize("place", [92, 0, 12])
@pytest.mark.parametrize("value", [-1, -(2**31), 2**31 - 1])
def test_an_mrc_that_claims(place: int, value: int, inspect: Callable, refused: Callable, work: Path) -> None:
    header = bytearray(1024)
    struct.pack_into("<4i", header, 0, 20, 24, 4, 0)
    struct.pack_into("<3i", header, 64, 1, 2, 3)
    header[208:216] = b"MAP \x44\x44\x00\x00"
    struct.pack_into("<i", header, place, value)
    (work / "a.mrc").write_bytes(bytes(header) + GREY.tobytes())
    refused(inspect("a.mrc"), "a.mrc")


@pytest.mark.parametrize(
    ("options", "gist"),
    [
        ({"shape": (2**31, 2**20, 64), "chunks": (1, 64, 64)}, "are stored"),
        ({"shape": (4, 2**18, 2**18), "chunks": (1, 64, 64)}, "are stored"),
        ({"shape": (8, 40_000, 40_000), "chunks": (1, 64, 64)}, "--limit-gib 2"),
        ({"shape": (2000, 1000, 1000), "chunks": (2000, 1000, 1000)}, "--limit-gib 2"),
    ],
)
def test_an_hdf5_dataset_that_claims(
    options: dict, gist: str, inspect: Callable, refused: Callable, work: Path
) -> None:
    with h5py.File(work / "a.h5", "w") as file:
        file.create_dataset("raw", dtype="u1", compression="gzip", **options)
    refused(inspect("a.h5:/raw"), "a.h5:/raw", gist)


def test_an_hdf5_chunk_that_is_a_bomb(inspect: Callable, refused: Callable, work: Path) -> None:
    with h5py.File(work / "a.h5", "w") as file:
        data = file.create_dataset("raw", GREY.shape, "u1", chunks=GREY.shape, compression="gzip")
        data.id.write_direct_chunk((0, 0, 0), bomb(4 * GIB, 15))
    refused(inspect("a.h5:/raw"), "a.h5:/raw", "unpacks to more than")


def test_an_hdf5_tree_that_is_its_own_neighbour(attack: Callable, accepted: Callable, work: Path) -> None:
    """HDF5's own walk over such a group never ends."""
    with h5py.File(work / "a.h5", "w") as file:
        file["labels"], file["raw"] = GREY % 2, GREY
    content = bytearray((work / "a.h5").read_bytes())
    tree = content.index(b"TREE")
    content[tree + 16 : tree + 24] = struct.pack("<Q", tree)
    (work / "a.h5").write_bytes(content)
    accepted(attack("data", "init", "a.h5"))


ZARR2 = {
    "zarr_format": 2, "shape": [4, 24, 20], "chunks": [2, 24, 20], "dtype": "|u1", "fill_value": 0,
    "order": "C", "filters": None, "compressor": {"id": "zlib", "level": 1},
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "gist"),
    [
        ({"chunks": [0, 24, 20]}, ""),
        ({"chunks": [2**31, 2**31, 20]}, "over the limit"),
        ({"chunks": [-1, 24, 20]}, ""),
        ({"chunks": [2, 24]}, ""),
        ({"shape": [2**40, 2**30, 20]}, "a.zarr"),
        ({"shape": [-4, 24, 20]}, ""),
        ({"shape": [4, 10**30, 20]}, ""),
        ({"shape": "abc"}, ""),
        ({"dtype": "|V8"}, ""),
        ({"dtype": [["a", "|u1"]]}, ""),
        ({"compressor": {"id": "nothing"}}, ""),
        ({"filters": [{"id": "json2"}]}, ""),
    ],
)
def test_a_zarr_array_that_claims(
    change: dict, gist: str, inspect: Callable, refused: Callable, work: Path
) -> None:
    (work / "a.zarr").mkdir()
    (work / "a.zarr/.zarray").write_text(json.dumps(ZARR2 | change))
    refused(inspect("a.zarr"), "a.zarr", gist)


def test_a_zarr_chunk_that_is_a_bomb(inspect: Callable, refused: Callable, work: Path) -> None:
    (work / "a.zarr").mkdir()
    (work / "a.zarr/.zarray").write_text(json.dumps(ZARR2))
    (work / "a.zarr/0.0.0").write_bytes(bomb(4 * GIB, 15))
    refused(inspect("a.zarr"), "a.zarr", "unpacks to more than")


@pytest.mark.parametrize(
    "image",
    [
        {"axes": ["z", "y", "x"], "datasets": [{"path": "0", "coordinateTransformations": [
            {"type": "scale", "scale": [1, 2]}]}]},
        {"axes": ["z", "y", "x"], "datasets": [{"path": "../../0"}]},
        {"axes": ["z", "y", "x"], "datasets": []},
        {"axes": 3, "datasets": [{"path": "0"}]},
        {"datasets": 7},
        [],
        "text",
        {"axes": [{"no": 1}] * 3, "datasets": [{"path": "0", "coordinateTransformations": 5}]},
    ],
)  # fmt: skip
def test_an_ome_description_that_does_not_fit(
    image: object, inspect: Callable, refused: Callable, work: Path
) -> None:
    group = zarr.open_group(work / "a.zarr", mode="w", zarr_format=2)
    group.create_array("0", shape=GREY.shape, dtype="u1")[:] = GREY
    group.attrs["multiscales"] = [image]
    refused(inspect("a.zarr"), "a.zarr")


def test_a_legitimate_giant_is_read_once_the_limit_is_raised(
    attack: Callable, refused: Callable, accepted: Callable, work: Path
) -> None:
    Image.fromarray(np.zeros((3000, 3000), np.uint8)).save(work / "a.png")
    refused(
        attack("--limit-gib", "0.005", "score", "--pred", "a.png", "--truth", "a.png"),
        "a.png",
        "over the limit of 5.1 MiB",
    )
    ended = attack("--limit-gib", "1", "score", "--pred", "a.png", "--truth", "a.png")
    assert "over the limit" not in ended.told


@pytest.mark.parametrize("text", ["0", "-1", "nan", "much", "1e99"])
def test_a_limit_that_is_none(text: str, attack: Callable, refused: Callable) -> None:
    refused(attack(f"--limit-gib={text}", "list", "models"), "--limit-gib", "expected a size in GiB")


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
def test_an_archive_that_is_a_bomb(name: str, attack: Callable, refused: Callable, work: Path) -> None:
    if name == "a.zip":
        body, info = bomb(5 * GIB, -15), zipfile.ZipInfo("a.bin")
        info.compress_type, info.file_size, info.compress_size = zipfile.ZIP_DEFLATED, 5 * GIB, len(body)
        info.CRC = info.header_offset = 0
        with zipfile.ZipFile(work / name, "w") as archive:
            archive.fp.write(info.FileHeader(zip64=True) + body)
            archive.filelist.append(info)
            archive.start_dir, archive._didModify = archive.fp.tell(), True
        with zipfile.ZipFile(work / name) as archive, archive.open("a.bin") as file:
            assert file.read(1 << 20) == bytes(1 << 20)
    else:
        member = tarfile.TarInfo("a" * 200)
        content = bytearray(member.tobuf(tarfile.GNU_FORMAT))
        content[124:136] = b"77777777777\x00"  # the length of the long name: 8 GiB
        content[148:156] = b"%06o\x00 " % (sum(content[:148]) + sum(content[156:512]) + 8 * 32)
        body = bytes(content)
        (work / name).write_bytes(gzip.compress(body) if name.endswith("gz") else body)
    refused(
        attack(
            "data",
            "import",
            "isbi2012",
            "--archive",
            name,
            environment={"EMSEG_BENCH_CACHE": str(work / "c")},
        )
    )


def test_io_helpers_are_what_they_say() -> None:
    """The bombs of this file are bombs, or the tests above say nothing."""
    small = bomb(1 << 24, 31)
    assert len(zlib.decompressobj(31).decompress(small)) == 1 << 24
    assert len(small) < 20_000
    with Image.open(io.BytesIO(png(4, 4, zlib.compress(bytes(20))))) as image:
        image.load()
