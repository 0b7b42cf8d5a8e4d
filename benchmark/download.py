"""Fetching one file over HTTP: to a temporary name, checked, then moved; every failure in plain words.

What has come stays in ``<name>.part`` when the connection is cut or the program killed, with what the server
said of the file in ``<name>.part.json``.  The next call asks for the rest, on the condition that the file is
still the same: a server that cannot promise that is asked for all of it.
"""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from .errors import DownloadError, UsageError, WrongFileError

if TYPE_CHECKING:
    import requests

CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 30.0
"""How long a server may send nothing before it counts as gone."""
CHUNK_BYTES = 1 << 16
"""What is lost at most when a connection is cut."""
MIB = 1 << 20


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


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a file must hash to."""

    algorithm: str
    """As `hashlib` calls it: ``sha256``, ``md5``."""
    value: str
    whose: str = "published"
    """Whose word it is: ``published``, or ``of the file that came first``."""

    def check(self, path: Path, what: str) -> None:
        """Hash a file.

        Args:
            path: The file.
            what: Begins the message: ``http://... delivered``.

        Raises:
            WrongFileError: It has another checksum.
        """
        import hashlib

        with path.open("rb") as file:
            found = hashlib.file_digest(file, self.algorithm).hexdigest()
        if found != self.value.lower():
            raise WrongFileError(
                f"{what} another file than expected: its {self.algorithm} is {found}, the one {self.whose} "
                f"is {self.value}"
            )


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
    part = _Part.beside(target)
    with _plain_words(url), _answer(url, part) as response:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Promise:
    """What a server said of a file: as long as it says the same, the file has not changed."""

    url: str
    validator: str
    """ETag or time of last change; empty: none that can be relied on."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A file that has come in part."""

    path: Path
    notes: Path

    @classmethod
    def beside(cls, target: Path) -> _Part:
        return cls(target.with_name(f"{target.name}.part"), target.with_name(f"{target.name}.part.json"))

    def promise(self) -> _Promise | None:
        """What was said of it; None where nothing can be relied on."""
        try:
            found = _Promise(**json.loads(self.notes.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
        return found if found.validator and self.path.is_file() else None

    @property
    def size(self) -> int:
        """Bytes that have come."""
        return self.path.stat().st_size

    def begin(self, promise: _Promise) -> None:
        """Start with nothing; what came before goes first, lest it be taken for part of another file."""
        self.remove()
        self.notes.write_text(json.dumps(asdict(promise)), encoding="utf-8")
        self.path.touch()

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self.notes.unlink(missing_ok=True)


@contextmanager
def _answer(url: str, part: _Part) -> Iterator[requests.Response]:
    """Ask for a file, or for the rest of it where its beginning is here."""
    import requests

    headers = {"Accept-Encoding": "identity"}  # bytes are to be counted and hashed as they are published
    promise = part.promise()
    if promise and promise.url == url and part.size:
        headers |= {"Range": f"bytes={part.size}-", "If-Range": promise.validator}
    timeouts = (CONNECT_SECONDS, SILENCE_SECONDS)
    with requests.get(url, headers=headers, stream=True, timeout=timeouts) as response:
        if promise is None or response.status_code not in (206, 416) or _goes_on(response, part, promise):
            response.raise_for_status()
            yield response
            return
    part.remove()
    with _answer(url, part) as anew:
        yield anew


def _goes_on(response: requests.Response, part: _Part, promise: _Promise) -> bool:
    """Tell whether a server sends just what is missing, of the very file that began to come."""
    place = response.headers.get("Content-Range", "")
    return place.startswith(f"bytes {part.size}-") and _validator(response) in ("", promise.validator)


def _receive(url: str, response: requests.Response, part: _Part, meter: Meter) -> None:
    """Write what a server sends, after what has come before or in its place."""
    _refuse_web_page(url, response)
    if response.status_code != 206:
        part.begin(_Promise(url=url, validator=_validator(response)))
    length = _length(response)
    _check_room(part.path.parent, length)
    meter.reset()
    meter.total = part.size + length if length else 0
    meter.update(part.size)
    with part.path.open("ab") as file:
        for chunk in response.iter_content(CHUNK_BYTES):
            if not file.tell():
                _refuse_html(url, chunk)
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
    return 0 if packed else int(response.headers.get("Content-Length") or 0)


def _check_room(folder: Path, length: int) -> None:
    free = shutil.disk_usage(folder).free
    if length > free:
        raise DownloadError(
            f"{length / MIB:,.0f} MiB are still to come, and the disk of {folder} has {free / MIB:,.0f} MiB "
            "left: make room"
        )


def _refuse_web_page(url: str, response: requests.Response) -> None:
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in ("text/html", "application/xhtml+xml"):
        raise _web_page(url)


def _refuse_html(url: str, beginning: bytes) -> None:
    start = beginning[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        raise _web_page(url)


def _web_page(url: str) -> WrongFileError:
    return WrongFileError(
        f"{url} delivered an HTML page instead of the file: the publisher may want people to log in, or has "
        "moved it; look at the address in a browser"
    )


@contextmanager
def _plain_words(url: str) -> Iterator[None]:
    import requests

    try:
        yield
    except requests.RequestException as error:
        raise DownloadError(_what_happened(url, error)) from error
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        why = "the disk is full" if full else error.strerror or str(error)
        raise DownloadError(f"{url} cannot be written to {error.filename or 'the disk'}: {why}") from error


def _what_happened(url: str, error: Exception) -> str:
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"{url} was answered with {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.ConnectTimeout):
        return f"{url} did not answer within {CONNECT_SECONDS:g} s"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return f"{url}: the connection was cut before the file was complete"
    # requests reports silence in the middle of a file as a connection error
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return f"{url} sent nothing for {SILENCE_SECONDS:g} s"
    if isinstance(error, requests.exceptions.SSLError):
        return f"{url}: its certificate cannot be trusted ({_root_cause(error)})"
    if isinstance(error, requests.ConnectionError):
        return f"{url} cannot be reached ({_root_cause(error)})"
    return f"{url} could not be fetched ({type(error).__name__}: {error})"


def _root_cause(error: BaseException) -> str:
    """Give the system's own words for a failed connection, if there are any."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return str(error)
