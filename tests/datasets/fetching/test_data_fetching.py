"""Fetching datasets from a server on this machine that behaves, and from ones that do not."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.errors import DownloadError
from emseg_bench.benchmark.files import download
from emseg_bench.benchmark.files.checksum import Checksum
from emseg_bench.datasets.fetching import unpack
from emseg_bench.datasets.fetching.store import DataStore
from PIL import Image

SHAPE = (10, 128, 160)
IMAGE = np.random.default_rng(0).integers(0, 256, SHAPE, np.uint8)
LABELS = np.random.default_rng(1).integers(0, 2, SHAPE, np.uint8)


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def packed(image: np.ndarray = IMAGE) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in (("image", image), ("labels", LABELS)):
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), npy(array))
    return file.getvalue()


CONTENT = packed()
OTHER = packed(255 - IMAGE)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Each address misbehaves in its own way, the first time that it is asked or always."""

    def do_GET(self) -> None:
        kind = self.path.strip("/").partition("/")[0]
        asked = self.headers.get("Range")
        first = kind not in self.server.asked
        self.server.asked.setdefault(kind, []).append(asked)
        if kind == "missing":
            self.send_error(404)
            return
        content = {"html": b"\n<!DOCTYPE html><title>sign in</title>", "garbage": b"no archive"}.get(kind)
        content = content or (OTHER if kind == "other" or (kind == "changes" and not first) else CONTENT)
        start = self._start(asked, content)
        if start == len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if kind == "page":
            self.send_header("Content-Type", "text/html; charset=utf-8")
        if kind != "nameless":
            self.send_header("ETag", self._tag(content))
        body = content[start:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if kind.startswith("pieces-"):
            self.wfile.write(body[: int(kind.partition("-")[2])])
            return
        half = len(body) // 2
        self.wfile.write(body[:half])
        self.wfile.flush()
        if kind in ("cut", "changes", "nameless") and first:
            return
        if kind == "stuck":
            self.server.go_on.wait(20)
        self.wfile.write(body[half:])

    def _start(self, asked: str | None, content: bytes) -> int:
        """Say from where on a file is sent: from its beginning, if it is not the one that was asked for."""
        if asked is None or self.headers.get("If-Range") != self._tag(content):
            return 0
        return int(re.fullmatch(r"bytes=(\d+)-", asked)[1])

    def _tag(self, content: bytes) -> str:
        return f'"{hashlib.sha256(content).hexdigest()}"'

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.asked, running.go_on = {}, threading.Event()
        running.handle_error = lambda *_: None  # clients that were killed
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.go_on.set()
        running.shutdown()
        thread.join()


@pytest.fixture
def url(server: ThreadingHTTPServer) -> Callable[[str], str]:
    return lambda kind: f"http://127.0.0.1:{server.server_port}/{kind}/shelf.zip"


@pytest.fixture
def site(tmp_path: Path, make_distribution: Callable[..., Path]) -> Path:
    folder = tmp_path / "shelf"
    folder.mkdir()
    shutil.copy(Path(__file__).parents[2] / "toy" / "emseg_shelf.py", folder)
    make_distribution(folder, "emseg-shelf", {"shelf": "emseg_shelf"})
    return folder


@pytest.fixture(autouse=True)
def cache(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(tmp_path / "cache"))
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.syspath_prepend(str(site))
    yield tmp_path / "cache"
    sys.modules.pop("emseg_shelf", None)


@pytest.fixture
def fetch(invoke, monkeypatch):
    """Fetch the dataset ``shelf`` from an address."""

    def run(address: str, *arguments: object):
        monkeypatch.setenv("SHELF_URL", address)
        return invoke("data", "fetch", "shelf", *arguments)

    return run


class Silent:
    """A meter that nobody looks at."""

    total = 0

    def update(self, size: int) -> None:
        pass

    reset = close = lambda _: None


def image_here(cache: Path, name: str = "shelf") -> np.ndarray:
    (volume,) = DataStore(cache).open_arrays(name).volumes
    return np.load(volume.image)


def left(cache: Path, name: str = "shelf") -> set[str]:
    """Name what lies in a dataset's folder, files of the program itself aside."""
    folder = cache / "data" / name
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {".lock"}


# ------------------------------------------------------------------------ as it should be
def test_what_is_published_becomes_arrays_once(fetch, url, server, cache, monkeypatch):
    monkeypatch.setenv("SHELF_SHA256", SHA256.upper())
    done = fetch(url("whole"))
    assert done.code == 0, done.err
    for line in ("shelf.zip: downloaded", "shelf.zip: unpacked", "shelf: converted"):
        assert line in done.err
    assert "emseg-bench run --models unet --datasets shelf" in done.out
    assert np.array_equal(image_here(cache), IMAGE)
    assert left(cache) == {
        "files.json",
        "files/shelf.zip",
        "arrays-v1/manifest.json",
        "arrays-v1/train/stack.image.npy",
        "arrays-v1/train/stack.labels.npy",
    }
    again = fetch(url("missing"))
    assert again.code == 0
    assert "shelf is already here" in again.out
    assert server.asked == {"whole": [None]}


def test_an_md5_that_is_published_is_checked(fetch, url, monkeypatch):
    monkeypatch.setenv("SHELF_MD5", "0" * 32)
    refused = fetch(url("whole"))
    assert refused.code == 2
    assert f"its md5 is {MD5}, the one published is {'0' * 32}" in refused.err
    monkeypatch.setenv("SHELF_MD5", MD5)
    assert fetch(url("whole")).code == 0


def test_a_first_checksum_is_told_and_counts_from_then_on(fetch, url, invoke, cache):
    first = fetch(url("whole"))
    assert f"no checksum is published; its SHA-256 {SHA256} is on record from now on" in first.err
    assert "MB removed" in invoke("data", "remove", "shelf").out
    assert left(cache) == {"files.json"}
    refused = fetch(url("other"))
    assert refused.code == 2
    assert f"the one of the file that came first is {SHA256}" in refused.err
    assert left(cache) == {"files.json"}
    invoke("data", "remove", "shelf", "--forget")
    assert fetch(url("other")).code == 0
    assert np.array_equal(image_here(cache), 255 - IMAGE)


def test_a_mirror_can_be_named_in_three_ways(fetch, url, invoke, server):
    base = url("whole").removesuffix("shelf.zip")
    for mirror in (url("whole"), base, f"shelf.zip={url('whole')}"):
        done = fetch(url("missing"), "--url", mirror)
        assert done.code == 0, done.err
        invoke("data", "remove", "shelf")
    assert server.asked == {"whole": [None] * 3}


def test_a_file_of_two_datasets_is_downloaded_once(fetch, url, invoke, server, cache):
    fetch(url("whole"))
    done = invoke("data", "fetch", "shelf-too")
    assert done.code == 0, done.err
    assert "shelf.zip: copied" in done.err
    assert np.array_equal(image_here(cache, "shelf-too"), IMAGE)
    assert server.asked == {"whole": [None]}


def test_a_derived_dataset_fetches_what_it_is_made_of(fetch, url, invoke, cache, monkeypatch):
    monkeypatch.setenv("SHELF_URL", url("whole"))
    assert invoke("data", "fetch", "shelf-derived").code == 0
    assert np.array_equal(image_here(cache, "shelf-derived"), 255 - IMAGE)
    (source,) = DataStore(cache).open_arrays("shelf-derived").sources
    assert source.name == "dataset shelf"


def test_images_without_labels_are_unpacked_and_kept(url, invoke, cache, monkeypatch):
    monkeypatch.setenv("SHELF_URL", url("whole"))
    done = invoke("data", "fetch", "shelf-bare")
    assert done.code == 0, done.err
    assert "pretrain --images shelf-bare" in done.out
    assert (cache / "data/shelf-bare/files/shelf.zip.unpacked/image.npy").is_file()
    refused = invoke("run", "--models", "unet", "--datasets", "shelf-bare", "--dry-run")
    assert refused.code == 2
    assert "pretrain --images shelf-bare" in refused.err


# ------------------------------------------------------------------------ as it should not be
def test_a_cut_download_goes_on_where_it_stopped(fetch, url, server, cache):
    cut = fetch(url("cut"))
    assert cut.code == 2
    assert "the connection was cut before the file was complete" in cut.err
    assert "The same command goes on where this one stopped" in cut.err
    assert not DataStore(cache).has_arrays("shelf")
    came = (cache / "data/shelf/files/shelf.zip.part").stat().st_size
    assert came > len(CONTENT) // 4
    assert fetch(url("cut")).code == 0
    assert server.asked == {"cut": [None, f"bytes={came}-"]}
    assert np.array_equal(image_here(cache), IMAGE)
    assert left(cache) >= {"files/shelf.zip"}
    assert not [name for name in left(cache) if ".part" in name]


@pytest.mark.parametrize("bytes_at_once", [70_001, 131_072, len(CONTENT) - 1])
def test_however_often_a_download_is_cut_the_file_is_the_same(bytes_at_once, url, tmp_path):
    target, cuts = tmp_path / "shelf.zip", 0
    while not target.exists():
        with suppress(DownloadError):
            download.download(url(f"pieces-{bytes_at_once}"), target, Silent(), Checksum("sha256", SHA256))
        cuts += 1
    assert cuts >= len(CONTENT) / bytes_at_once
    assert target.read_bytes() == CONTENT
    assert [path.name for path in tmp_path.glob("shelf.zip*")] == ["shelf.zip"]


def test_what_had_come_whole_before_a_kill_is_not_fetched_twice(fetch, url, server, cache):
    fetch(url("cut"))
    with (cache / "data/shelf/files/shelf.zip.part").open("r+b") as part:
        part.write(CONTENT)
    assert fetch(url("cut")).code == 0
    assert server.asked["cut"] == [None, f"bytes={len(CONTENT)}-"]
    assert np.array_equal(image_here(cache), IMAGE)


@pytest.mark.parametrize("kind", ["changes", "nameless"])
def test_a_file_that_may_have_changed_is_fetched_anew(kind, fetch, url, server, cache):
    """Half of an old file and half of a new one would be neither."""
    assert fetch(url(kind)).code == 2
    assert fetch(url(kind)).code == 0
    assert np.array_equal(image_here(cache), 255 - IMAGE if kind == "changes" else IMAGE)
    assert [asked is None for asked in server.asked[kind]] == [True, kind == "nameless"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing", "was answered with 404 Not Found"),
        ("html", "delivered an HTML page instead of the file"),
        ("page", "delivered an HTML page instead of the file"),
        ("stuck", "sent nothing for 0.3 s"),
        ("garbage", "is damaged, or no archive at all"),
    ],
)
def test_what_does_not_come_is_told(kind, words, fetch, url, cache, monkeypatch):
    monkeypatch.setattr(download, "SILENCE_SECONDS", 0.3)
    done = fetch(url(kind))
    assert done.code == 2
    assert words in done.err
    assert "Traceback" not in done.err
    assert not DataStore(cache).has_arrays("shelf")


