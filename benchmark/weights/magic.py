"""What a file is that is no weight file, told by its first bytes, for messages."""

from __future__ import annotations

_SIGNATURES = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"II*\0": "a TIFF image",
    b"MM\0*": "a TIFF image",
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "a gzip file; unpack it first",
    b"BZh": "a bzip2 file; unpack it first",
    b"\xfd7zXZ": "an xz file; unpack it first",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a single NumPy array",
    b"version https://git-lfs": "a Git LFS pointer, not the file itself",
}
_TAR_MARK = (257, b"ustar")


def describe_start(start: bytes) -> str:
    """Name a file by how it begins: ``an HTML page``, ``a PNG image``, ``text``, ``binary data``."""
    for signature, name in _SIGNATURES.items():
        if start.startswith(signature):
            return name
    offset, mark = _TAR_MARK
    if start[offset:].startswith(mark):
        return "a tar archive; unpack it first"
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head")):
        return "an HTML page (a login, an error or a landing page?)"
    if text.startswith(b"<"):
        return "an XML document"
    return "text" if _is_text(start) else "binary data of an unknown kind"


def _is_text(start: bytes) -> bool:
    return all(byte in b"\t\r\n" or byte >= 0x20 for byte in start) and b"\x7f" not in start
