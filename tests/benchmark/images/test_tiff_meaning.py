"""What the tags of a TIFF say is done, whatever the compression, in single images, masks and stacks."""

from __future__ import annotations

import io
from itertools import cycle, pairwise, product

import numpy as np
import pytest
import tifffile
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.benchmark.images.orientation import turn_of
from emseg_bench.benchmark.images.pixels import decode_image, decode_mask
from emseg_bench.benchmark.images.volumes.opening import Wanted, open_volume
from emseg_bench.benchmark.predictions.label_maps import read_label_map
from PIL import Image, ImageOps

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (21, 34), dtype=np.uint8)
STACK = RNG.integers(0, 256, (7, 21, 34), dtype=np.uint8)
LABELS = RNG.integers(0, 3, (7, 21, 34), dtype=np.uint8)
LOSSLESS = ["zlib", "lzw", "packbits", "zstd", "jpeg2000", "jpegxr", "lerc", "jpegxl", "lzma", "png"]
COMPRESSIONS = [None, *LOSSLESS]
ORIENTATION = 274


def coded(pixels, **options):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, pixels, **{"photometric": "minisblack", **options})
    return buffer.getvalue()


def image_of(pixels, **options):
    return decode_image(coded(pixels, **options), "a.tif").pixels.squeeze()


def mask_of(pixels, **options):
    return decode_mask(coded(pixels, **options), "a.tif")


def stack_of(tmp_path, pixels, *, as_labels=False, **options):
    (tmp_path / "a.tif").write_bytes(coded(pixels, **options))
    return open_volume(tmp_path / "a.tif", tmp_path, Wanted(as_labels=as_labels))


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_every_compression_gives_what_was_written(compression, dtype, tmp_path):
    deep = STACK.astype(dtype) * (257 if dtype == "uint16" else 1)
    if dtype == "uint16" and compression == "jpegxl":
        deep = deep & 0xFFF0
    np.testing.assert_array_equal(image_of(deep[0], compression=compression), deep[0])
    volume = stack_of(tmp_path, deep, compression=compression)
    np.testing.assert_array_equal(volume.read(), deep)
    np.testing.assert_array_equal(volume.read(slice(2, 4), slice(3, 9), slice(5, None)), deep[2:4, 3:9, 5:])


@pytest.mark.parametrize("options", [
    {"tile": (16, 16)}, {"tile": (16, 32), "compression": "zstd", "predictor": 2},
    {"compression": "lzw", "predictor": 2}, {"rowsperstrip": 5, "compression": "zlib"},
    {"byteorder": ">"}, {"byteorder": ">", "compression": "zlib", "predictor": 2}, {"bigtiff": True},
])  # fmt: skip
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint32", "int64", "float16", "float32"])
def test_tiles_predictors_and_byte_orders(options, dtype, tmp_path):
    if dtype.startswith("float") and "predictor" in options:
        options = {**options, "predictor": 3}
    values = (STACK.astype("float64") - 100).astype(dtype)
    np.testing.assert_array_equal(stack_of(tmp_path, values, **options).read(), values)


@pytest.mark.parametrize("compression", [None, "zlib", "zstd"])
def test_tiles_that_hold_several_sections(compression, tmp_path):
    values = RNG.integers(0, 60000, (9, 40, 50), dtype=np.uint16)
    volume = stack_of(tmp_path, values, volumetric=True, tile=(4, 16, 16), compression=compression)
    assert volume.shape == values.shape
    np.testing.assert_array_equal(
        volume.read(slice(3, 6), slice(7, 33), slice(15, 50)), values[3:6, 7:33, 15:]
    )


@pytest.mark.parametrize("compression", [None, "zlib", "zstd"])
def test_white_is_zero_is_turned_over(compression, tmp_path):
    options = {"photometric": "miniswhite", "compression": compression}
    np.testing.assert_array_equal(image_of(255 - GREY, **options), GREY)
    deep = GREY.astype(np.uint16) * 200
    np.testing.assert_array_equal(image_of(65535 - deep, **options), deep)
    np.testing.assert_array_equal(stack_of(tmp_path, 255 - STACK, **options).read(), STACK)
    np.testing.assert_array_equal(
        stack_of(tmp_path, ~STACK.astype(np.int16), **options).read(), STACK.astype(np.int16)
    )