def test_a_wrong_checksum_is_refused_and_not_gone_on_with(fetch, url, cache, monkeypatch):
    monkeypatch.setenv("SHELF_SHA256", "0" * 64)
    done = fetch(url("whole"))
    assert done.code == 2
    assert f"its sha256 is {SHA256}, the one published is {'0' * 64}" in done.err
    assert left(cache) == set()


def test_a_full_disk_is_foreseen(fetch, url, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: usage(10, 9, 1))
    done = fetch(url("whole"))
    assert done.code == 2
    assert "MiB are still to come" in done.err
    assert "make room" in done.err


@pytest.mark.parametrize("where", ["download", "unpack", "convert"])
def test_a_disk_that_fills_up_is_told_and_the_work_goes_on_later(where, fetch, url, cache, monkeypatch):
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        if where == "download":
            patch.setattr(download, "refuse_html", full)  # called where a chunk is about to be written
        elif where == "unpack":
            patch.setattr(unpack, "_write", full)
        else:
            patch.setattr("emseg_bench.datasets.fetching.arrays.ArrayFile._store", full)
        done = fetch(url("whole"))
    assert done.code == 2
    assert "disk is full" in done.err
    assert not DataStore(cache).has_arrays("shelf")
    assert fetch(url("whole")).code == 0
    assert np.array_equal(image_here(cache), IMAGE)


