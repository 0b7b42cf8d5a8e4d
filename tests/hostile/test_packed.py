"""Chunks, strips and tiles that unpack to gigabytes, whatever packs them; what is sound is read by value."""

from __future__ import annotations

import bz2
import json
import lzma
import math
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import h5py
import hdf5plugin
import imagecodecs
import numcodecs
import numpy as np
import pytest
import tifffile
import zarr
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.benchmark.images.volumes import hdf5, zarrs
from emseg_bench.benchmark.images.volumes.tiff import find as find_tiff

GREY = np.random.default_rng(0).integers(0, 255, (4, 24, 20), dtype=np.uint8)
WHOLE = tuple(slice(0, side) for side in GREY.shape)
BIG = 640 << 20
"""Beyond what a piece may unpack to unseen, and within what the harness lets a command have."""


@pytest.fixture
def inspect(attack: Callable, work: Path) -> Callable:
    """Give the function that inspects a volume with good labels."""
    np.save(work / "labels.npy", GREY % 2)
    options = "labels=labels.npy,val_share=0.25,test_share=0.25,gap=0"
    return lambda location: attack("data", "inspect", f"volume[{options}]:{location}")


def in_stretches(packer: object, size: int = BIG) -> bytes:
    """Pack zeros without having them all in memory."""
    parts = [packer.compress(bytes(1 << 24)) for _ in range(size >> 24)]
    return b"".join([*parts, packer.flush()])


def zstd_without_size() -> bytes:
    """Return a frame of zeros that does not say how many: blocks of one repeated byte."""
    block = struct.pack("<I", (128 << 10) << 3 | 1 << 1)[:3] + b"\x00"
    last = struct.pack("<I", (128 << 10) << 3 | 1 << 1 | 1)[:3] + b"\x00"
    return b"\x28\xb5\x2f\xfd\x00\x38" + block * (BIG >> 17) + last


BOMBS = {
    "bz2": lambda: bz2.compress(bytes(1 << 24)) * (BIG >> 24),
    "lzma": lambda: in_stretches(lzma.LZMACompressor(preset=0)),
    "zstd": lambda: imagecodecs.zstd_encode(bytes(BIG)),
    "zstd-silent": zstd_without_size,
    "blosc": lambda: struct.pack("<4BIII", 2, 1, 0x21, 1, 3 << 30, 1 << 18, 100) + bytes(100),
    "lz4": lambda: struct.pack("<I", 2**31 - 1) + imagecodecs.lz4_encode(bytes(1 << 20)),
}


@cache
def packed(packer: str) -> bytes:
    """Pack zeros, each way once: some take seconds."""
    return BOMBS[packer]()


def test_the_frame_without_size_is_sound() -> None:
    frame = zstd_without_size()
    assert len(imagecodecs.zstd_decode(frame, out=BIG + (1 << 18))) == BIG + (128 << 10)


ZARR2 = {
    "zarr_format": 2, "shape": [4, 24, 20], "chunks": [2, 24, 20], "dtype": "|u1", "fill_value": 0,
    "order": "C", "filters": None, "compressor": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("packer", "place"), [*((name, "compressor") for name in BOMBS), ("bz2", "filter"), ("zstd", "filter")]
)
def test_a_zarr_chunk(packer: str, place: str, inspect: Callable, refused: Callable, work: Path) -> None:
    codec = {"id": packer.partition("-")[0]}
    change = {"compressor": codec} if place == "compressor" else {"filters": [codec]}
    (work / "a.zarr").mkdir()
    (work / "a.zarr/.zarray").write_text(json.dumps(ZARR2 | change))
    (work / "a.zarr/0.0.0").write_bytes(packed(packer))
    refused(inspect("a.zarr"), "a.zarr", "a chunk that unpacks to")


ZARR3 = {
    "zarr_format": 3, "node_type": "array", "shape": [4, 24, 20], "data_type": "uint8", "fill_value": 0,
    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [4, 24, 20]}},
    "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}}, "attributes": {},
}  # fmt: skip
BYTES = {"name": "bytes"}


def codec3(name: str) -> dict[str, object]:
    if name in ("bz2", "lzma", "lz4"):
        return {"name": f"numcodecs.{name}", "configuration": {}}
    settings: dict[str, object] = {"level": 1, "checksum": False}
    if name == "blosc":
        settings = {"cname": "lz4", "clevel": 1, "shuffle": "noshuffle", "typesize": 1, "blocksize": 0}
    return {"name": name, "configuration": settings}


