"""Why a trial failed, in words for people."""

from __future__ import annotations

from pathlib import Path

from ..contracts.errors import EmsegError
from ..files.decoding import explained
from ..files.disk import disk_told
from ..plugins.strangers import describe_error


def reason_of(error: BaseException, log: Path) -> str:
    """Say for people why a trial failed, whose log is there."""
    if isinstance(error, EmsegError):
        return str(error)
    if type(error).__name__ == "OutOfMemoryError":  # torch's, which may not be importable here
        return f"out of GPU memory ({error}); lower --set recipe.batch_size=... or recipe.crop=..."
    if "libGL" in str(error):
        return f"OpenCV, which mmengine needs, lacks a system library ({error}); install it (Debian: libgl1)"
    if sentence := disk_told(error):
        return sentence
    if sentence := explained(error):
        return f"{sentence} The traceback is in {log}"
    return f"{describe_error(error)}; the traceback is in {log}"
