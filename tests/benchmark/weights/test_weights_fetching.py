"""Fetching weights from a server on this machine that behaves, and from ones that do not."""

from __future__ import annotations

import hashlib
import io
import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from emseg_bench.benchmark.files import download
from emseg_bench.benchmark.files.leftovers import mark
from torch import nn

pytestmark = pytest.mark.usefixtures("tiny")


def weight_file(seed: int = 0) -> bytes:
    torch.manual_seed(seed)
    buffer = io.BytesIO()
    torch.save(nn.Conv2d(1, 1, 1).state_dict(), buffer)
    return buffer.getvalue()


CONTENT = weight_file()
CHECKSUM = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Each address misbehaves in its own way."""

    def do_GET(self) -> None:
        kind = self.path.partition("?")[0].strip("/").partition(".")[0]
        if kind == "missing":
            self.send_error(404)
            return
        body = b"<!doctype html><title>sign in</title>" if kind == "html" else CONTENT
        if kind == "part" and "Range" in self.headers:
            self._rest(body)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        if kind == "part":
            self.send_header("ETag", '"one"')
        self.end_headers()
        half = len(body) // 2
        self.wfile.write(body[:half])
        self.wfile.flush()
        if kind in ("cut", "part"):
            return
        if kind == "stuck":
            self.server.stuck.wait(10)
            return
        if kind == "slow":
            time.sleep(0.3)
        self.wfile.write(body[half:])

    def _rest(self, body: bytes) -> None:
        """Send what is asked for, of a file that is never sent whole."""
        start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        self.wfile.write(body[start:])

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.stuck = threading.Event()
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.stuck.set()
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMSEG_BENCH_CACHE", str(tmp_path / "cache"))
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path / "cache" / "weights"


def kept(library: Path) -> set[str]:
    return {path.name for path in library.rglob("*")} - {".lock"} if library.exists() else set()


@pytest.mark.parametrize("how", ["whole", "slow"])
@pytest.mark.parametrize("checksum", [None, CHECKSUM])
def test_what_comes_whole_is_taken_in(how, checksum, server, invoke, library, monkeypatch):
    monkeypatch.setenv("TINY_URL", f"{server}/{how}.pth.tar?download=1")
    if checksum:
        monkeypatch.setenv("TINY_SHA256", checksum)
    done = invoke("weights", "fetch", "tiny-one")
    assert done.code == 0, done.err
    assert "tiny-one: downloaded" in done.err
    assert "--models tiny@pretrained" in done.out
    entry = json.loads((library / "index.json").read_text())["weights"]["tiny-one"]
    assert entry["original_name"] == f"{how}.pth.tar"
    assert entry["original_sha256"] == CHECKSUM
    assert kept(library) == {"index.json", "tiny-one.safetensors"}


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("missing", "was answered with 404 Not Found"),
        ("html", "delivered an HTML page instead of the file"),
        ("cut", "the connection was cut before the file was complete"),
        ("stuck", "sent nothing for 0.5 s"),
    ],
)
def test_what_does_not_is_refused_and_leaves_nothing(how, words, server, invoke, library, monkeypatch):
    monkeypatch.setattr(download, "SILENCE_SECONDS", 0.5)
    done = invoke("weights", "fetch", "tiny-one", "--url", f"{server}/{how}")
    assert done.code == 2
    assert done.err.rpartition("error: ")[2].count("\n") == 1
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(done.err)
    assert kept(library) == set()


@pytest.mark.parametrize("killed", [False, True])
def test_a_download_goes_on_where_it_was_cut_or_killed(killed, server, invoke, library, monkeypatch):
    monkeypatch.setattr(download, "CHUNK_BYTES", 64)
    cut = invoke("weights", "fetch", "tiny-one", "--url", f"{server}/part")
    assert cut.code == 2
    assert "Try again: what has come is kept" in cut.err
    assert kept(library) == {".cut-tiny-one", "download.part", "download.part.json"}
    if killed:
        with subprocess.Popen(["true"]) as gone:
            pass
        left = library / f".unfinished-{mark().partition('-')[0]}-{gone.pid}-01234567"
        left.mkdir()
        (library / ".cut-tiny-one").rename(left / "tiny-one")
    done = invoke("weights", "fetch", "tiny-one", "--url", f"{server}/part")
    assert done.code == 0, done.err
    entry = json.loads((library / "index.json").read_text())["weights"]["tiny-one"]
    assert entry["original_sha256"] == CHECKSUM
    assert kept(library) == {"index.json", "tiny-one.safetensors"}


def test_a_refused_connection_is_named(invoke, library):
    with socket.socket() as taken:  # bound and not listening: nobody answers there
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/w.pt"
        done = invoke("weights", "fetch", "tiny-one", "--url", address)
    assert done.code == 2
    assert f"{address} cannot be reached (Connection refused)" in done.err
    assert kept(library) == set()


def test_a_wrong_checksum_is_refused(server, invoke, library, monkeypatch):
    monkeypatch.setenv("TINY_SHA256", "0" * 64)
    done = invoke("weights", "fetch", "tiny-one", "--url", f"{server}/whole")
    assert done.code == 2
    assert "delivered another file than expected" in done.err
    assert CHECKSUM in done.err
    assert kept(library) == set()


def test_without_an_address_it_says_how_to_import(invoke, library):
    done = invoke("weights", "fetch", "retina-cem500k")
    assert done.code == 2
    assert "no address is known for retina-cem500k" in done.err
    assert "emseg-bench weights import FILE --as retina-cem500k" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("tiny-oen",), "did you mean 'tiny-one'"),
        (("tiny-one[width=3]", "--url", "http://127.0.0.1:1/x"), "it takes no options"),
        (("tiny-one", "--url", "file:///etc/passwd"), "expected http://"),
        (("unet-imagenet", "--url", "http://127.0.0.1:1/x"), "there is no mirror to name"),
        (("unet-imagenet[encoder=nope]",), "no encoder is called 'nope'"),
        (("unet-imagenet[width=3]",), "there is no such key"),
    ],
)
def test_wrong_wishes_are_told(arguments, words, invoke, library):
    done = invoke("weights", "fetch", *arguments)
    assert done.code == 2
    assert words in done.err
    assert kept(library) == set()


def test_what_is_here_is_not_fetched_again(server, invoke, library, monkeypatch):
    monkeypatch.setenv("TINY_URL", f"{server}/whole")
    invoke("weights", "fetch", "tiny-one")
    monkeypatch.setenv("TINY_URL", f"{server}/missing")
    done = invoke("weights", "fetch", "tiny-one")
    assert done.code == 0
    assert f"is here already: {library / 'tiny-one.safetensors'}" in done.out
    assert invoke("weights", "fetch", "tiny-one", "--replace").code == 2
    assert invoke("weights", "verify").code == 0


def test_damage_is_mended_by_fetching_again(server, invoke, library, monkeypatch):
    monkeypatch.setenv("TINY_URL", f"{server}/whole")
    invoke("weights", "fetch", "tiny-one")
    (library / "tiny-one.safetensors").write_bytes(b"")
    assert invoke("weights", "verify").code == 1
    done = invoke("weights", "fetch", "tiny-one")
    assert done.code == 0, done.err
    assert invoke("weights", "verify").code == 0


def test_other_content_at_the_same_address_is_refused(server, invoke, library, monkeypatch, work):
    """Where no checksum is published, the one of the first import counts from then on."""
    (work / "first.pt").write_bytes(weight_file(seed=1))
    invoke("weights", "import", "first.pt")
    (library / "tiny-one.safetensors").unlink()
    done = invoke("weights", "fetch", "tiny-one", "--url", f"{server}/whole")
    assert done.code == 2
    assert "imported from another file before (first.pt" in done.err
