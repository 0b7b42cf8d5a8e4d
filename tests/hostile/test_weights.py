"""Weight files of strangers, in every verb that takes one: no code, no more memory than they have bytes."""

from __future__ import annotations

import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from .conftest import Warm

TORCH = (
    "torch",
    "safetensors.torch",
    "emseg_bench.benchmark.weights.importing",
    "emseg_bench.models.smp_networks",
)


@pytest.fixture(scope="module")
def _warm() -> Iterator[Warm]:
    """Weights are tensors, so here torch is imported once for all."""
    warm = Warm(*TORCH)
    yield warm
    warm.close()


def safetensors(header: bytes, length: int | None = None, body: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header) if length is None else length) + header + body


def tensors(**entries: object) -> bytes:
    return safetensors(json.dumps(entries).encode(), body=bytes(64))


def f32(shape: list[int], begin: int, end: int) -> dict[str, object]:
    return {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}


class Code:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch ran-code",)


class Call:
    """Calls what it is given, as far as torch lets pickles call anything."""

    def __init__(self, what: object, *arguments: object) -> None:
        self._call = (what, arguments)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self._call


def saved(content: object, *, legacy: bool = False) -> Callable[[Path], None]:
    return lambda path: torch.save(content, path, _use_new_zipfile_serialization=not legacy)


def zipped(*entries: tuple[str, bytes], size: int | None = None) -> Callable[[Path], None]:
    """Write a zip archive; its first entry is zeros that unpack to `size`, compressed."""

    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in entries:
                if size is None:
                    archive.writestr(name, content)
                    continue
                packer = zlib.compressobj(9, zlib.DEFLATED, -15)
                block = packer.compress(bytes(1 << 24)) + packer.flush(zlib.Z_FULL_FLUSH)
                body = content + block * (size >> 24) + b"\x03\x00"
                info = zipfile.ZipInfo(name)
                info.compress_type, info.file_size, info.compress_size = zipfile.ZIP_DEFLATED, size, len(body)
                info.CRC = info.header_offset = 0
                archive.fp.write(info.FileHeader(zip64=True) + body)
                archive.filelist.append(info)
                archive.start_dir, archive._didModify = archive.fp.tell(), True

    return write


def npy(descr: str, shape: object) -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header + b"\n" + bytes(64)


def written(content: bytes) -> Callable[[Path], None]:
    return lambda path: (path.write_bytes(content), None)[1]


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a header of 2^60 bytes": (written(safetensors(b"{}", 1 << 60)), "header should have"),
    "a header longer than the file": (written(safetensors(b"{}", 4096)), "header should have"),
    "200,000 levels": (written(safetensors(b'{"a":' * 200_000 + b"1" + b"}" * 200_000)), "not valid JSON"),
    "lists of 200,000 levels": (
        written(safetensors(b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}")),
        "not valid JSON",
    ),
    "a number without end": (written(safetensors(b'{"a": ' + b"9" * 10_000 + b"}")), "300 digits"),
    "a shape that wraps": (written(tensors(a=f32([2**33, 2**33], 0, 64))), "whole safetensors"),
    "a shape below nothing": (written(tensors(a=f32([-4, -4], 0, 64))), "whole safetensors"),
    "tensors that overlap": (written(tensors(a=f32([16], 0, 64), b=f32([16], 0, 64))), "whole safetensors"),
    "tensors beyond the end": (written(tensors(a=f32([2**40], 0, 2**42))), "whole safetensors"),
    "offsets backwards": (written(tensors(a=f32([16], 64, 0))), "whole safetensors"),
    "a type that there is not": (
        written(tensors(a={"dtype": "F999", "shape": [1], "data_offsets": [0, 4]})),
        "whole safetensors",
    ),
    "no mapping": (written(safetensors(b"{[1]}")), "not valid JSON"),
    "code": (saved({"a": Code()}), "could run code"),
    "code in an old file": (saved({"a": Code()}, legacy=True), "could run code"),
    "no tensors": (saved([1, 2, 3]), "a list"),
    "texts for tensors": (saved({"a": "b"}), "a"),
    "room": (saved({"a": Call(bytearray, 6 << 30)}), "bytearray"),
    "room in an old file": (saved({"a": Call(bytearray, 6 << 30)}, legacy=True), "bytearray"),
    "a tensor of nothing": (saved({"a": Call(torch.FloatTensor, 1 << 30)}), ""),
    "a tensor that repeats": (saved({"a": torch.zeros(1).expand(1 << 40)}), "repeat a few values"),
    "a zip bomb of torch": (zipped(("a/data.pkl", b""), size=6 << 30), "compressed entries"),
    "a zip bomb of NumPy": (zipped(("a.npy", b""), size=6 << 30), "over the limit"),
    "an archive of NumPy's that claims": (zipped(("a.npy", npy("'<f4'", (2**40,)))), "a.bin"),
    "an archive of NumPy's that wraps": (zipped(("a.npy", npy("'<f4'", (2**62, 4)))), "a.bin"),
    "an archive of NumPy's with objects": (zipped(("a.npy", npy("'|O'", (4,)))), "could run code"),
    "another archive": (zipped(("readme.txt", b"hello")), "neither a PyTorch weight file nor"),
    "text": (written(b"hello " * 100), "neither a PyTorch"),
    "nothing": (written(b""), "empty"),
    "holes": (lambda path: (path.touch(), os.truncate(path, 64 << 30)), "are stored"),
    "a FIFO": (os.mkfifo, "expected a"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "expected a"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "found nothing"),
    "a folder": (Path.mkdir, "a folder"),
}
"""How each is written, and what is said of it."""


