"""Parquet tables, looked at before memory is taken: footer, pages, and texts that stand for many."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from ..contracts.errors import DataError, EmsegError
from .decoding import decoding
from .limits import check_claim
from .regular import check_holes, check_regular, open_regular, shown
from .thrift import read_fields

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import FileMetaData, ParquetFile

CELL_BYTES: Final = 16
"""What one takes at least in memory, however small it is when packed."""
_HARMLESS: Final = 64 << 20
_MOST_HEADER: Final = 1 << 16
"""Bytes of a page's header; statistics of long texts stand in it."""
_UNPACKED, _PACKED = 2, 3
"""Fields of a page's header: what its content takes before and after packing, bytes."""


def read_parquet(
    path: Path, columns: Callable[[ParquetFile], Sequence[str]], error: type[EmsegError] = DataError
) -> pa.Table:
    """Read columns of a table, once its footer and the headers of its pages say that it fits into memory.

    Args:
        path: The file.
        columns: Chooses columns, given the file with its schema; may raise what it likes.
        error: What is raised.

    Raises:
        EmsegError: It is none, or would take too much memory; of the type `error`.
    """
    from pyarrow.parquet import ParquetFile

    check_holes(path, check_regular(path, error), error)
    with decoding(path, "pyarrow", error):
        file = ParquetFile(path)
    with file:
        check_claim(_claim(file.metadata), shown(path), "a table", error)
        with open_regular(path, error) as raw, decoding(path, "pyarrow", error):
            pages = _pages(file.metadata, raw)
        check_claim(pages, shown(path), "pages", error)
        names = columns(file)
        if pages * file.metadata.num_rows > _HARMLESS:  # or no text in it could fill the memory
            return _read_texts(path, file, names, error)
        with decoding(path, "pyarrow", error):
            return file.read(columns=list(names), use_threads=False)


def _read_texts(path: Path, file: ParquetFile, names: Sequence[str], error: type[EmsegError]) -> pa.Table:
    """Read columns; texts by their different values, of which a long one may stand in every row."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow.parquet import ParquetFile

    plain = {name: file.schema_arrow.field(name).type for name in names}
    texts = [name for name, held in plain.items() if held in (pa.string(), pa.large_string())]
    with decoding(path, "pyarrow", error), ParquetFile(path, read_dictionary=texts) as by_value:
        table = by_value.read(columns=list(names), use_threads=False)
    claimed = 0
    for name in texts:
        for chunk in table.column(name).chunks:
            longest = pc.max(pc.binary_length(chunk.dictionary)).as_py() if len(chunk.dictionary) else 0
            claimed += len(chunk) * int(longest or 0)
    check_claim(claimed, shown(path), "texts", error)
    with decoding(path, "pyarrow", error):
        return table.cast(
            pa.schema([table.schema.field(name).with_type(plain[name]) for name in table.schema.names])
        )


def _claim(told: FileMetaData) -> int:
    """Say how much memory a table takes, by its own word: packed, millions of rows are a few bytes."""
    groups = [told.row_group(i) for i in range(told.num_row_groups)]
    rows = max(int(told.num_rows), sum(max(0, int(group.num_rows)) for group in groups))
    cells = rows * max(1, int(told.num_columns))
    return max(cells * CELL_BYTES, sum(max(0, int(group.total_byte_size)) for group in groups))


def _pages(told: FileMetaData, raw: BinaryIO) -> int:
    """Say how much memory all pages take, by the word of their own headers."""
    found = 0
    for group in range(told.num_row_groups):
        for number in range(told.num_columns):
            found += _pages_of(told.row_group(group).column(number), raw)
    return found


def _pages_of(column: Any, raw: BinaryIO) -> int:
    starts = (column.dictionary_page_offset, column.data_page_offset)
    place = min(start for start in starts if start)  # 0: there is none
    end, found = place + column.total_compressed_size, 0
    while place < end:
        raw.seek(place)
        header = io.BytesIO(raw.read(_MOST_HEADER))
        fields = read_fields(header)
        found += max(0, fields.get(_UNPACKED, 0))
        place += header.tell() + max(0, fields.get(_PACKED, 0))
    return found