@pytest.mark.filterwarnings("ignore:Numcodecs codecs are not in the Zarr version 3")
@pytest.mark.parametrize(
    ("packer", "sharded"), [*((name, True) for name in BOMBS), ("lzma", False), ("zstd-silent", False)]
)
def test_a_zarr_3_chunk(packer: str, sharded: bool, inspect: Callable, refused: Callable, work: Path) -> None:
    codecs: list[object] = [BYTES, codec3(packer.partition("-")[0])]
    body = packed(packer)
    if sharded:
        settings = {"chunk_shape": [4, 24, 20], "codecs": codecs, "index_codecs": [BYTES]}
        settings["index_codecs"] = [{"name": "bytes", "configuration": {"endian": "little"}}]
        codecs = [{"name": "sharding_indexed", "configuration": settings | {"index_location": "end"}}]
        body += struct.pack("<QQ", 0, len(body))
    (work / "a.zarr/c/0/0").mkdir(parents=True)
    (work / "a.zarr/zarr.json").write_text(json.dumps(ZARR3 | {"codecs": codecs}))
    (work / "a.zarr/c/0/0/0").write_bytes(body)
    refused(inspect("a.zarr"), "a.zarr", "a chunk that unpacks to")


@pytest.mark.parametrize(
    ("change", "gist"),
    [
        ({"compressor": {"id": "pickle"}}, "a.zarr"),
        ({"filters": [{"id": "pickle"}]}, "a.zarr"),
        ({"filters": [{"id": "json2"}]}, "a.zarr"),
        ({"compressor": {"id": "vlen-utf8"}}, "a.zarr"),
        ({"compressor": {"id": "base64"}}, "'base64'"),
        ({"compressor": {"id": "lzma", "format": 3, "filters": [{"id": 33}]}}, "lzma without a header"),
        (
            {"filters": [{"id": "astype", "encode_dtype": "|u1", "decode_dtype": "<U90000000"}]},
            "no numbers",
        ),
    ],
)
def test_a_zarr_codec_without_bounds(
    change: dict, gist: str, inspect: Callable, refused: Callable, work: Path
) -> None:
    (work / "a.zarr").mkdir()
    (work / "a.zarr/.zarray").write_text(json.dumps(ZARR2 | change))
    refused(inspect("a.zarr"), "a.zarr", gist)


@pytest.mark.parametrize("name", ["zlib", "gzip", "zstd", "blosc", "lz4", "bz2", "lzma"])
def test_sound_zarr_chunks_are_read(name: str, tmp_path: Path) -> None:
    filters = [numcodecs.Delta("|u1")]
    array = zarr.create_array(
        tmp_path / "a.zarr", shape=GREY.shape, chunks=(2, 24, 20), dtype="u1", zarr_format=2,
        compressors=numcodecs.get_codec({"id": name}), filters=filters,
    )  # fmt: skip
    array[:] = GREY
    assert np.array_equal(zarrs.find(tmp_path / "a.zarr", "", None).stored.read(WHOLE), GREY)


@pytest.mark.filterwarnings("ignore:Numcodecs codecs are not in the Zarr version 3")
@pytest.mark.parametrize("shards", [None, (4, 24, 20)])
@pytest.mark.parametrize("name", ["gzip", "zstd", "blosc", "lz4", "bz2", "lzma"])
def test_sound_zarr_3_chunks_are_read(name: str, shards: tuple[int, ...] | None, tmp_path: Path) -> None:
    settings = {"level": 1} if name == "gzip" else codec3(name)["configuration"]
    array = zarr.create_array(
        tmp_path / "a.zarr", shape=GREY.shape, chunks=(2, 12, 20), shards=shards, dtype="u2",
        compressors={"name": codec3(name)["name"], "configuration": settings},
    )  # fmt: skip
    array[:] = GREY
    stored = zarrs.find(tmp_path / "a.zarr", "", None).stored
    assert np.array_equal(stored.read(WHOLE), GREY)
    assert np.array_equal(stored.read((slice(1, 3), slice(5, 20), slice(2, 7))), GREY[1:3, 5:20, 2:7])


FILTERS = {
    "lzf": (32000, lambda: imagecodecs.lzf_encode(bytes(BIG))),
    "blosc": (32001, lambda: struct.pack("<4BIII", 2, 1, 0x21, 1, 3 << 30, 1 << 18, 100) + bytes(100)),
    "lz4": (32004, lambda: struct.pack(">QII", 3 << 30, 1 << 30, 20) + bytes(20)),
    "bitshuffle": (32008, lambda: struct.pack(">QII", 3 << 30, 1 << 13, 20) + bytes(20)),
    "bzip2": (307, BOMBS["bz2"]),
    "zstandard": (32015, zstd_without_size),
    "blosc2": (
        32026,
        lambda: bytes(29) + struct.pack(">BqBqBiBiBi", 0xD3, 3 << 30, 0xD3, 9, 0xD2, 1, 0xD2, 9, 0xD2, 9),
    ),
    "blosc2's chunk": (32026, lambda: bytes(58) + struct.pack(">i", 3 << 29)),
}
"""Of HDF5, by number; most come as plugins, which the check does not wait for."""


