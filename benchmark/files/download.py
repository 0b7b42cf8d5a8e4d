"""Fetching one file over HTTP: to a temporary name, checked, then moved; every failure in plain words.

What has come stays in ``<name>.part`` when the connection is cut or the program killed, with what the server
said of the file in ``<name>.part.json``.  The next call asks for the rest, on the condition that the file is
still the same: a server that cannot promise that is asked for all of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..contracts.errors import DownloadError, UsageError, WrongFileError
from .checksum import Checksum
from .download_failures import plain_words, refuse_html, refuse_web_page
from .download_part import Part, Promise

if TYPE_CHECKING:
    import requests

CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 30.0
"""How long a server may send nothing before it counts as gone."""
CHUNK_BYTES = 1 << 16
"""What is lost at most when a connection is cut."""
MIB = 1 << 20
PARTIAL, NOTHING_LEFT = 206, 416
"""What a server answers that sends the rest of a file, or has nothing beyond what came."""


class Meter(Protocol):
    """Shows how far a transfer is."""

    total: int
    """Bytes; 0 if nobody knows."""

    def update(self, size: int) -> None:
        """Take note of `size` more bytes."""

    def reset(self) -> None:
        """Begin anew at nothing."""

    def close(self) -> None:
        """Take note that the transfer is over."""


def download(url: str, target: Path, meter: Meter, checksum: Checksum | None = None) -> None:
    """Fetch a file, going on where an earlier call was cut off.

    Args:
        url: Its address, http or https.
        target: Where it goes; nothing is there unless it came whole.
        meter: Shows how far it is.
        checksum: What it must hash to; None: anything.

    Raises:
        UsageError: The address is none.
        DownloadError: The server cannot be reached, does not have the file, or broke off; the disk is full.
        WrongFileError: What came has another checksum, or is a web page.
    """
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"got {url!r} as an address, expected http://... or https://...")
    part = Part.beside(target)
    timeouts = (CONNECT_SECONDS, SILENCE_SECONDS)
    with plain_words(url, timeouts), _answer(url, part, timeouts) as response:
        _receive(url, response, part, meter)
    if checksum:
        try:
            checksum.check(part.path, f"{url} delivered")
        except WrongFileError:
            part.remove()
            raise
    part.path.replace(target)
    part.notes.unlink(missing_ok=True)
    meter.close()


@contextmanager
def _answer(url: str, part: Part, timeouts: tuple[float, float]) -> Iterator[requests.Response]:
    """Ask for a file, or for the rest of it where its beginning is here."""
    import requests

    headers = {"Accept-Encoding": "identity"}  # bytes are to be counted and hashed as they are published
    promise = part.promise()
    if promise and promise.url == url and part.size:
        headers |= {"Range": f"bytes={part.size}-", "If-Range": promise.validator}
    with requests.get(url, headers=headers, stream=True, timeout=timeouts) as response:
        in_part = "Range" in headers and response.status_code in (PARTIAL, NOTHING_LEFT)
        if not in_part:
            response.raise_for_status()
        if not in_part or _goes_on(response, part.size, promise):
            yield response
            return
    part.remove()
    with _answer(url, part, timeouts) as anew:
        yield anew


def _goes_on(response: requests.Response, size: int, promise: Promise | None) -> bool:
    """Tell whether a server sends just what is missing, of the very file that began to come.

    Where nothing is missing, because the program was killed in the last moment, it says so.
    """
    place = response.headers.get("Content-Range", "")
    if response.status_code == NOTHING_LEFT:
        return place == f"bytes */{size}"
    same = promise is not None and _validator(response) in ("", promise.validator)
    return same and place.startswith(f"bytes {size}-")


def _receive(url: str, response: requests.Response, part: Part, meter: Meter) -> None:
    """Write what a server sends, after what has come before or in its place."""
    if response.status_code == NOTHING_LEFT:
        return
    refuse_web_page(url, response)
    if response.status_code != PARTIAL:
        part.begin(Promise(url=url, validator=_validator(response)))
    length = _length(response)
    _check_room(part.path.parent, length)
    meter.reset()
    meter.total = part.size + length if length else 0
    meter.update(part.size)
    with part.path.open("ab") as file:
        for chunk in response.iter_content(CHUNK_BYTES):
            if not file.tell():
                refuse_html(url, chunk)
            file.write(chunk)
            meter.update(len(chunk))


def _validator(response: requests.Response) -> str:
    """Give what tells a file from its later versions; a weak ETag does not, byte for byte."""
    if response.headers.get("Accept-Ranges") == "none":
        return ""
    etag = response.headers.get("ETag", "")
    return etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")


def _length(response: requests.Response) -> int:
    """Give the bytes that are to come; 0 where it is not said, or said of something packed."""
    packed = response.headers.get("Content-Encoding", "identity") != "identity"
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() and not packed else 0


def _check_room(folder: Path, length: int) -> None:
    free = shutil.disk_usage(folder).free
    if length > free:
        raise DownloadError(
            f"{length / MIB:,.0f} MiB are still to come, and the disk of {folder} has {free / MIB:,.0f} MiB "
            "left: make room"
        )
