"""The index of images: one look at a folder, every file opened once, and what cannot be used."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import tifffile
from emseg_bench.benchmark.contracts.data import GreyRange
from emseg_bench.benchmark.contracts.errors import DataError
from emseg_bench.pretraining.engine import index as index_module
from emseg_bench.pretraining.engine.grey import read_grey
from emseg_bench.pretraining.engine.images import ImageStore, count_tiles
from emseg_bench.pretraining.engine.index import ImageIndex, open_index
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image


def picture(seed: int, height: int = 12, width: int = 9) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five images of several kinds and sizes, at several depths, with things that are no images."""
    root = tmp_path / "images"
    (root / "deep" / "deeper").mkdir(parents=True)
    (root / ".hidden").mkdir()
    tifffile.imwrite(root / "b.tiff", picture(0))
    Image.fromarray(picture(1, 20, 30)).save(root / "a.png")
    tifffile.imwrite(root / "deep" / "c.TIF", picture(2, 7, 8))
    tifffile.imwrite(root / "deep" / "deeper" / "d.tif", picture(3))
    Image.fromarray(np.repeat(picture(4)[..., None], 3, axis=2)).save(root / "deep" / "grey_rgb.png")
    tifffile.imwrite(root / ".hidden" / "e.tif", picture(5))
    (root / "notes.txt").write_text("not an image")
    return root