@pytest.mark.parametrize("name", FILES)
def test_weights_import(name: str, attack: Callable, refused: Callable, work: Path) -> None:
    write, gist = FILES[name]
    write(work / "a.bin")
    cache = {"EMSEG_BENCH_CACHE": str(work / "c")}
    refused(attack("weights", "import", "a.bin", "--as", "mine", environment=cache), "a.bin", gist)
    assert not (work / "ran-code").exists()


SOME = (
    "a header of 2^60 bytes",
    "200,000 levels",
    "code",
    "room",
    "a zip bomb of torch",
    "a FIFO",
    "a device",
)


@pytest.mark.parametrize("name", [*SOME, "a zip bomb of NumPy", "holes"])
def test_a_model_from_a_file(name: str, attack: Callable, refused: Callable, work: Path) -> None:
    FILES[name][0](work / "a.bin")
    ended = attack("run", "--models", "unet@file:a.bin", "--dry-run")
    ended = replace(ended, left=())  # the rehearsal ends by itself; torch keeps a cache
    refused(ended, "a.bin" if name != "a device" else "a device")
    assert not (work / "ran-code").exists()


@pytest.mark.parametrize("name", [*SOME, "tensors beyond the end"])
def test_predict(name: str, attack: Callable, refused: Callable, work: Path) -> None:
    FILES[name][0](work / "a.bin")
    refused(attack("predict", ".", "--weights", "a.bin", "--out", "out"), "a.bin")
    assert not (work / "ran-code").exists()


def info(**change: object) -> bytes:
    told = {"model": "unet", "num_logits": 2, "origin": "x", "channels": 1} | change
    header = {"__metadata__": {"emseg_bench": json.dumps(told)}, "a": f32([2**40], 0, 2**42)}
    return safetensors(json.dumps(header).encode(), body=bytes(64))


@pytest.mark.parametrize(
    ("content", "gist"),
    [
        (info(), "whole safetensors file"),
        (info(channels=1 << 40), "metadata.channels"),
        (info(num_logits=-5), "a.safetensors"),
        (info(num_logits=1 << 40), "a.safetensors"),
        (info(options={"encoder": ["x"]}), "a.safetensors"),
        (info(model="\x1b[31mno\x07"), "no"),
        (info(window=-1), "a.safetensors"),
        (info(class_names=["\x1b]0;x\x07"]), "a.safetensors"),
        (info(unknown=1), "a.safetensors"),
    ],
)
def test_what_weights_say_of_themselves(
    content: bytes, gist: str, attack: Callable, refused: Callable, work: Path
) -> None:
    from PIL import Image

    Image.fromarray(np.zeros((64, 64), np.uint8)).save(work / "a.png")
    (work / "a.safetensors").write_bytes(content)
    arguments = ("--mean", "0.5", "--std", "0.2", "--set", "protocol.window=64")
    refused(attack("predict", "a.png", "--weights", "a.safetensors", "--out", "out", *arguments), gist)
