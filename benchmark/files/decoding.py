"""What a library raises on a file's content becomes a sentence that names file and library."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final

from ..errors import DataError, EmsegError
from .printable import printable
from .regular import shown

LIBRARIES: Final = frozenset(
    {
        "PIL",
        "SimpleITK",
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
