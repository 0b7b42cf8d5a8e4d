"""Fetching one file over HTTP: to a temporary name, checked, then moved; every failure in plain words."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ..errors import UsageError, WeightsError, WeightsUnavailableError

CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 30.0
"""How long a server may send nothing before it counts as gone."""
CHUNK_BYTES = 1 << 20


class Meter(Protocol):
    """Shows how far a download is; pooch sets `total` and calls the rest."""

    total: int
    """Bytes; 0 if the server does not say."""

    def update(self, size: int) -> None:
        """Take note of `size` more bytes."""

    def reset(self) -> None:
        """Begin anew at nothing."""

    def close(self) -> None:
        """Take note that the download is over."""


def download(url: str, target: Path, sha256: str | None, meter: Meter) -> None:
    """Fetch a file.

    Args:
        url: Its address, http or https.
        target: Where it goes; nothing is there unless it came whole.
        sha256: What it must hash to; None: anything.
        meter: Shows how far it is.

    Raises:
        UsageError: The address is none.
        WeightsUnavailableError: The server cannot be reached, does not have the file, or broke off.
        WeightsError: What came has another checksum.
    """
    import pooch
    import requests

    if not url.startswith(("http://", "https://")):
        raise UsageError(
            f"got {url!r} as an address, expected http://... or https://...; a file on this machine is "
            "taken in with 'emseg-bench weights import FILE'."
        )
    responses: list[requests.Response] = []
    downloader = pooch.HTTPDownloader(
        progressbar=meter,
        chunk_size=CHUNK_BYTES,
        timeout=(CONNECT_SECONDS, SILENCE_SECONDS),
        hooks={"response": lambda response, **_: responses.append(response)},
    )
    try:
        pooch.core.stream_download(url, target, sha256 and f"sha256:{sha256}", downloader)
    except requests.RequestException as error:
        raise WeightsUnavailableError(f"{_what_happened(url, error)}. {_INSTEAD}") from error
    except ValueError as error:
        raise WeightsError(f"{url} delivered another file than expected: {error}") from error
    finally:
        for response in responses:  # pooch leaves a broken one open
            response.close()


_INSTEAD = (
    "Try again, name a mirror with --url, or bring the file from a machine that has it and run "
    "'emseg-bench weights import FILE'"
)


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