@pytest.mark.parametrize("compression", [None, "packbits", "zlib"])
def test_masks_in_which_zero_is_white(compression, tmp_path):
    """Of one bit and of more: a label is what is shown, so that black is background."""
    options = {"photometric": "miniswhite", "compression": compression}
    foreground = LABELS == 1
    np.testing.assert_array_equal(mask_of(~foreground[0], **options), foreground[0])
    np.testing.assert_array_equal(image_of(~foreground[0], **options), foreground[0] * 255)
    np.testing.assert_array_equal(mask_of(255 - LABELS[0], **options), LABELS[0])
    volume = stack_of(tmp_path, ~foreground, as_labels=True, **options)
    np.testing.assert_array_equal(volume.read(), foreground)
    np.testing.assert_array_equal(stack_of(tmp_path, 255 - LABELS, as_labels=True, **options).read(), LABELS)


def test_imagej_s_inverting_table_is_a_mere_look(tmp_path):
    """Its foreground of value 255 is drawn black; images are what is drawn, labels what is stored."""
    options = {
        "photometric": "miniswhite",
        "metadata": None,
        "description": "ImageJ=1.54f\nimages=7\nslices=7\n",
    }
    mask = (LABELS == 1).astype(np.uint8) * 255
    np.testing.assert_array_equal(stack_of(tmp_path, mask, as_labels=True, **options).read(), mask)
    np.testing.assert_array_equal(stack_of(tmp_path, mask, **options).read(), 255 - mask)


def fax(pixels, compression):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "TIFF", compression=compression)
    return buffer.getvalue()


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
def test_fax_compressions(compression):
    foreground = np.repeat(LABELS[0] == 1, 8, axis=1)
    np.testing.assert_array_equal(decode_mask(fax(foreground, compression), "a.tif"), foreground)


