"""The formats, and what must be installed for them; without any of it, so that asking costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal, TypeAlias

from packaging.version import Version

from ..benchmark.contracts.cards import ModelCard
from ..benchmark.contracts.errors import UsageError
from ..benchmark.files.regular import shown

Format: TypeAlias = Literal["onnx", "torch-export", "bioimage.io"]

_INSTALL: Final = "pip install 'emseg-bench[export]'"
_TOO_NEW: Final = Version("2.14")
"""Of pydantic, whose serializers take no more what bioimageio.spec hands them."""
_ONNX: Final = ("onnx", "onnxscript", "onnxruntime")
NEEDS: Final[Mapping[Format, tuple[str, ...]]] = {
    "onnx": _ONNX,
    "torch-export": (),
    "bioimage.io": (*_ONNX, "bioimageio.spec", "bioimageio.core"),
}


def check_installed(kind: Format) -> None:
    """Refuse a format that lacks libraries.

    Raises:
        UsageError: Names the first that is not installed, or too new.
    """
    for module in NEEDS[kind]:
        if not _is_there(module):
            raise UsageError(f"--format {kind} needs {module}, which is not installed: {_INSTALL}.")
    found = version("pydantic")
    if kind == "bioimage.io" and Version(found) >= _TOO_NEW:
        raise UsageError(
            f"--format {kind} needs a pydantic before {_TOO_NEW}, with which bioimageio.core fails, and "
            f"{found} is installed: {_INSTALL}."
        )


def check_exportable(card: ModelCard, kind: Format) -> None:
    """Refuse a format that a model's card rules out; a package holds an ONNX file.

    Raises:
        UsageError: Says why, as the card does.
    """
    for asked in _made_for(kind):
        if reason := card.not_exportable.get(asked):
            others = [one for one in NEEDS if not card.not_exportable.keys() & {*_made_for(one)}]
            remedy = f"take --format {others[0]}" if others else "segment with it by emseg-bench predict"
            raise UsageError(f"{card.name} cannot be exported as {asked}: {reason}; {remedy}.")


def _made_for(kind: Format) -> tuple[Format, ...]:
    return ("bioimage.io", "onnx") if kind == "bioimage.io" else (kind,)


def check_place(out: Path) -> None:
    """Refuse a folder that holds something already.

    Raises:
        UsageError: It does, or is a file.
    """
    if out.is_symlink() or (out.exists() and not (out.is_dir() and not any(out.iterdir()))):
        raise UsageError(f"{shown(out)} is there already, and not empty; name another folder with --out.")


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of the package that it is in
        return False