def test_without_an_address_it_says_what_stands_in_the_way(invoke):
    done = invoke("data", "fetch", "shelf")
    assert done.code == 2
    assert "shelf.zip of shelf has no address that a program may use (the owner wants a letter)" in done.err
    assert "emseg-bench data import shelf --archive shelf.zip" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fetch", "shelff"), "did you mean 'shelf"),
        (("fetch", "synthetic-em"), "there is nothing to fetch"),
        (("fetch", "shelf", "--url", "ftp://x/y"), "got --url 'ftp://x/y', expected http://"),
        (("fetch", "shelf", "--archive", "nowhere.zip"), "there is no file nowhere.zip"),
        (("import", "shelf-pair", "--archive", "a.npy"), "shelf-pair needs b.npy too"),
        (("import", "shelf-pair", "--archive", "c.npy"), "c.npy is no file of shelf-pair"),
        (("import", "shelf", "--archive", "bad.zip"), "is damaged, or no archive at all"),
        (("import", "shelf", "--archive", "."), "image.npy"),
        (("import", "shelf-bare", "--archive", "."), "emseg-bench pretrain --images"),
        (("import", "shelf-derived", "--archive", "."), "import or fetch that first"),
        (("verify", "shelf"), "the dataset shelf is not on this machine"),
        (("verify", "shelf-bare"), "the dataset shelf-bare is not on this machine"),
        (("remove", "nothing"), "no dataset is called"),
    ],
)
def test_wrong_wishes_are_told(arguments, words, invoke, work):
    for name in ("a.npy", "c.npy", "bad.zip"):
        (work / name).write_bytes(npy(IMAGE))
    done = invoke("data", *arguments)
    assert done.code == 2
    assert words in done.err
    assert "Traceback" not in done.err


