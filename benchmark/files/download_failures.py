"""What can go wrong with a download, in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..contracts.errors import DownloadError, WrongFileError
from .disk import what_failed

if TYPE_CHECKING:
    import requests


def refuse_web_page(url: str, response: requests.Response) -> None:
    """Refuse what a server calls a web page.

    Raises:
        WrongFileError: It is one.
    """
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in ("text/html", "application/xhtml+xml"):
        raise _web_page(url)


def refuse_html(url: str, beginning: bytes) -> None:
    """Refuse what begins as a web page does, whatever it is called.

    Raises:
        WrongFileError: It is one.
    """
    start = beginning[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        raise _web_page(url)


def _web_page(url: str) -> WrongFileError:
    return WrongFileError(
        f"{url} delivered an HTML page instead of the file: the publisher may want people to log in, or has "
        "moved it; look at the address in a browser"
    )


@contextmanager
def plain_words(url: str, timeouts: tuple[float, float]) -> Iterator[None]:
    """Say in plain words what goes wrong.

    Args:
        url: What is fetched.
        timeouts: Seconds for a server to answer, and to send nothing.

    Raises:
        DownloadError: The server or the disk failed.
    """
    import requests

    try:
        yield
    except requests.RequestException as error:
        raise DownloadError(_what_happened(url, error, timeouts)) from error
    except OSError as error:
        where = error.filename or "the disk"
        raise DownloadError(f"{url} cannot be written to {where}: {what_failed(error)}") from error


def _what_happened(url: str, error: Exception, timeouts: tuple[float, float]) -> str:
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"{url} was answered with {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.ConnectTimeout):
        return f"{url} did not answer within {timeouts[0]:g} s"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return f"{url}: the connection was cut before the file was complete"
    # requests reports silence in the middle of a file as a connection error
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return f"{url} sent nothing for {timeouts[1]:g} s"
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
