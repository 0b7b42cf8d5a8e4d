"""Parquet tables, looked at before memory is taken: footer, pages, and texts that stand for many."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from ..contracts.errors import DataError, EmsegError
from .decoding import decoding
from .limits import check_claim
from .regular import check_holes, check_regular, open_regular, shown
from .thrift import Structure, read_structure

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
_MOST_FOOTER: Final = 4 << 20
"""Bytes; that of a hundred million rows takes a few hundred thousand."""
_GROUPS, _COLUMNS, _CONTENT = 4, 1, 3
"""Fields of a footer, of its groups of rows and of their columns: where the next of these stand."""
_SIZE, _FIRST_PAGE, _DICTIONARY = 7, 9, 11
"""Fields of a column's content: packed bytes, and where in the file its pages begin."""


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
            pages = _pages(raw)
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


def _pages(raw: BinaryIO) -> int:
    """Say how much memory all pages take, by the word of their own headers.

    The footer is read here, since pyarrow ends the process where it doubts what a column says of itself.
    """
    raw.seek(-8, io.SEEK_END)
    size = int.from_bytes(raw.read(4), "little")
    if size > _MOST_FOOTER:
        raise ValueError(f"its footer takes {size:,} bytes, more than {_MOST_FOOTER:,}")
    raw.seek(-8 - size, io.SEEK_END)
    footer = read_structure(io.BytesIO(raw.read(size)), {_GROUPS: {_COLUMNS: {_CONTENT: {}}}})
    return sum(
        _pages_of(column, raw)
        for group in footer.inner.get(_GROUPS, [])
        for column in group.inner.get(_COLUMNS, [])
    )


def _pages_of(column: Structure, raw: BinaryIO) -> int:
    if _CONTENT not in column.inner:
        raise ValueError("a column does not say where it lies: it may be encrypted")
    content = column.inner[_CONTENT][0].numbers
    starts = (content.get(_DICTIONARY), content.get(_FIRST_PAGE))
    place = min(start for start in starts if start)  # 0: there is none
    end, found = place + content.get(_SIZE, 0), 0
    while place < end:
        raw.seek(place)
        header = io.BytesIO(raw.read(_MOST_HEADER))
        fields = read_structure(header).numbers
        found += max(0, fields.get(_UNPACKED, 0))
        place += header.tell() + max(0, fields.get(_PACKED, 0))
    return found
