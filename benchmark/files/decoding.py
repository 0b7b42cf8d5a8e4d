"""What a library raises on a file's content becomes a sentence that names file and library."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final

from ..contracts.errors import DataError, EmsegError
from .printable import printable
from .regular import last_opened, shown

LIBRARIES: Final = frozenset(
    {
        "PIL",
        "SimpleITK",
        "bz2",
        "gzip",
        "h5py",
        "imagecodecs",
        "imageio",
        "json",
        "lzma",
        "mrcfile",
        "numcodecs",
        "pyarrow",
        "safetensors",
        "tarfile",
        "tifffile",
        "yaml",
        "zarr",
        "zipfile",
        "zlib",
    }
)
"""Top-level modules that decode what comes from outside."""


@contextmanager
def decoding(path: Path | str, library: str, error: type[EmsegError] = DataError) -> Iterator[None]:
    """Turn whatever `library` raises on the content of a file into an error for people.

    Nothing but calls of the library may stand within: our own faults keep their tracebacks elsewhere.

    Raises:
        EmsegError: The file cannot be read; of the type `error`.  What is one already stays as it is.
    """
    try:
        yield
    except (EmsegError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as failure:  # extension modules raise what they like; pyo3 even panics
        if not isinstance(failure, Exception) and type(failure).__name__ != "PanicException":
            raise
        raise error(cannot_be_read(path, library, failure)) from failure


@contextmanager
def reading(path: Path | str, error: type[EmsegError] = DataError) -> Iterator[None]:
    """Read a file with our own code and with libraries, of which the latter may raise what they like.

    Unlike within `decoding`, code of ours may stand within, and its faults keep their tracebacks.

    Raises:
        EmsegError: A library could not read the file, or memory ran out; of the type `error`.  What is one
            already stays as it is.
    """
    try:
        yield
    except EmsegError:
        raise
    except BaseException as failure:
        sentence = explained(failure, path)
        if sentence is None:
            raise
        raise error(sentence) from failure


def explained(failure: BaseException, path: Path | str | None = None) -> str | None:
    """Say what a library made of a file's content; None: it was no library's doing.

    Args:
        failure: What was raised, with its traceback.
        path: The file; None: the one that was opened last, and the sentence says so.
    """
    if isinstance(failure, KeyboardInterrupt | SystemExit | GeneratorExit):
        return None
    library = library_of(failure.__traceback__)
    if isinstance(failure, MemoryError):
        library = library or "Python"
    if library is None:
        return None
    if path is not None:
        return _sentence(path, library, failure)
    last = last_opened()
    return _sentence(last, library, failure, " It was the last file that was opened.") if last else None


def _sentence(path: Path | str, library: str, failure: BaseException, remark: str = "") -> str:
    if isinstance(failure, MemoryError):
        said = printable(" ".join(str(failure).split()))[:200]
        return (
            f"{shown(path)} cannot be read: {library} needs more memory than there is"
            f"{f' ({said})' if said else ''}. It announces more than it holds, or this machine is too small "
            f"for it.{remark}"
        )
    return cannot_be_read(path, library, failure) + remark


def cannot_be_read(path: Path | str, library: str, failure: BaseException) -> str:
    """Write the sentence: which file, which library, and the start of what it said."""
    said = printable(" ".join(str(failure).split())) or type(failure).__name__
    return (
        f"{shown(path)} cannot be read: {library} said {said[:300]!r}. It is cut short, damaged or in "
        "another format than its name says; save or copy it again."
    )


def library_of(raised: TracebackType | None) -> str | None:
    """Return the decoder library whose code raised, by the innermost frames; None: it was ours.

    Frames of the standard library and of extension modules' callers count as those of the library that
    called them.
    """
    for frame, _ in reversed(list(traceback.walk_tb(raised))):
        name = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if name in LIBRARIES:
            return name
        if name not in sys.stdlib_module_names and name != "numpy":
            return None
    return None