class Opened:
    """Counts the files that are opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.paths: list[str] = []
        measure, walk = index_module.measure, index_module.walk
        self.walks = 0

        def counted(root: Path, path: str) -> tuple[object, ...]:
            self.paths.append(path)
            return measure(root, path)

        def walked(root: Path) -> object:
            self.walks += 1
            return walk(root)

        monkeypatch.setattr(index_module, "measure", counted)
        monkeypatch.setattr(index_module, "walk", walked)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    return Opened(monkeypatch)


def look(folder: Path, **options: bool) -> ImageIndex:
    return open_index(folder, folder.parent / "cache", lambda done, total: None, **options)


def test_it_finds_images_at_any_depth_by_path(folder: Path) -> None:
    index = look(folder)
    assert index.table["path"].to_pylist() == [
        "a.png",
        "b.tiff",
        "deep/c.TIF",
        "deep/deeper/d.tif",
        "deep/grey_rgb.png",
    ]
    assert index.sides.tolist() == [[20, 30], [12, 9], [7, 8], [12, 9], [12, 9]]


def test_statistics_are_over_all_pixels(folder: Path) -> None:
    sizes = [(1, 20, 30), (0, 12, 9), (2, 7, 8), (3, 12, 9), (4, 12, 9)]
    pixels = np.concatenate([picture(*size).ravel() for size in sizes]) / 255
    assert look(folder).statistics() == pytest.approx((pixels.mean(), pixels.std()), rel=1e-12)


def test_a_second_look_opens_and_walks_nothing(folder: Path, opened: Opened) -> None:
    first = look(folder)
    assert (len(opened.paths), opened.walks) == (5, 1)
    second = look(folder)
    assert (len(opened.paths), opened.walks) == (5, 1)
    assert second.table.equals(first.table)
    assert second.sha256() == first.sha256()


def test_only_new_and_changed_files_are_opened_again(folder: Path, opened: Opened) -> None:
    before = look(folder).sha256()
    opened.paths.clear()
    tifffile.imwrite(folder / "deep" / "new.tif", picture(9))
    tifffile.imwrite(folder / "b.tiff", picture(10, 14, 9))
    (folder / "a.png").unlink()
    after = look(folder)
    assert sorted(opened.paths) == ["b.tiff", "deep/new.tif"]
    assert len(after) == 5
    assert after.sha256() != before


def test_the_hash_is_of_names_and_contents_not_of_the_place(folder: Path) -> None:
    before = look(folder).sha256()
    moved = folder.rename(folder.with_name("elsewhere"))
    assert look(moved).sha256() == before
    (moved / "a.png").rename(moved / "z.png")
    assert look(moved).sha256() != before


def test_a_damaged_index_is_made_anew(folder: Path, opened: Opened) -> None:
    before = look(folder).sha256()
    (stored,) = (folder.parent / "cache" / "pretraining").glob("*.parquet")
    stored.write_bytes(b"not parquet")
    assert look(folder).sha256() == before
    assert len(opened.paths) == 10


@pytest.mark.parametrize(
    "metadata",
    [{}, {"directories": None}, {"directories": "{"}, {"directories": "[1]"}, {"directories": '{"": "x"}'}],
)
def test_an_index_with_other_metadata_is_made_anew(folder: Path, opened: Opened, metadata: dict) -> None:
    before = look(folder)
    (stored,) = (folder.parent / "cache" / "pretraining").glob("*.parquet")
    table = pq.read_table(stored)
    kept = {key.decode(): value for key, value in table.schema.metadata.items()} if metadata else {}
    kept |= metadata
    pq.write_table(table.replace_schema_metadata({k: v for k, v in kept.items() if v is not None}), stored)
    after = look(folder)
    assert (after.sha256(), after.unread) == (before.sha256(), before.unread)


def test_what_is_passed_over_is_named(folder: Path) -> None:
    assert look(folder).unread == (f"Not read in {folder}: 1 entry, notes.txt.",)
    for name in ("x.jpg", "deep.npy", ".other", "Thumbs.db", "v.zarr/0.0"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x")
    (folder / "cut.png").write_bytes(b"x")
    assert look(folder, skip_unreadable=True).unread == (
        f"Not read in {folder}: 4 entries, deep.npy, notes.txt, v.zarr, x.jpg.",
        f"Left out of {folder}, since they cannot be used: cut.png.",
    )


def damage(folder: Path) -> None:
    (folder / "cut.tif").write_bytes((folder / "b.tiff").read_bytes()[:60])
    (folder / "empty.png").write_bytes(b"")
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (5, 5, 3), dtype=np.uint8)).save(
        folder / "colour.png"
    )
    tifffile.imwrite(folder / "float.tif", np.full((4, 4), np.nan, np.float32))


def test_files_that_cannot_be_used_are_named_with_a_remedy(folder: Path) -> None:
    damage(folder)
    with pytest.raises(DataError) as raised:
        look(folder)
    message = str(raised.value)
    assert message.startswith("4 of 9 images cannot be used:")
    for words in ("cut.tif", "empty.png", "colour picture", "NaN", "--skip-unreadable"):
        assert words in message


def test_they_may_be_left_out(folder: Path, opened: Opened) -> None:
    whole = look(folder).sha256()
    damage(folder)
    with pytest.raises(DataError):
        look(folder)
    opened.paths.clear()
    assert look(folder, skip_unreadable=True).sha256() == whole
    assert opened.paths == []  # what is wrong with them is remembered too


def test_many_bad_files_are_counted(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for number in range(8):
        (tmp_path / "images" / f"{number}.png").write_bytes(b"no")
    with pytest.raises(DataError, match="and 3 more"):
        look(tmp_path / "images")


def test_no_folder_no_images(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"found nothing; check the path"):
        look(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="there is no image"):
        look(tmp_path / "empty")


def test_links_in_a_circle_end(folder: Path) -> None:
    (folder / "deep" / "up").symlink_to(folder)
    assert len(look(folder)) == 5


def test_16_bit_images_keep_their_range(tmp_path: Path) -> None:
    values = np.array([[0, 1, 128, 129, 257, 32768, 65534, 65535]], np.uint16)
    tifffile.imwrite(tmp_path / "x.tif", values)
    ranges = {"uint16": GreyRange(low=0, high=65535, eight_bit=True)}
    np.testing.assert_array_equal(
        read_grey(tmp_path / "x.tif", ranges), np.rint(values / 257).astype(np.uint8)
    )


@pytest.mark.parametrize(
    ("kind", "scale", "shift"), [("uint16", 16, 0), ("int16", 1, -128), ("float32", 1, 0)]
)
def test_the_same_pixels_are_the_same_in_any_type(tmp_path: Path, kind: str, scale: int, shift: int) -> None:
    stores, statistics = [], []
    for name in ("uint8", kind):
        (tmp_path / name).mkdir()
        for n in range(3):
            pixels = np.clip(picture(n, 40, 40) // 2 + 60, 60, 250)
            values = pixels if name == "uint8" else (pixels.astype(np.int32) + shift) * scale
            tifffile.imwrite(tmp_path / name / f"{n}.tif", values.astype(name))
        index = look(tmp_path / name)
        statistics.append(index.statistics())
        stores.append(np.stack([ImageStore(index, 0, 10**6).read(n) for n in range(3)]))
    np.testing.assert_array_equal(stores[0], stores[1])
    assert statistics[1] == pytest.approx(statistics[0], rel=1e-9)


def test_images_of_12_bits_use_their_range(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(300, 3800, (50, 60)).astype(np.uint16)
    (tmp_path / "images").mkdir()
    tifffile.imwrite(tmp_path / "images" / "x.tif", values)
    index = look(tmp_path / "images")
    np.testing.assert_array_equal(ImageStore(index, 0, 0).read(0), np.rint(values / 4095 * 255))
    assert index.statistics() == pytest.approx((values.mean() / 4095, values.std() / 4095))


def test_transparent_images_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((4, 4, 4), np.uint8)).save(tmp_path / "x.png")
    with pytest.raises(DataError, match="transparent"):
        read_grey(tmp_path / "x.png", {})


def test_progress_ends_at_the_number_of_files(folder: Path) -> None:
    told: list[tuple[int, int]] = []
    open_index(folder, folder.parent / "cache", lambda done, total: told.append((done, total)))
    assert told[-1] == (5, 5)


def test_processes_find_what_one_finds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damage(folder)
    alone = look(folder, skip_unreadable=True).table
    next((folder.parent / "cache" / "pretraining").glob("*.parquet")).unlink()
    monkeypatch.setattr(index_module, "MANY", 1)
    assert look(folder, skip_unreadable=True).table.equals(alone)


# ------------------------------------------------------------------------------------------- images
def test_whole_images_without_tiles(folder: Path) -> None:
    store = ImageStore(look(folder), 0, 10**6)
    np.testing.assert_array_equal(store.read(0), picture(1, 20, 30))
    np.testing.assert_array_equal(store.read(4), picture(4))
    assert len(store) == 5


@settings(deadline=None, max_examples=30)
@given(tile=st.integers(3, 40), cache=st.sampled_from([0, 700, 10**6]))
def test_tiles_cover_every_image_once(
    tile: int, cache: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.getbasetemp() / "tiles"
    if not root.exists():
        root.mkdir()
        tifffile.imwrite(root / "a.tif", picture(0, 23, 31))
        tifffile.imwrite(root / "b.tif", picture(1, 8, 5))
    index = look(root)
    store = ImageStore(index, tile, cache)
    assert len(store) == count_tiles(index, tile)
    tiles = [store.read(number) for number in range(len(store))]
    assert max(max(piece.shape) for piece in tiles) <= tile
    assert sum(piece.size for piece in tiles) == 23 * 31 + 8 * 5
    pixels = np.sort(np.concatenate([piece.ravel() for piece in tiles]))
    np.testing.assert_array_equal(
        pixels, np.sort(np.concatenate([picture(0, 23, 31).ravel(), picture(1, 8, 5).ravel()]))
    )


def test_images_within_the_bound_are_read_once(folder: Path) -> None:
    index = look(folder)
    store = ImageStore(index, 0, 20 * 30 + 12 * 9)
    first = [store.read(number).copy() for number in range(5)]
    for path in folder.rglob("*.*"):
        if path.is_file():
            path.unlink()
    np.testing.assert_array_equal(store.read(0), first[0])
    np.testing.assert_array_equal(store.read(1), first[1])
    with pytest.raises(DataError, match="cannot be read"):
        store.read(2)


def test_an_image_that_was_written_over_is_told(folder: Path) -> None:
    store = ImageStore(look(folder), 0, 0)
    tifffile.imwrite(folder / "b.tiff", picture(0, 5, 5))
    with pytest.raises(DataError, match="was written over"):
        store.read(1)


def test_forked_processes_share_what_one_of_them_read(folder: Path) -> None:
    store = ImageStore(look(folder), 0, 10**6)
    child = os.fork()
    if child == 0:
        store.read(0)
        os._exit(0)
    os.waitpid(child, 0)
    (folder / "a.png").unlink()
    digest = hashlib.sha256(store.read(0).tobytes()).digest()
    assert digest == hashlib.sha256(picture(1, 20, 30).tobytes()).digest()