GREYS = np.arange(256, dtype=np.uint16) * 257
COLOURS = np.stack([GREYS, GREYS[::-1], GREYS // 2])


@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_palettes(compression, tmp_path):
    grey = {"photometric": "palette", "colormap": np.stack([GREYS[::-1]] * 3), "compression": compression}
    np.testing.assert_array_equal(image_of(GREY, **grey), 255 - GREY)
    np.testing.assert_array_equal(stack_of(tmp_path, STACK, **grey).read(), 255 - STACK)
    np.testing.assert_array_equal(mask_of(LABELS[0], **grey), LABELS[0])
    np.testing.assert_array_equal(stack_of(tmp_path, LABELS, as_labels=True, **grey).read(), LABELS)
    colour = grey | {"colormap": COLOURS}
    looked_up = np.stack([GREY, 255 - GREY, GREY // 2], -1)
    np.testing.assert_array_equal(image_of(GREY, **colour), (COLOURS.T[GREY] >> 8))
    np.testing.assert_allclose(image_of(GREY, **colour).astype(int), looked_up, atol=1)
    with pytest.raises(DataError, match=r"a\.tif is coloured"):
        stack_of(tmp_path, STACK, **colour).read()


def test_a_palette_of_eight_bits_in_sixteen():
    small = {"photometric": "palette", "colormap": np.stack([np.arange(256, dtype=np.uint16)] * 3)}
    np.testing.assert_array_equal(image_of(GREY, **small), GREY)


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_grey_saved_as_colours(compression, tmp_path):
    options = {"photometric": "rgb", "compression": compression}
    np.testing.assert_array_equal(stack_of(tmp_path, np.stack([STACK] * 3, -1), **options).read(), STACK)
    planes = np.stack([STACK] * 3, 1)
    volume = stack_of(tmp_path, planes, planarconfig="separate", **options)
    np.testing.assert_array_equal(volume.read(slice(1, 4), slice(2, 5)), STACK[1:4, 2:5])
    labels = stack_of(tmp_path, np.stack([LABELS] * 3, -1), as_labels=True, **options)
    np.testing.assert_array_equal(labels.read(), LABELS)
    planes[:, 1] += 1
    with pytest.raises(DataError, match=r"coloured: red, green and blue differ"):
        stack_of(tmp_path, planes, planarconfig="separate", **options).read()


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_are_spread_as_in_png(bits):
    few = GREY >> (8 - bits)
    options = {} if bits == 1 else {"bitspersample": bits}
    stored = few.astype(bool) if bits == 1 else few
    np.testing.assert_array_equal(image_of(stored, **options), few * (255 // (2**bits - 1)))
    np.testing.assert_array_equal(mask_of(stored, **options), few)
    turned = ~stored if bits == 1 else (2**bits - 1) - stored
    np.testing.assert_array_equal(mask_of(turned, photometric="miniswhite", **options), few)


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_packed_bits_stay_what_they_are(bits, tmp_path):
    deep = RNG.integers(0, 2**bits, STACK.shape, dtype=np.uint16)
    np.testing.assert_array_equal(image_of(deep[0], bitspersample=bits), deep[0])
    np.testing.assert_array_equal(stack_of(tmp_path, deep, bitspersample=bits).read(), deep)
    white = stack_of(tmp_path, 2**bits - 1 - deep, bitspersample=bits, photometric="miniswhite")
    np.testing.assert_array_equal(white.read(), deep)


def with_orientation(pixels, number, **options):
    return coded(pixels, extratags=[(ORIENTATION, "H", 1, number, True)], metadata=None, **options)


def test_turns_are_those_of_pillow():
    for number in range(1, 9):
        image = Image.fromarray(GREY)
        image.getexif()[ORIENTATION] = number
        expected = np.asarray(ImageOps.exif_transpose(image))
        np.testing.assert_array_equal(turn_of(number, "a").apply(GREY), expected)


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("compression", [None, "zlib", "lzw", "zstd", "jpeg2000"])
def test_orientation_is_honoured_by_every_decoder(number, compression, tmp_path):
    turn = turn_of(number, "a")
    data = with_orientation(STACK[0], number, compression=compression)
    upright = turn.apply(STACK[0])
    np.testing.assert_array_equal(decode_image(data, "a.tif").pixels[..., 0], upright)
    np.testing.assert_array_equal(decode_mask(data, "a.tif"), upright)
    (tmp_path / "a.tif").write_bytes(with_orientation(STACK, number, compression=compression))
    volume = open_volume(tmp_path / "a.tif", tmp_path)
    sections = np.stack([turn.apply(section) for section in STACK])
    np.testing.assert_array_equal(volume.read(), sections)
    np.testing.assert_array_equal(volume.read(slice(1, 3), slice(2, 8), slice(4, 9)), sections[1:3, 2:8, 4:9])
    if (mapped := volume.mapped()) is not None:
        np.testing.assert_array_equal(mapped, sections)


SMOOTH = np.stack([np.add.outer(3 * np.arange(40), 2 * np.arange(56) + 9 * z) // 2 for z in range(5)])
LAYOUTS = ({}, {"tile": (16, 16)}, {"rowsperstrip": 8})
KINDS = {
    "minisblack": lambda grey: (grey, {"photometric": "minisblack"}),
    "miniswhite": lambda grey: (~grey, {"photometric": "miniswhite"}),
    "contig": lambda grey: (np.stack([grey] * 3, -1), {"photometric": "rgb", "planarconfig": "contig"}),
    "separate": lambda grey: (np.stack([grey] * 3, -3), {"photometric": "rgb", "planarconfig": "separate"}),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("compression", "dtype"),
    [*product([None, "lzw", "zlib", "packbits", "zstd"], ["uint8", "uint16"]), ("jpeg", "uint8")],
)
def test_one_rule_for_every_tag_whatever_decoder_reads_the_file(compression, kind, dtype, tmp_path):
    """Orientation, photometric interpretation and planar configuration at once; images, masks and stacks."""
    near = {"atol": 6 if compression == "jpeg" else 0}
    args = {"compressionargs": {"level": 100}} if compression == "jpeg" else {}
    grey = SMOOTH.astype(dtype) * (257 if dtype == "uint16" else 1)
    for number, layout in zip(range(1, 9), cycle(LAYOUTS), strict=False):
        upright = np.stack([turn_of(number, "a").apply(section) for section in grey])
        stored, options = KINDS[kind](grey)
        options |= {"compression": compression, **args, **layout}
        single = with_orientation(stored[0], number, **options)
        np.testing.assert_allclose(decode_image(single, "a.tif").pixels[..., 0], upright[0], **near)
        (tmp_path / "a.tif").write_bytes(with_orientation(stored, number, **options))
        volume = open_volume(tmp_path / "a.tif", tmp_path)
        np.testing.assert_allclose(volume.read(), upright, **near)
        np.testing.assert_allclose(
            volume.read(slice(1, 4), slice(3, 20), slice(5, 30)), upright[1:4, 3:20, 5:30], **near
        )
        if compression != "jpeg":
            np.testing.assert_array_equal(decode_mask(single, "a.tif", most=65535), upright[0])
            np.testing.assert_array_equal(read_label_map(tmp_path / "a.tif"), upright)


@pytest.mark.parametrize("number", range(1, 9))
def test_orientation_of_png(number):
    buffer, exif = io.BytesIO(), Image.Exif()
    exif[ORIENTATION] = number
    Image.fromarray(GREY).save(buffer, "PNG", exif=exif)
    upright = turn_of(number, "a").apply(GREY)
    np.testing.assert_array_equal(decode_image(buffer.getvalue(), "a.png").pixels[..., 0], upright)
    np.testing.assert_array_equal(decode_mask(buffer.getvalue(), "a.png"), upright)


def test_an_orientation_that_does_not_exist():
    with pytest.raises(DataError, match=r"orientation 9; expected 1 to 8"):
        decode_image(with_orientation(GREY, 9), "a.tif")


def test_colours_multiplied_with_alpha_are_divided_again():
    colours = RNG.integers(0, 256, (*GREY.shape, 3), dtype=np.uint8)
    alpha = np.where(GREY > 60, 255, 51).astype(np.uint8)[..., None]
    multiplied = np.round(colours * (alpha / 255)).astype(np.uint8)
    raster = decode_image(
        coded(np.concatenate([multiplied, alpha], -1), photometric="rgb", extrasamples=["assocalpha"]),
        "a.tif",
    )
    assert raster.transparent
    opaque = alpha[..., 0] == 255
    np.testing.assert_array_equal(raster.pixels[opaque], colours[opaque])
    np.testing.assert_allclose(raster.pixels.astype(int), colours, atol=3)
    plain = coded(np.concatenate([colours, alpha], -1), photometric="rgb", extrasamples=["unassalpha"])
    np.testing.assert_array_equal(decode_image(plain, "a.tif").pixels, colours)


def test_samples_of_which_nobody_knows_what_they_are():
    two = np.stack([GREY, GREY.T.reshape(GREY.shape)], -1)
    options = {"planarconfig": "contig", "extrasamples": ["unspecified"]}
    with pytest.raises(DataError, match=r"2 channels; expected grey or RGB"):
        image_of(two, **options)
    np.testing.assert_array_equal(image_of(np.stack([GREY, GREY * 0], -1), **options), GREY)


def test_what_has_no_decoder_is_named(tmp_path):
    data = bytearray(coded(GREY, compression="zlib", metadata=None))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        place = file.pages.first.tags["Compression"].valueoffset
    data[place : place + 2] = (34676).to_bytes(2, "little")
    with pytest.raises(DataError, match=r"its SGILOG compression cannot be undone.*save it"):
        decode_image(bytes(data), "a.tif")
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(DataError, match=r"its SGILOG compression cannot be undone.*save it"):
        open_volume(tmp_path / "a.tif", tmp_path).read()


@pytest.mark.parametrize("photometric", ["cielab", "separated", "cfa"])
def test_what_is_neither_grey_nor_colour_is_named(photometric):
    pixels = np.stack([GREY] * (4 if photometric == "separated" else 3 if photometric == "cielab" else 1), -1)
    with pytest.raises(DataError, match=f"is a {photometric.upper()} TIFF; expected grey, palette or RGB"):
        image_of(pixels.squeeze(), photometric=photometric)


def test_every_section_of_a_jpeg_stack_is_close(tmp_path):
    smooth = np.stack([np.add.outer(np.arange(64), np.arange(80) + 9 * z) for z in range(5)]).astype(np.uint8)
    volume = stack_of(tmp_path, smooth, compression="jpeg", compressionargs={"level": 98})
    assert np.abs(volume.read().astype(int) - smooth).max() < 12
    assert all(not np.array_equal(one, other) for one, other in pairwise(volume.read()))
