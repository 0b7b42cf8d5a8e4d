"""Everything that can be wrong with a folder, and what its owner is told."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest
import tifffile
from emseg_bench.benchmark.contracts.errors import DataError, UsageError
from emseg_bench.datasets.folder.dataset import open_folder
from PIL import Image


def refused(root, cache) -> str:
    with pytest.raises(DataError) as raised:
        open_folder(str(root), cache)
    return str(raised.value)


def save(path, pixels) -> None:
    Image.fromarray(pixels).save(path)


def masks_of(root, *values: int) -> None:
    for path in (root / "masks").iterdir():
        mask = np.full((24, 32), values[0], np.uint8)
        mask.flat[: len(values)] = values
        save(path, mask)


def test_no_location(cache):
    with pytest.raises(UsageError, match="write folder:PATH"):
        open_folder(None, cache)


def test_missing_folder(tmp_path, cache):
    assert "the dataset folder /no/such/place does not exist; check the path" in refused(
        "/no/such/place", cache
    )
    (tmp_path / "file").touch()
    assert "is a file, not a folder" in refused(tmp_path / "file", cache)


def test_empty_folder(tmp_path, cache):
    message = refused(tmp_path, cache)
    assert "holds neither images/ and masks/ nor train/" in message
    assert "it holds nothing" in message


def test_another_layout_is_shown(tmp_path, cache):
    (tmp_path / "raw").mkdir()
    (tmp_path / "labels.txt").touch()
    assert "it holds labels.txt, raw/." in refused(tmp_path, cache)


def test_both_layouts_at_once(make_folder, cache):
    make_folder(3)
    assert "holds both images/ and train/: is it divided or not?" in refused(make_folder(3, "train"), cache)


def test_no_masks_folder(make_folder, cache):
    root = make_folder()
    shutil.rmtree(root / "masks")
    assert f"the folder {root / 'masks'} is missing" in refused(root, cache)


def test_no_images(make_folder, cache):
    assert "images holds no images; expected PNG or TIFF" in refused(make_folder(0), cache)


def test_formats_that_are_not_read(make_folder, cache):
    root = make_folder()
    for name in ("x.jpg", "y.mrc"):
        (root / "images" / name).touch()
    assert "images holds files that are not read: x.jpg, y.mrc. Save them as PNG or TIFF" in refused(
        root, cache
    )


def test_images_without_masks(make_folder, cache):
    root = make_folder(8)
    for k in (1, 2, 3, 5, 7):
        (root / "masks" / f"{k:02d}.png").unlink()
    message = refused(root, cache)
    assert "5 images without a file of the same name in masks/: 01, 02, 03 and 2 more" in message


def test_masks_without_images(make_folder, cache):
    root = make_folder()
    (root / "images" / "04.png").unlink()
    assert "1 mask without a file of the same name in images/: 04." in refused(root, cache)


def test_missing_pair_in_a_split_names_the_split(make_folder, cache):
    make_folder(3, "train")
    root = make_folder(3, "val", start=5)
    (root / "val" / "masks" / "06.png").unlink()
    assert f"{root / 'val'}: 1 image without" in refused(root, cache)


def test_duplicate_stems(make_folder, cache):
    root = make_folder()
    tifffile.imwrite(root / "images" / "01.tif", np.zeros((24, 32), np.uint8))
    assert "images holds several files of one name: 01.png, 01.tif. Keep one of each." in refused(root, cache)


@pytest.mark.parametrize("number", [1, 2])
def test_too_few_images(make_folder, cache, number):
    message = refused(make_folder(number), cache)
    assert re.search(rf"holds {number} images? for three splits .* at least 3 are needed", message)


@pytest.mark.parametrize(
    ("part", "told"), [("train", "train/ (2 images) alone"), ("val", "has no train/ folder")]
)
def test_too_few_splits(make_folder, cache, part, told):
    assert told in refused(make_folder(2, part), cache)


def test_size_mismatch(make_folder, cache):
    root = make_folder()
    save(root / "masks" / "02.png", np.ones((30, 32), np.uint8))
    message = refused(root, cache)
    assert "1 pair of different height or width: images/02.png and masks/02.png" in message
    assert "24 x 32 px and 30 x 32 px" in message


def test_too_small(make_folder, cache):
    root = make_folder()
    for kind in ("images", "masks"):
        save(root / kind / "02.png", np.ones((15, 90), np.uint8))
    assert "1 image below 16 px in height or width: images/02.png" in refused(root, cache)


@pytest.mark.parametrize("kind", ["images", "masks"])
@pytest.mark.parametrize(("suffix", "keep"), [(".png", 150), (".tif", 400), (".png", 0), (".tif", 0)])
def test_truncated_file(make_folder, cache, kind, suffix, keep):
    root = make_folder()
    (root / kind / "02.png").unlink()
    path = root / kind / f"02{suffix}"
    noise = np.random.default_rng(0).integers(0, 2, (24, 32), dtype=np.uint8)
    save(path, noise) if suffix == ".png" else tifffile.imwrite(path, noise)
    path.write_bytes(path.read_bytes()[:keep])
    message = refused(root, cache)
    assert str(path) in message
    assert "cannot be read" in message or "is empty or not what its name says" in message
    assert "BytesIO" not in message


def test_text_with_the_name_of_an_image(make_folder, cache):
    root = make_folder()
    (root / "images" / "01.png").write_text("not an image", encoding="utf-8")
    assert "01.png is empty or not what its name says" in refused(root, cache)


def test_a_folder_with_the_name_of_an_image(make_folder, cache):
    root = make_folder()
    (root / "images" / "01.png").unlink()
    (root / "images" / "01.png").mkdir()
    assert "01.png is a folder, expected a regular file" in refused(root, cache)


def test_a_dangling_link(make_folder, cache):
    root = make_folder()
    (root / "images" / "01.png").unlink()
    (root / "images" / "01.png").symlink_to("/no/such/file.png")
    assert "01.png cannot be read: it is a link to nothing" in refused(root, cache)


def test_many_unreadable_files_are_told_together(make_folder, cache):
    root = make_folder(9)
    for k in range(7):
        (root / "images" / f"{k:02d}.png").write_bytes(b"x")
    message = refused(root, cache)
    assert message.startswith("7 files cannot be used:\n- ")
    assert message.endswith("\n- and 2 more")


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int16, np.uint32])
def test_an_image_of_another_type(make_folder, cache, kind):
    root = make_folder()
    (root / "images" / "02.png").unlink()
    tifffile.imwrite(root / "images" / "02.tif", np.zeros((24, 32), kind))
    message = refused(root, cache)
    assert f"{np.dtype(kind)} images (for example images/02.tif)" in message
    assert "uint8 images (for example images/" in message


def test_an_image_with_values_that_are_no_numbers(make_folder, cache):
    root = make_folder()
    (root / "images" / "02.png").unlink()
    tifffile.imwrite(root / "images" / "02.tif", np.full((24, 32), np.nan, np.float32))
    assert "02.tif holds NaN or infinite values" in refused(root, cache)


def test_images_of_complex_numbers(make_folder, cache):
    root = make_folder()
    (root / "images" / "02.png").unlink()
    tifffile.imwrite(root / "images" / "02.tif", np.zeros((24, 32), np.complex64))
    assert "02.tif holds complex64 values; expected whole numbers or floats" in refused(root, cache)


def test_float_masks(make_folder, cache):
    root = make_folder()
    (root / "masks" / "02.png").unlink()
    tifffile.imwrite(root / "masks" / "02.tif", np.full((24, 32), 0.5, np.float32))
    assert "02.tif holds 0.5 at (0, 0), of type float32; labels are whole numbers" in refused(root, cache)


def test_negative_labels(make_folder, cache):
    root = make_folder()
    (root / "masks" / "02.png").unlink()
    tifffile.imwrite(root / "masks" / "02.tif", np.full((24, 32), -1, np.int16))
    message = refused(root, cache)
    assert "hold the values -1, 0, 1 (for example masks/02.tif). Say what -1 is: ignore_value: -1" in message


def test_coloured_mask(make_folder, cache):
    root = make_folder()
    mask = np.zeros((24, 32, 3), np.uint8)
    mask[3, 4] = (255, 0, 0)
    save(root / "masks" / "03.png", mask)
    assert "03.png is a colour picture: its red, green and blue differ" in refused(root, cache)


def test_transparent_mask(make_folder, cache):
    root = make_folder()
    save(root / "masks" / "03.png", np.zeros((24, 32, 4), np.uint8))
    assert "03.png is a mask with transparent pixels" in refused(root, cache)


def test_multi_page_tiff(make_folder, cache):
    root = make_folder()
    (root / "images" / "02.png").unlink()
    tifffile.imwrite(root / "images" / "02.tif", np.zeros((7, 24, 32), np.uint8), photometric="minisblack")
    assert "02.tif has 7 pages; save every slice as a file of its own" in refused(root, cache)


def test_many_channels(make_folder, cache):
    root = make_folder()
    (root / "images" / "02.png").unlink()
    tifffile.imwrite(root / "images" / "02.tif", np.zeros((24, 32, 5), np.uint8), planarconfig="contig")
    assert "02.tif has 5 channels; expected grey or RGB" in refused(root, cache)


def test_16_bit_colour_png(make_folder, cache):
    import struct
    import zlib

    def chunk(name, content):
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    root = make_folder()
    rows = zlib.compress(b"".join(b"\0" + bytes(32 * 6) for _ in range(24)))
    header = struct.pack(">IIBBBBB", 32, 24, 16, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    (root / "images" / "02.png").write_bytes(png)
    assert "02.png is a 16-bit colour PNG, of which 8 bits would be lost" in refused(root, cache)


def test_mixed_channels(make_folder, cache):
    root = make_folder()
    save(root / "images" / "03.png", np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8))
    message = refused(root, cache)
    assert "mixes 1 colour image (images/03.png) and 4 images of one channel" in message


def test_mixed_bit_depths(make_folder, cache):
    root = make_folder()
    save(root / "images" / "03.png", np.zeros((24, 32), np.uint16))
    message = refused(root, cache)
    assert "mixes uint8 images (for example images/" in message
    assert "uint16 images (for example images/03.png)" in message


def test_masks_of_255(make_folder, cache):
    root = make_folder()
    masks_of(root, 0, 255)
    message = refused(root, cache)
    assert "hold the values 0 and 255 (for example masks/00.png)" in message
    assert f"Write into {root / 'dataset.yaml'}: classes: {{0: background, 255: class1}}" in message


def test_what_the_message_says_to_write_helps(make_folder, cache):
    root = make_folder()
    masks_of(root, 0, 7, 255, 12)
    line = re.search(r"(classes: \{.*?\})", refused(root, cache)).group(1)
    (root / "dataset.yaml").write_text(line, encoding="utf-8")
    manifest = open_folder(str(root), cache).manifest
    assert manifest.class_names == ("background", "class1", "class2", "class3")


@pytest.mark.parametrize(("values", "told"), [((0, 2, 3), "0, 2, 3"), ((1, 2), "1, 2"), ((0, 128), "0, 128")])
def test_gaps_between_values(make_folder, cache, values, told):
    root = make_folder()
    masks_of(root, *values)
    message = refused(root, cache)
    assert f"hold the values {told}; without names they must be 0, 1, 2, ... without gaps" in message


def test_instance_numbers(make_folder, cache):
    root = make_folder()
    masks_of(root, *range(40))
    assert "39 different values beside the background" in refused(root, cache)
    assert "look like numbers of single objects" in refused(root, cache)


def test_values_without_a_name(make_folder, cache):
    root = make_folder(classes=2)
    save(root / "masks" / "03.png", np.full((24, 32), 5, np.uint8))
    (root / "dataset.yaml").write_text("classes: [background, cell]", encoding="utf-8")
    message = refused(root, cache)
    assert "does not name: 5 (in 1 file: masks/03.png); it names 0, 1." in message


def test_no_foreground_to_train_on(make_folder, cache):
    root = make_folder()
    for k in range(3):
        save(root / "masks" / f"{k:02d}.png", np.zeros((24, 32), np.uint8))
    message = refused(root, cache)
    assert "no training mask holds any foreground (class1), so there is nothing to learn" in message


@pytest.mark.parametrize(
    ("values", "yaml"), [((0,), ""), ((0, 255), "ignore_value: 255"), ((0, 1), "ignore_value: 1")]
)
def test_no_foreground_at_all(make_folder, cache, values, yaml):
    root = make_folder()
    masks_of(root, *values)
    (root / "dataset.yaml").write_text(yaml, encoding="utf-8")
    assert "holds any foreground, so there is nothing to learn: every pixel is 0 or ignored" in refused(
        root, cache
    )


def test_ignored_pixels_are_no_foreground_to_train_on(make_folder, cache):
    root = make_folder()
    for k in range(3):
        save(root / "masks" / f"{k:02d}.png", np.tile(np.uint8([0, 9]), (24, 16)))
    (root / "dataset.yaml").write_text("ignore_value: 9", encoding="utf-8")
    assert "no training mask holds any foreground (class1)" in refused(root, cache)


def test_constant_images(make_folder, cache):
    root = make_folder()
    for path in (root / "images").iterdir():
        save(path, np.full((24, 32), 90, np.uint8))
    assert "all training images have one and the same value everywhere" in refused(root, cache)


def test_images_too_large_for_one_piece(make_folder, cache, monkeypatch):
    root = make_folder()
    monkeypatch.setenv("EMSEG_BENCH_LIMIT_GIB", "1e-7")
    assert "over the limit of 0.0 MiB for what is decoded in one piece" in refused(root, cache)


def test_an_unwritable_cache(make_folder, cache):
    cache.touch()
    assert "cannot be written to" in refused(make_folder(), cache)