def chunked(path: Path, *filters: int, body: bytes = b"") -> None:
    """Write a dataset of one chunk, filters applied to it or not."""
    with h5py.File(path, "w") as file:
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk(GREY.shape)
        for number in filters:
            plan.set_filter(number, h5py.h5z.FLAG_OPTIONAL)
        space = h5py.h5s.create_simple(GREY.shape)
        data = h5py.h5d.create(file.id, b"raw", h5py.h5t.STD_U8LE, space, plan)
        data.write_direct_chunk((0, 0, 0), body)


@pytest.mark.parametrize("name", list(FILTERS))
def test_an_hdf5_chunk(name: str, inspect: Callable, refused: Callable, work: Path) -> None:
    number, make = FILTERS[name]
    chunked(work / "a.h5", number, body=make())
    refused(inspect("a.h5:/raw"), "a.h5", "a chunk that unpacks to")


@pytest.mark.parametrize("filters", [(1, 1), (1, 307), (4, 1), (6,), (32017,), (32024,), (32099,)])
def test_an_hdf5_chunk_packed_by_what_nobody_can_bound(
    filters: tuple[int, ...], inspect: Callable, refused: Callable, work: Path
) -> None:
    chunked(work / "a.h5", *filters, body=zlib.compress(zlib.compress(bytes(1 << 20))))
    refused(inspect("a.h5:/raw"), "a.h5")


@pytest.mark.parametrize("number", [32017, 32018, 32024, 32099])
def test_an_hdf5_filter_without_bounds_is_named(number: int, tmp_path: Path) -> None:
    chunked(tmp_path / "a.h5", number, body=b"x")
    with pytest.raises(
        DataError, match=rf"a.h5:/raw is packed with .*\(HDF5 filter {number}\), and nothing says"
    ):
        hdf5.find(tmp_path / "a.h5", "raw")


def zfp(*shape: int) -> tuple[int, ...]:
    """Return the settings of HDF5's ZFP filter for float32 values: a version, and ZFP's own header."""
    bits = 48 // len(shape)
    sides = sum((side - 1) << bits * axis for axis, side in enumerate(reversed(shape)))
    header = 0x0570667A | (sides << 4 | (len(shape) - 1) << 2 | 2) << 32
    return (0x10100111, *(header >> 32 * place & 0xFFFFFFFF for place in range(3)))


