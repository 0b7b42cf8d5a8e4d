"""What headers claim is weighed before memory is taken; what is broken gets a sentence."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

GREY = np.random.default_rng(0).integers(0, 255, (4, 24, 20), dtype=np.uint8)
GIB = 1 << 30


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


@pytest.mark.parametrize("text", ["0", "-1", "nan", "much", "1e99"])
def test_a_limit_that_is_none(text: str, attack: Callable, refused: Callable) -> None:
    refused(attack(f"--limit-gib={text}", "list", "models"), "--limit-gib", "expected a size in GiB")
