"""A zarr folder as zarr reads it, but nothing outside it, no links in circles, no chunks that are bombs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import zarr
from zarr.storage import LocalStore

from ...contracts.errors import DataError
from ...files.limits import check_claim, told
from ...files.printable import printable
from ...files.regular import check_regular, check_within, shown
from .found import values_bytes
from .zarr_codecs import bounded

if TYPE_CHECKING:
    from zarr.abc.store import ByteRequest
    from zarr.core.buffer import Buffer, BufferPrototype

_METADATA: Final = (".zarray", ".zgroup", ".zattrs", ".zmetadata", "zarr.json")
_MOST_METADATA: Final = 64 << 20


class GuardedStore(LocalStore):  # type: ignore[misc]
    """Refuses what `LocalStore` would follow wherever it leads.

    Args:
        root: The folder.
        read_only: Must be true; there for `LocalStore`.
    """

    def __init__(self, root: Path | str, *, read_only: bool = True) -> None:
        super().__init__(root, read_only=read_only)
        self._real_root = Path(os.path.realpath(self.root))

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
        return await super().get(key, prototype, byte_range)

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
        return super().get_sync(key, prototype=prototype, byte_range=byte_range)

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
        expected = values_bytes(path, node.shards or node.chunks, node.dtype)
        return bounded(node, expected, f"{shown(path)}:{printable(name)}" if name else shown(path))
    return node
