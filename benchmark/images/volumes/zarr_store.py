"""A zarr folder as zarr reads it, but nothing outside it, no links in circles, no chunks that are bombs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import zarr
from zarr.storage import LocalStore

from ...contracts.errors import DataError
from ...files.inflate import check_inflated
from ...files.limits import check_claim, limit_bytes, told
from ...files.printable import printable
from ...files.regular import check_regular, check_within, shown
from .found import values_bytes

if TYPE_CHECKING:
    from zarr.abc.store import ByteRequest
    from zarr.core.buffer import Buffer, BufferPrototype

_METADATA: Final = (".zarray", ".zgroup", ".zattrs", ".zmetadata", "zarr.json")
_MOST_METADATA: Final = 64 << 20
_SIZE_AT: Final = {"blosc": 4, "lz4": 0}
"""Where a chunk says how much it unpacks to, by compressor: four bytes, the lowest first."""


class GuardedStore(LocalStore):  # type: ignore[misc]
    """Refuses what `LocalStore` would follow wherever it leads.

    Args:
        root: The folder.
        read_only: Must be true; there for `LocalStore`.
    """

    def __init__(self, root: Path | str, *, read_only: bool = True) -> None:
        super().__init__(root, read_only=read_only)
        self._real_root = Path(os.path.realpath(self.root))
        self.expected = 0
        """Bytes of a whole chunk; 0: of no array yet."""
        self.compressor = ""

    async def get(
        self,
        key: str,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        """Return a file's content, or a part of it; None: there is none.

        Raises:
            DataError: It lies outside the folder, is no regular file, or is too large.
        """
        self._check(key)
        found = await super().get(key, prototype, byte_range)
        if found is not None and byte_range is None and not key.endswith(_METADATA):
            self._check_chunk(key, found)
        return found

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        """Return parts of files, as `get` does."""
        wanted = list(key_ranges)
        for key, _ in wanted:
            self._check(key)
        found: list[Buffer | None] = await super().get_partial_values(prototype, wanted)
        return found

    def get_sync(
        self,
        key: str,
        *,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        """Return a file's content, as `get` does."""
        self._check(key)
        found = super().get_sync(key, prototype=prototype, byte_range=byte_range)
        if found is not None and byte_range is None and not key.endswith(_METADATA):
            self._check_chunk(key, found)
        return found

    def _check(self, key: str) -> None:
        path = self.root / key
        if not os.path.lexists(path):
            return
        real = check_within(self.root, Path(key), path)
        folder, plain = real.parent, self._real_root / Path(key).parent
        if folder != plain and plain.is_relative_to(folder):
            raise DataError(f"{shown(path)} leads back to {shown(folder)}: a link stands in its own folder.")
        if path.is_dir():
            return
        size = check_regular(path).st_size
        if key.endswith(_METADATA) and size > _MOST_METADATA:
            raise DataError(f"{shown(path)} has {told(size)}; metadata have at most {told(_MOST_METADATA)}.")
        check_claim(size, shown(path), "a chunk")

    def _check_chunk(self, key: str, found: Buffer) -> None:
        """Refuse a chunk that unpacks to far more than the array's chunks have."""
        if not self.expected or not self.compressor:
            return
        path = shown(self.root / key)
        place = _SIZE_AT.get(self.compressor)
        if self.compressor in ("gzip", "zlib"):
            check_inflated(found.to_bytes(), self.expected, path, "a chunk")
        elif place is not None and len(found) >= place + 4:
            announced = int.from_bytes(found.to_bytes()[place : place + 4], "little")
            self._refuse(announced, path)
        elif self.compressor == "zstd":
            self._refuse(_zstd_size(found.to_bytes()[:18]), path)

    def _refuse(self, announced: int, path: str) -> None:
        if announced > max(self.expected, limit_bytes() // 2):
            raise DataError(
                f"{path} is a chunk that says that it unpacks to {told(announced)}, and the chunks of this "
                f"array have {told(self.expected)}; it is damaged or made to fill the memory."
            )


def open_node(path: Path, name: str) -> zarr.Array[Any] | zarr.Group:
    """Open an array or group of a zarr folder.

    Args:
        path: The folder.
        name: Within it; empty: the folder's own.

    Raises:
        DataError: That leads out of the folder.
        Exception: What zarr raises for a folder that is damaged or lacks it.
    """
    if ".." in name.split("/"):
        raise DataError(f"{shown(path)}:{printable(name)} leads out of the folder; name that place itself.")
    store = GuardedStore(path)
    node = zarr.open(store=store, path=name.strip("/"), mode="r")
    if isinstance(node, zarr.Array):
        store.expected = values_bytes(path, node.shards or node.chunks, node.dtype)
        store.compressor = _compressor(node.metadata)
    return node


def _compressor(metadata: Any) -> str:
    """Return what packs the chunks of an array, of either format; empty: nothing that is looked at."""
    if metadata.zarr_format == 2:
        return str(getattr(metadata.compressor, "codec_id", ""))
    names = [str(codec.to_dict().get("name", "")) for codec in metadata.codecs]
    known = [name for name in names if name in ("gzip", "zlib", "zstd", *_SIZE_AT)]
    return known[-1] if known else ""


def _zstd_size(start: bytes) -> int:
    """Return what a frame of zstd says that it unpacks to; 0: it does not say."""
    if len(start) < 6 or start[:4] != b"\x28\xb5\x2f\xfd":
        return 0
    kind, single = start[4] >> 6, start[4] >> 5 & 1
    length = (1 if single else 0, 2, 4, 8)[kind]
    place = 5 + (not single) + (0, 1, 2, 4)[start[4] & 3]
    size = int.from_bytes(start[place : place + length], "little")
    return size + 256 if length == 2 else size