@pytest.mark.usefixtures("cache")
def test_a_refused_archive_leaves_neither_file_nor_checksum(invoke, work, cache):
    (work / "bad.zip").write_bytes(npy(IMAGE))
    done = invoke("data", "import", "shelf", "--archive", "bad.zip")
    assert done.code == 2
    assert "neither the file nor its checksum was kept" in done.err
    folder = cache / "data" / "shelf"
    assert not [*folder.rglob("*.zip*")]
    assert "shelf.zip" not in (folder / "files.json").read_text()


# ------------------------------------------------------------------------ several, and killed ones
@pytest.fixture
def start(site: Path, cache: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start to fetch the dataset ``shelf`` in a process of its own."""
    program = [sys.executable, "-P", "-c", "from emseg_bench.cli import main; main()"]
    command, pipe = [*program, "data", "fetch", "shelf"], subprocess.PIPE
    processes = []

    def run(address: str) -> subprocess.Popen[str]:
        env = {**os.environ, "PYTHONPATH": str(site), "EMSEG_BENCH_CACHE": str(cache), "SHELF_URL": address}
        processes.append(subprocess.Popen(command, env=env, text=True, stdout=pipe, stderr=pipe))
        return processes[-1]

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def wait_until(fact: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not fact():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_killed_download_goes_on_and_its_lock_goes_with_it(start, cache, url, server, fetch):
    part = cache / "data/shelf/files/shelf.zip.part"
    process = start(url("stuck"))
    wait_until(lambda: part.exists() and part.stat().st_size > 0)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    server.go_on.set()
    came = part.stat().st_size
    done = fetch(url("stuck"))
    assert done.code == 0, done.err
    assert server.asked["stuck"] == [None, f"bytes={came}-"]
    assert np.array_equal(image_here(cache), IMAGE)


def test_of_two_processes_one_fetches_and_the_other_waits(start, url, server):
    first = start(url("stuck"))
    wait_until(lambda: "stuck" in server.asked)
    second = start(url("stuck"))
    line = second.stderr.readline()
    server.go_on.set()
    assert "waiting for another process" in line
    ends = [process.communicate(timeout=240) for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], ends
    assert "shelf is here" in ends[0][0]
    assert "shelf is already here" in ends[1][0]
    assert server.asked == {"stuck": [None]}


# ------------------------------------------------------------------------ by hand, and after
@pytest.fixture
def archive(work: Path) -> Path:
    (work / "shelf.zip").write_bytes(CONTENT)
    return work / "shelf.zip"


def test_an_archive_is_imported_whatever_its_name(invoke, archive, cache, monkeypatch):
    monkeypatch.setenv("SHELF_SHA256", SHA256)
    archive.rename("mine.bin")
    done = invoke("data", "import", "shelf", "--archive", "mine.bin")
    assert done.code == 0, done.err
    assert np.array_equal(image_here(cache), IMAGE)


def test_a_folder_is_imported_and_hashed(invoke, work, cache):
    (work / "unpacked").mkdir()
    (work / "unpacked/image.npy").write_bytes(npy(IMAGE))
    (work / "unpacked/labels.npy").write_bytes(npy(LABELS))
    assert invoke("data", "import", "shelf", "--archive", "unpacked").code == 0
    (source,) = DataStore(cache).open_arrays("shelf").sources
    assert source.name == f"folder {work / 'unpacked'}"
    assert len(source.sha256) == 64
    assert (work / "unpacked/image.npy").is_file()
    both = invoke("data", "import", "shelf-too", "--archive", "unpacked", "--archive", "unpacked")
    assert both.code == 2
    assert "named alone" in both.err


def test_an_archive_with_another_checksum_is_refused(invoke, archive, cache, monkeypatch):
    monkeypatch.setenv("SHELF_SHA256", "1" * 64)
    done = invoke("data", "import", "shelf", "--archive", "shelf.zip")
    assert done.code == 2
    assert "unpack it by hand and import the folder" in done.err
    assert left(cache) == set()


def test_several_files_are_imported_by_their_names(invoke, work, cache):
    (work / "a.npy").write_bytes(npy(IMAGE))
    (work / "B.NPY").write_bytes(npy(LABELS))
    assert invoke("data", "import", "shelf-pair", "--archive", "B.NPY", "--archive", "a.npy").code == 0
    assert np.array_equal(image_here(cache, "shelf-pair"), IMAGE)


def test_list_and_info_say_what_is_here(invoke, archive, cache):
    before = {row["name"]: row for row in json.loads(invoke("data", "list", "--json").out)}
    assert before["shelf"]["state"] == "not fetched"
    assert before["shelf"]["megabytes"] == 0
    assert before["shelf-derived"]["derived_from"] == ["shelf"]
    assert "synthetic-em" not in before
    assert "splits" not in json.loads(invoke("data", "info", "shelf", "--json").out)
    invoke("data", "import", "shelf", "--archive", "shelf.zip")
    after = {row["name"]: row for row in json.loads(invoke("data", "list", "--json").out)}
    assert after["shelf"]["state"] == "converted"
    found = json.loads(invoke("data", "info", "shelf", "--json").out)
    assert found["files"][0]["sha256_on_record"] == SHA256
    assert found["files"][0]["here"] == str(cache / "data/shelf/files/shelf.zip")
    assert found["splits"] == {"train": 4, "val": 2, "test": 2}
    assert len(found["split_sha256"]) == 64
    moved = json.loads(invoke("data", "info", "shelf[order=1]", "--json").out)
    assert moved["split_sha256"] != found["split_sha256"]
    words = invoke("data", "info", "shelf").out
    assert f"SHA-256 on record: {SHA256}, from {archive.name}" in words
    assert "splits: train 4, val 2, test 2" in words


def test_info_and_verify_read_data_that_nobody_published(invoke, work):
    for kind in ("images", "masks"):
        (work / "cells" / kind).mkdir(parents=True)
    for place in range(6):
        Image.fromarray(IMAGE[place]).save(work / f"cells/images/{place}.png")
        Image.fromarray(LABELS[place]).save(work / f"cells/masks/{place}.png")
    found = json.loads(invoke("data", "info", "folder:cells", "--json").out)
    assert found["splits"] == {"train": 4, "val": 1, "test": 1}
    assert "state" not in found
    assert invoke("data", "verify", "folder:cells").code == 0
    louder = np.clip(IMAGE[0] + np.random.default_rng(2).normal(9, 4, SHAPE[1:]), 0, 255).astype(np.uint8)
    Image.fromarray(louder).save(work / "cells/images/5.png")
    done = invoke("data", "verify", "folder:cells")
    assert done.code == 1
    assert "The train split holds images nearly identical to 1 image of the test split" in done.out
    (work / "seen").mkdir()
    Image.fromarray(louder).save(work / "seen/a.png")
    done = invoke("data", "verify", "folder:cells", "--pretraining", "seen")
    assert "seen holds copies of 1 image of the test split (a.png and test/5)" in done.out
    (work / "seen/a.png").unlink()
    Image.fromarray(IMAGE[8]).save(work / "seen/b.png")
    done = invoke("data", "verify", "folder:cells", "--pretraining", "seen")
    assert "pre-training: no test image found in seen" in done.out


def test_blocks_without_a_gap_are_told_before_a_run(invoke, archive):
    invoke("data", "import", "shelf", "--archive", "shelf.zip")
    words = "Adjacent sections of one volume are in the train and the val split at 1 place"
    for options, told in (("[gap=0]", True), ("", False)):
        done = invoke("run", "--models", "unet", "--datasets", f"shelf{options}", "--dry-run")
        assert done.code == 0, done.err
        assert (words in done.out + done.err) is told


def test_verify_finds_what_changed(invoke, archive, cache):
    invoke("data", "import", "shelf", "--archive", "shelf.zip")
    good = invoke("data", "verify", "shelf")
    assert good.code == 0, good.out + good.err
    assert "files: as they came" in good.out
    assert "splits: no leaks found" in good.out
    with (cache / "data/shelf/arrays-v1/train/stack.image.npy").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x00")
    with (cache / "data/shelf/files/shelf.zip").open("ab") as file:
        file.write(b"!")
    bad = invoke("data", "verify", "shelf")
    assert bad.code == 1
    assert "stack.image.npy is another file than expected" in bad.out
    assert "files/shelf.zip is another file than expected" in bad.out


def test_a_damaged_store_is_told_and_mended_by_fetching_again(fetch, url, invoke, cache):
    fetch(url("whole"))
    manifest = cache / "data/shelf/arrays-v1/manifest.json"
    manifest.write_text("{")
    told = invoke("run", "--models", "unet", "--datasets", "shelf", "--dry-run")
    assert told.code == 2
    assert "manifest.json is not valid JSON" in told.err
    assert fetch(url("missing")).code == 0
    assert np.array_equal(image_here(cache), IMAGE)


def test_a_run_says_how_to_get_what_is_missing_and_how_much_it_is(invoke):
    done = invoke("run", "--models", "unet", "--datasets", "shelf-derived", "--dry-run")
    assert done.code == 2
    assert "run 'emseg-bench data fetch shelf-derived'" in done.err
    assert "(size not known)" in done.err