@pytest.mark.parametrize(
    "shape", [(1 << 16,) * 3, (1 << 40,), (1 << 20, 1 << 20), (1 << 12,) * 4, (5, 24, 20)]
)
def test_zfp_that_makes_more_than_a_chunk(shape: tuple[int, ...], tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk((4, 24, 20))
        plan.set_filter(32013, h5py.h5z.FLAG_OPTIONAL, zfp(*shape))
        space = h5py.h5s.create_simple((4, 24, 20))
        data = h5py.h5d.create(file.id, b"raw", h5py.h5t.IEEE_F32LE, space, plan)
        data.write_direct_chunk((0, 0, 0), bytes(100))
    made = f"{math.prod(shape):,} values of a chunk of 4 x 24 x 20"
    with pytest.raises(DataError, match=f"a filter that makes {made}"):
        hdf5.find(tmp_path / "a.h5", "raw").stored.read(WHOLE)


@pytest.mark.parametrize("name", ["Blosc", "Blosc2", "LZ4", "Zstd", "Bitshuffle", "BZip2", "Zfp"])
def test_sound_chunks_of_plugins_are_read(name: str, tmp_path: Path) -> None:
    packing = getattr(hdf5plugin, name)(**({"reversible": True} if name == "Zfp" else {}))
    values = np.arange(4 * 24 * 20, dtype=np.float32).reshape(4, 24, 20) ** 1.5
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("raw", data=values, chunks=(2, 24, 20), **packing)
    assert np.array_equal(hdf5.find(tmp_path / "a.h5", "raw").stored.read(WHOLE), values)


def test_filters_are_got_without_the_test_s_help(tmp_path: Path, work: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from emseg_bench.benchmark.images.volumes import hdf5\n"
        "print(hdf5.find(Path('a.h5'), 'raw').stored.read((slice(0, 4),) * 3).sum())"
    )
    with h5py.File(work / "a.h5", "w") as file:
        file.create_dataset("raw", data=np.ones((4, 4, 4), "u1"), chunks=(2, 4, 4), **hdf5plugin.LZ4())
    done = subprocess.run([sys.executable, "-c", code], cwd=work, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "64", done.stderr


@pytest.mark.parametrize(
    "packing", [{"compression": "gzip", "shuffle": True}, {"compression": "lzf"}, {"scaleoffset": 8}]
)
def test_sound_hdf5_chunks_are_read(packing: dict, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset(
            "raw", data=GREY, chunks=(2, 24, 20), fletcher32="scaleoffset" not in packing, **packing
        )
    assert np.array_equal(hdf5.find(tmp_path / "a.h5", "raw").stored.read(WHOLE), GREY)


def patched(data: bytes, place: int, form: str, *values: int) -> bytes:
    content = bytearray(data)
    struct.pack_into(form, content, place, *values)
    return bytes(content)


TINY = GREY[0]


def jpeg() -> bytes:
    data = imagecodecs.jpeg8_encode(TINY)
    return patched(data, data.index(b"\xff\xc0") + 5, ">HH", 60_000, 60_000)


def jpeg_2000(**options: object) -> bytes:
    data = imagecodecs.jpeg2k_encode(TINY, level=0, **options)
    place = data.index(b"\xff\x4f\xff\x51") + 8
    return patched(patched(data, place, ">II", 90_000, 90_000), place + 16, ">II", 90_000, 90_000)


def jpeg_xr() -> bytes:
    data = imagecodecs.jpegxr_encode(TINY)
    place = data.index(b"WMPHOTO\x00")
    short = data[place + 10] >> 7
    return patched(data, place + 12, ">HH" if short else ">II", 60_000, 60_000)


IMAGES = {
    "jpeg": (7, jpeg),
    "old-jpeg": (6, jpeg),
    "jpeg2000": (34712, lambda: jpeg_2000(codecformat="j2k")),
    "jp2": (33003, lambda: jpeg_2000(codecformat="jp2")),
    "png": (34933, lambda: patched(imagecodecs.png_encode(TINY), 16, ">II", 60_000, 60_000)),
    "webp": (50001, lambda: b"RIFF\x20\0\0\0WEBPVP8L\x14\0\0\0\x2f" + b"\xff" * 4 + bytes(15)),
    "jpegxl": (50002, lambda: b"\xff\x0a" + ((60_000 << 3 | 3 << 1) | (1 << 33)).to_bytes(8, "little")),
    "jpegxr": (34934, jpeg_xr),
    "lerc": (34887, lambda: patched(imagecodecs.lerc_encode(TINY), 14, "<ii", 60_000, 60_000)),
}


def tiff(path: Path, compression: int, body: bytes) -> None:
    """Write one page of 20 x 24 values in one strip."""
    values = {256: 20, 257: 24, 258: 8, 259: compression, 262: 1, 273: 200, 277: 1, 278: 24, 279: len(body)}
    tags = b"".join(struct.pack("<HHII", code, 4, 1, value) for code, value in values.items())
    start = b"II*\x00" + struct.pack("<IH", 8, len(values)) + tags + bytes(4)
    path.write_bytes(start.ljust(200, b"\x00") + body)


@pytest.mark.parametrize("name", list(IMAGES))
def test_a_tiff_strip_that_is_a_giant_image(
    name: str, attack: Callable, refused: Callable, work: Path
) -> None:
    compression, make = IMAGES[name]
    tiff(work / "a.tif", compression, make())
    refused(attack("score", "--pred", "a.tif", "--truth", "a.tif"), "a.tif", "says that it is an image of")


@pytest.mark.parametrize("name", ["jpegxl", "jpeg2000", "png", "jpegxr", "lerc"])
def test_sound_images_within_a_tiff_are_read(name: str, tmp_path: Path) -> None:
    settings: dict[str, dict[str, object]] = {"jpegxl": {"lossless": True}, "jpeg2000": {"level": 0}}
    body = getattr(imagecodecs, f"{name.replace('2000', '2k')}_encode")(TINY, **settings.get(name, {}))
    tiff(tmp_path / "a.tif", IMAGES[name][0], body)
    found = find_tiff(tmp_path / "a.tif").stored.read((slice(0, 24), slice(0, 20)))
    assert np.array_equal(found, TINY)


def test_a_tiff_tile_of_several_sections_that_is_a_bomb(
    inspect: Callable, refused: Callable, work: Path
) -> None:
    tifffile.imwrite(
        work / "a.tif", GREY, tile=(4, 32, 32), volumetric=True, compression="zlib", photometric="minisblack"
    )
    with tifffile.TiffFile(work / "a.tif") as file:
        tag = file.pages.first.tags["TileByteCounts"]
        at, offset = tag.valueoffset, file.pages.first.tags["TileOffsets"].valueoffset
    content = (work / "a.tif").read_bytes()
    body = in_stretches(zlib.compressobj(1))
    content = patched(patched(content, at, "<I", len(body)), offset, "<I", len(content)) + body
    (work / "a.tif").write_bytes(content)
    refused(inspect("a.tif"), "a.tif", "unpacks to more than")
