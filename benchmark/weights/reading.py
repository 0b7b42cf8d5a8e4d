"""Reading weight files of unknown origin.

Nothing here runs code from a file: PyTorch files are read with ``weights_only=True``, NumPy archives
without pickles, and all others must be safetensors.  Importing this module does not import torch.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Collection, Mapping
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..contracts.errors import WeightsError
from ..files.decoding import reading
from ..files.limits import check_claim, check_free
from ..files.regular import check_holes, check_regular, open_regular, shown
from ..files.texts import parse_json
from .magic import describe_start
from .weight_info import HEADER_LIMIT, read_info

if TYPE_CHECKING:
    from torch import Tensor

Kind = Literal["torch", "numpy", "safetensors"]

START_BYTES = 512
_AGAIN = "copy or fetch it again"
_NAMES_SHOWN = 3


def kind_of(path: Path) -> Kind:
    """Tell by a file's first bytes, and a zip archive's names, how it is to be read.

    Raises:
        WeightsError: It is none of the three kinds; the message says what it is.
    """
    start = _start(path)
    if start[8:9] == b"{":  # after eight bytes of length; told first, for those may look like a pickle
        return "safetensors"
    if start.startswith(b"PK"):
        return _kind_of_zip(path)
    if start.startswith(b"\x80"):
        return "torch"
    raise WeightsError(
        f"{path} is {describe_start(start)}: neither a PyTorch weight file, a whole safetensors file nor a "
        f"NumPy archive; if it should be one, {_AGAIN}"
    )


def read_content(path: Path) -> object:
    """Read what a file holds: tensors, arrays, or whatever else a PyTorch file may hold without code.

    A file of ours that holds only what training changed is completed by what that training started from.

    Raises:
        WeightsError: It is damaged, would run code when loaded, or is something else altogether; or what
            completes it is not here.
    """
    readers: Mapping[Kind, Callable[[Path], object]] = {
        "torch": _read_torch,
        "numpy": _read_numpy,
        "safetensors": _read_safetensors,
    }
    with reading(path, WeightsError):
        kind = kind_of(path)
        unpacked = weigh(path, kind)
        content = readers[kind](path)
        _check_repeats(content, path, unpacked)
    return _whole(content, path) if kind == "safetensors" else content


def _whole(content: Any, path: Path) -> object:
    """Complete what a file holds, if it says that it holds a part."""
    info = read_info(path)
    if info is None or info.start is None:
        return content
    from .differences import completed

    return completed(content, info, info.start, path)


def weigh(path: Path, kind: Kind) -> int:
    """Weigh what a file announces before it is loaded; return how much is read from it, bytes.

    Raises:
        WeightsError: It is out of proportion to the file, or to the memory that there is.
    """
    if kind == "safetensors":
        _check_header(path)
    size, unpacked = path.stat().st_size, _unpacked_bytes(path, kind)
    check = check_free if unpacked <= size else check_claim  # what is no larger than its file is there
    check(unpacked, shown(path), "weights", WeightsError)
    if kind == "torch":
        _check_pickle(path)
    return unpacked


def _check_pickle(path: Path) -> None:
    """Refuse room of any size, which is all that a pickle without code can ask for."""
    with open_regular(path, WeightsError) as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        if content.find(b"bytearray") >= 0:
            raise WeightsError(
                f"{path} holds a bytearray, which no weights do and which can fill the memory; save the bare "
                "weights with torch.save(model.state_dict(), path)"
            )


def _check_repeats(content: object, path: Path, unpacked: int) -> None:
    """Weigh tensors beyond what is stored: a few bytes can stand for terabytes once they are looked at."""
    pending: list[Any] = [content]
    seen: set[int] = set()
    storages: dict[int, int] = {}
    claimed = 0
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, Mapping):
            pending += one.values()
        elif isinstance(one, list | tuple):
            pending += one
        elif hasattr(one, "untyped_storage") and str(one.layout) == "torch.strided" and not one.is_meta:
            size = one.numel() * one.element_size()
            storage = one.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
            claimed += size if size > storage.nbytes() else 0
    check_claim(claimed, shown(path), "tensors that repeat a few values,", WeightsError)
    beyond = sum(storages.values()) - unpacked
    check_claim(max(0, beyond), shown(path), "tensors that are not stored in it,", WeightsError)


def _check_header(path: Path) -> None:
    """Refuse a header that nests or announces more than any has, before the parser meets it."""
    with open_regular(path, WeightsError) as file:
        length, size = int.from_bytes(file.read(8), "little"), path.stat().st_size
        if length > min(HEADER_LIMIT, size - 8):
            raise WeightsError(
                f"{path} is not a whole safetensors file: its header should have {length:,} bytes, and the "
                f"file has {size:,}; {_AGAIN}"
            )
        parse_json(file.read(length), f"the header of {path}", WeightsError)


def _unpacked_bytes(path: Path, kind: Kind) -> int:
    """Return how much is read from a file, with what zip archives announce of their entries."""
    size = path.stat().st_size
    if kind == "safetensors" or not zipfile.is_zipfile(path):
        return size
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    packed = [entry for entry in entries if entry.compress_type != zipfile.ZIP_STORED]
    if kind == "torch" and packed:
        raise WeightsError(
            f"{path} is a zip archive with compressed entries ({packed[0].filename}), and PyTorch compresses "
            "none; save it anew with torch.save."
        )
    return max(size, sum(entry.file_size for entry in entries))


def check_finite(state: Mapping[str, Tensor], path: Path) -> None:
    """Refuse weights that no training can go on from.

    Raises:
        WeightsError: A tensor holds NaN or infinity.
    """
    broken = [name for name, tensor in state.items() if not tensor.isfinite().all()]
    if broken:
        raise WeightsError(
            f"{path} holds NaN or infinite values in {shorten(broken)}; the training it came from diverged, "
            "or the file is damaged"
        )


def describe_content(content: object) -> str:
    """Say in a few words what `read_content` found."""
    if not isinstance(content, Mapping):
        return f"a {type(content).__name__}"
    if not content:
        return "nothing"
    what = "tensors" if all(hasattr(value, "shape") for value in content.values()) else "entries"
    return f"{what} named {shorten([str(name) for name in content])}"


def shorten(names: Collection[str]) -> str:
    """Write the first few of `names`, and how many there are if that is not all."""
    shown = ", ".join(sorted(names)[:_NAMES_SHOWN])
    return shown if len(names) <= _NAMES_SHOWN else f"{shown}, ... ({len(names)} in all)"


def _start(path: Path) -> bytes:
    try:
        state = check_regular(path, WeightsError)
        check_holes(path, state, WeightsError)
        with open_regular(path, WeightsError) as file:
            start = file.read(START_BYTES)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}") from error
    if not start:
        raise WeightsError(f"{path} is empty, expected a weight file; {_AGAIN}")
    return start


def _kind_of_zip(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise WeightsError(f"{path} is a damaged or cut zip archive ({error}); {_AGAIN}") from error
    if names and all(name.endswith(".npy") for name in names):
        return "numpy"
    if any(name.endswith("data.pkl") for name in names):
        return "torch"
    raise WeightsError(
        f"{path} is a zip archive that is neither a PyTorch weight file nor a NumPy archive: it holds "
        f"{shorten(names) or 'nothing'}; unpack it if the weights lie inside"
    )


def _read_safetensors(path: Path) -> object:
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except Exception as error:  # whatever a damaged file makes the parser stumble over
        raise WeightsError(f"{path} is not a whole safetensors file ({error}); {_AGAIN}") from error


def _read_torch(path: Path) -> object:
    import warnings
    from pickle import UnpicklingError

    import torch

    try:
        with warnings.catch_warnings(action="ignore"):  # about unusual pickles, which load or raise anyway
            return torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise WeightsError(
            f"{path} is a pickle with Python objects other than tensors, which could run code when loaded, "
            "or is no weight file; it was not loaded. Save the bare weights with "
            "torch.save(model.state_dict(), path) where you trust the file"
        ) from error
    except Exception as error:  # whatever a damaged file makes the parser stumble over
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise WeightsError(f"{path} is damaged or not a PyTorch weight file ({reason}); {_AGAIN}") from error


def _read_numpy(path: Path) -> dict[str, Any]:
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except Exception as error:  # whatever a damaged file makes the parser stumble over
        raise WeightsError(
            f"{path} is a damaged NumPy archive, or holds Python objects, which could run code when loaded "
            f"({error}); {_AGAIN}"
        ) from error
