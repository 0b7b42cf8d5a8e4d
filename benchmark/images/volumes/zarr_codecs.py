"""What packs the chunks of a zarr array, bounded: nothing unpacks to far more than a chunk has."""

from __future__ import annotations

import lzma
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numcodecs.abc import Codec
from zarr.abc.codec import BytesBytesCodec

from ...contracts.errors import DataError
from ...files.packed import check_packed
from ...files.printable import brief

if TYPE_CHECKING:
    import zarr
    from zarr.core.array_spec import ArraySpec
    from zarr.core.buffer import Buffer

_PACKERS: Final = frozenset({"gzip", "zlib", "zstd", "blosc", "lz4", "bz2", "lzma"})
_SAME_SIZE: Final = frozenset(
    {
        *("bytes", "transpose", "crc32c", "crc32", "adler32", "fletcher32", "jenkins_lookup3", "shuffle"),
        *("delta", "bitround", "quantize", "fixedscaleoffset", "astype", "packbits"),
    }
)
"""What makes no more of a value than eight bytes, whatever it is given."""
_SHARDS: Final = "sharding_indexed"
_TYPES: Final = ("dtype", "astype", "encode_dtype", "decode_dtype")
"""Settings of codecs that say what they make of values."""


def bounded(array: zarr.Array[Any], expected: int, source: str) -> zarr.Array[Any]:
    """Return an array whose chunks are weighed before they are unpacked, those within shards too.

    Args:
        array: As zarr opened it.
        expected: What a chunk, or a shard, has once it is unpacked, bytes.
        source: The array, for messages.

    Raises:
        DataError: It is packed by something of which nobody knows how far it goes.
    """
    import zarr

    told = array.metadata
    if told.zarr_format == 2:
        filters = tuple(_plain_codec(one, expected, source) for one in told.filters or ())
        packer = _plain_codec(told.compressor, expected, source) if told.compressor else None
        told = replace(told, filters=filters or None, compressor=packer)
    else:
        told = replace(told, codecs=tuple(_codec(one, expected, source) for one in told.codecs))
    return zarr.Array(zarr.AsyncArray(told, array.store_path))


def _codec(codec: Any, expected: int, source: str) -> Any:
    """Bound a codec of format 3, with what lies within it."""
    name = _name(codec)
    if name == _SHARDS:
        inner = tuple(_codec(one, expected, source) for one in codec.codecs)
        for one in codec.index_codecs:
            _check_known(_name(one), {}, source)
        return replace(codec, codecs=inner) if inner != codec.codecs else codec
    _check_known(name, codec.to_dict().get("configuration") or {}, source)
    return _Bounded(codec, name, expected, source) if name in _PACKERS else codec


def _name(codec: Any) -> str:
    return str(codec.to_dict().get("name", "")).removeprefix("numcodecs.")


def _plain_codec(codec: Any, expected: int, source: str) -> Any:
    """Bound a codec of format 2, which is numcodecs' own."""
    name = str(codec.codec_id)
    _check_known(name, codec.get_config(), source)
    return _BoundedPlain(codec, expected, source) if name in _PACKERS else codec


def _check_known(name: str, settings: Any, source: str) -> None:
    types = [settings[key] for key in _TYPES if key in settings]
    if any(np.dtype(one).kind not in "biufc" for one in types):
        raise DataError(f"{source} is packed by {name} with values that are no numbers: {brief(types)}.")
    raw = name == "lzma" and settings.get("format", lzma.FORMAT_XZ) == lzma.FORMAT_RAW
    if raw or name not in _PACKERS | _SAME_SIZE:
        raise DataError(
            f"{source} is packed by {'lzma without a header' if raw else brief(name, 60)!r}, of which nobody "
            "knows how far it unpacks; save it with zstd, blosc or gzip, or without compression."
        )


@dataclass(frozen=True)
class _Bounded(BytesBytesCodec):  # type: ignore[misc]
    """Weighs what another codec of format 3 is about to unpack."""

    codec: Any
    packer: str
    expected: int
    source: str
    is_fixed_size = False

    def evolve_from_array_spec(self, array_spec: ArraySpec) -> _Bounded:
        return replace(self, codec=self.codec.evolve_from_array_spec(array_spec))

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        return int(self.codec.compute_encoded_size(input_byte_length, chunk_spec))

    def to_dict(self) -> dict[str, Any]:
        described: dict[str, Any] = self.codec.to_dict()
        return described

    async def _decode_single(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> Buffer:
        check_packed(self.packer, chunk_bytes.to_bytes(), self.expected, self.source, "a chunk")
        (plain,) = await self.codec.decode([(chunk_bytes, chunk_spec)])
        return plain


class _BoundedPlain(Codec):  # type: ignore[misc]
    """Weighs what another codec of format 2 is about to unpack."""

    codec_id = "bounded"
    """Every object has that of the codec within."""

    def __init__(self, codec: Codec, expected: int, source: str) -> None:
        self.codec_id = codec.codec_id
        self._codec, self._expected, self._source = codec, expected, source

    def decode(self, buf: Any, out: Any = None) -> Any:
        check_packed(str(self.codec_id), bytes(memoryview(buf)), self._expected, self._source, "a chunk")
        return self._codec.decode(buf, out)

    def encode(self, buf: Any) -> Any:
        return self._codec.encode(buf)
