"""Every kind of file that is read, and that its values come out right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from emseg_bench.benchmark.contracts.data import Dataset, Sample
from emseg_bench.datasets.folder.dataset import open_folder
from PIL import Image

SHAPE = (24, 32)
GREY = [np.random.default_rng(k).integers(0, 256, SHAPE, dtype=np.uint8) for k in range(3)]
DEEP = [np.random.default_rng(k).integers(0, 65536, SHAPE, dtype=np.uint16) for k in range(3)]
COLOUR = [np.random.default_rng(k).integers(0, 256, (*SHAPE, 3), dtype=np.uint8) for k in range(3)]
MASKS = [np.random.default_rng(9 + k).integers(0, 3, SHAPE, dtype=np.uint8) for k in range(3)]
OPAQUE = np.full((*SHAPE, 1), 255, np.uint8)


def pillow(path: Path, pixels: np.ndarray, **options: object) -> None:
    Image.fromarray(pixels).save(path, **options)


def tiff(path: Path, pixels: np.ndarray, **options: object) -> None:
    tifffile.imwrite(path, pixels, **options)


def palette(path: Path, index: np.ndarray) -> None:
    image = Image.fromarray(index)
    image.putpalette([7, 8, 9, 200, 0, 0, 0, 200, 0])
    image.save(path)


def one_bit(path: Path, pixels: np.ndarray) -> None:
    Image.fromarray(pixels.astype(bool)).save(path, bits=1)


def folder_of(
    root: Path,
    images,
    masks,
    image_suffix=".png",
    mask_suffix=".png",
    image_writer=pillow,
    mask_writer=pillow,
):
    for kind in ("images", "masks"):
        (root / kind).mkdir(parents=True)
    for k, (image, mask) in enumerate(zip(images, masks, strict=True)):
        image_writer(root / "images" / f"{k}{image_suffix}", image)
        mask_writer(root / "masks" / f"{k}{mask_suffix}", mask)
    return root


def open_and_read(root: Path) -> tuple[Dataset, list[Sample]]:
    dataset = open_folder(str(root), root.parent / "cache")
    assert isinstance(dataset, Dataset)
    return dataset, [dataset.read(case) for case in dataset.manifest.cases]


def with_alpha(pixels: np.ndarray, alpha: np.ndarray = OPAQUE) -> np.ndarray:
    pixels = pixels if pixels.ndim == 3 else pixels[..., None]
    return np.concatenate([pixels, alpha], axis=-1)


IMAGES = {
    "8-bit PNG": (GREY, ".png", pillow, GREY),
    "8-bit PNG with alpha": ([with_alpha(image) for image in GREY], ".png", pillow, GREY),
    "8-bit TIFF": (GREY, ".tif", tiff, GREY),
    "capital suffix": (GREY, ".TIFF", tiff, GREY),
    "LZW TIFF": (GREY, ".tif", lambda path, image: pillow(path, image, compression="tiff_lzw"), GREY),
    "zlib TIFF": (GREY, ".tif", lambda path, image: tiff(path, image, compression="zlib"), GREY),
    "tiled TIFF": (GREY, ".tif", lambda path, image: tiff(path, image, tile=(16, 16)), GREY),
    "16-bit PNG": (DEEP, ".png", pillow, DEEP),
    "16-bit TIFF": (DEEP, ".tif", tiff, DEEP),
    "16-bit LZW TIFF": (DEEP, ".tif", lambda path, image: pillow(path, image, compression="tiff_lzw"), DEEP),
    "big-endian 16-bit TIFF": (DEEP, ".tif", lambda path, image: tiff(path, image, byteorder=">"), DEEP),
    "grey stored as RGB": ([np.repeat(image[..., None], 3, 2) for image in GREY], ".png", pillow, GREY),
    "grey stored as RGBA": (
        [with_alpha(np.repeat(image[..., None], 3, 2)) for image in GREY],
        ".png",
        pillow,
        GREY,
    ),
    "grey stored as palette": (
        GREY,
        ".png",
        lambda path, image: Image.fromarray(image).convert("P").save(path),
        GREY,
    ),
    "1-bit PNG": ([image // 128 for image in GREY], ".png", one_bit, [image // 128 * 255 for image in GREY]),
    "RGB PNG": (COLOUR, ".png", pillow, COLOUR),
    "RGBA PNG": ([with_alpha(image) for image in COLOUR], ".png", pillow, COLOUR),
    "RGB TIFF": (COLOUR, ".tif", lambda path, image: tiff(path, image, photometric="rgb"), COLOUR),
    "planar RGB TIFF": (
        [np.moveaxis(image, -1, 0) for image in COLOUR],
        ".tif",
        lambda path, image: tiff(path, image, photometric="rgb", planarconfig="separate"),
        COLOUR,
    ),
    "16-bit RGB TIFF": (
        [image.astype(np.uint16) * 257 for image in COLOUR],
        ".tif",
        lambda path, image: tiff(path, image, photometric="rgb"),
        COLOUR,  # 257 is the step of 8 bits
    ),
}


@pytest.mark.parametrize("kind", IMAGES)
def test_images_of_every_kind(tmp_path, kind):
    stored, suffix, writer, expected = IMAGES[kind]
    root = folder_of(tmp_path / "cells", stored, MASKS, suffix, image_writer=writer)
    dataset, samples = open_and_read(root)
    for sample, truth in zip(samples, expected, strict=True):
        planes = np.moveaxis(truth, -1, 0) if truth.ndim == 3 else truth[None]
        if truth.dtype == np.uint16:
            assert sample.image.dtype == np.float32
            planes = (planes / 65535).astype(np.float32)
            np.testing.assert_allclose(sample.image, planes, rtol=1e-6)
        else:
            assert sample.image.dtype == np.uint8
            np.testing.assert_array_equal(sample.image, planes)
        assert sample.image.shape == (dataset.manifest.channels, *SHAPE)
        assert sample.image.flags.c_contiguous
    train = expected[0].astype(float) / (65535 if expected[0].dtype == np.uint16 else 255)
    axes = (0, 1)
    assert dataset.manifest.mean == pytest.approx(np.atleast_1d(train.mean(axis=axes)), rel=1e-12)
    assert dataset.manifest.std == pytest.approx(np.atleast_1d(train.std(axis=axes)), rel=1e-9)


MASK_KINDS = {
    "8-bit PNG": (MASKS, ".png", pillow),
    "16-bit PNG": ([mask.astype(np.uint16) for mask in MASKS], ".png", pillow),
    "palette PNG": (MASKS, ".png", palette),
    "4-bit grey PNG": (MASKS, ".png", None),
    "equal RGB PNG": ([np.repeat(mask[..., None], 3, 2) for mask in MASKS], ".png", pillow),
    "equal RGBA PNG": ([with_alpha(np.repeat(mask[..., None], 3, 2)) for mask in MASKS], ".png", pillow),
    "8-bit TIFF": (MASKS, ".tif", tiff),
    "16-bit TIFF": ([mask.astype(np.uint16) for mask in MASKS], ".tif", tiff),
    "32-bit TIFF": ([mask.astype(np.int32) for mask in MASKS], ".tif", tiff),
    "LZW TIFF": (MASKS, ".tif", lambda path, mask: pillow(path, mask, compression="tiff_lzw")),
    "palette TIFF": (MASKS, ".tif", palette),
}


def four_bit_grey(path: Path, mask: np.ndarray) -> None:
    """Write a PNG with 4 bits per pixel by hand: no library here writes grey ones."""
    import struct
    import zlib

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    height, width = mask.shape
    rows = b"".join(b"\0" + bytes(row[::2] << 4 | row[1::2]) for row in mask)
    header = struct.pack(">IIBBBBB", width, height, 4, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", MASK_KINDS)
def test_masks_of_every_kind(tmp_path, kind):
    stored, suffix, writer = MASK_KINDS[kind]
    root = folder_of(
        tmp_path / "cells", GREY, stored, mask_suffix=suffix, mask_writer=writer or four_bit_grey
    )
    dataset, samples = open_and_read(root)
    assert dataset.manifest.class_names == ("background", "class1", "class2")
    assert dataset.manifest.num_logits == 3
    for sample, truth in zip(samples, MASKS, strict=True):
        assert sample.labels.dtype == np.uint8
        np.testing.assert_array_equal(sample.labels, truth)


def one_bit_tiff(path: Path, pixels: np.ndarray) -> None:
    tiff(path, pixels.astype(bool), photometric="minisblack")


@pytest.mark.parametrize(("suffix", "writer"), [(".png", one_bit), (".tif", one_bit_tiff)])
def test_one_bit_masks(tmp_path, suffix, writer):
    binary = [mask // 2 for mask in MASKS]
    root = folder_of(tmp_path / "cells", GREY, binary, mask_suffix=suffix, mask_writer=writer)
    dataset, samples = open_and_read(root)
    assert dataset.manifest.class_names == ("background", "class1")
    assert dataset.manifest.num_logits == 1
    for sample, truth in zip(samples, binary, strict=True):
        np.testing.assert_array_equal(sample.labels, truth)


def test_colour_anywhere_keeps_three_channels(tmp_path):
    """Grey images beside coloured ones stay RGB, as long as they are stored so."""
    images = [np.repeat(GREY[0][..., None], 3, 2), COLOUR[1], np.repeat(GREY[2][..., None], 3, 2)]
    dataset, samples = open_and_read(folder_of(tmp_path / "cells", images, MASKS))
    assert dataset.manifest.channels == 3
    assert [sample.image.shape for sample in samples] == [(3, *SHAPE)] * 3


def test_grey_files_and_grey_rgb_files_mix(tmp_path):
    images = [np.repeat(GREY[0][..., None], 3, 2), GREY[1], with_alpha(GREY[2])]
    dataset, samples = open_and_read(folder_of(tmp_path / "cells", images, MASKS))
    assert dataset.manifest.channels == 1
    for sample, truth in zip(samples, GREY, strict=True):
        np.testing.assert_array_equal(sample.image[0], truth)


def test_dropped_transparency_is_noted(tmp_path):
    clear = OPAQUE.copy()
    clear[0, 0] = 0
    images = [with_alpha(GREY[0], clear), GREY[1], GREY[2]]
    dataset, _ = open_and_read(folder_of(tmp_path / "cells", images, MASKS))
    assert "1 image had transparent pixels; the alpha channel was dropped." in dataset.manifest.notes


def test_sizes_may_differ_between_pairs(tmp_path):
    sizes = [(24, 32), (40, 17), (16, 64)]
    images = [np.random.default_rng(k).integers(0, 256, size, dtype=np.uint8) for k, size in enumerate(sizes)]
    masks = [np.random.default_rng(k).integers(0, 2, size, dtype=np.uint8) for k, size in enumerate(sizes)]
    dataset, samples = open_and_read(folder_of(tmp_path / "cells", images, masks))
    assert [(case.height, case.width) for case in dataset.manifest.cases] == sizes
    assert [sample.labels.shape for sample in samples] == sizes
    assert dataset.manifest.mean == pytest.approx((images[0].mean() / 255,), rel=1e-12)


def test_other_files_are_none_of_ours(tmp_path):
    root = folder_of(tmp_path / "cells", GREY, MASKS)
    (root / "README.txt").write_text("hello", encoding="utf-8")
    (root / "images" / ".DS_Store").write_bytes(b"x")
    (root / "images" / "notes.txt").write_text("hello", encoding="utf-8")
    (root / "unlabelled").mkdir()
    dataset, _ = open_and_read(root)
    assert len(dataset.manifest.cases) == 3
